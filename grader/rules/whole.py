"""Everything that a submission is held to before it runs."""

from __future__ import annotations

from grader.assignment import AssignmentConfig
from grader.intake.given import WithGiven
from grader.intake.model import Submission
from grader.rules.check import check
from grader.rules.files import Aliases
from grader.rules.model import Violation
from grader.rules.package import check_package


def check_all(handed_in: Submission, as_run: WithGiven, config: AssignmentConfig) -> tuple[Violation, ...]:
    """The package as it was handed in, and the rules on what is run, but for the course's own files.

    Raises:
        SpecError: a rule that makes no sense.
    """
    package = check_package(handed_in, config.package)
    aliases = _aliases(as_run.submission, config)
    return (*package, *check(as_run.submission, config.rules, aliases=aliases, given=as_run.paths))


def _aliases(submission: Submission, config: AssignmentConfig) -> Aliases:
    """What files are taken for, whatever they are called: as modules, and as the notebooks they were."""
    known: dict[str, list[str]] = {path: [submission.handed_in(path)] for path in submission.places}
    if submission.entry is not None:
        known.setdefault(submission.entry, []).extend(config.code.files)
    for module in config.modules:
        if module.name in submission.modules:
            known.setdefault(submission.modules[module.name], []).extend(module.files)
    return known
