"""Checks all rules of an assignment against one submission."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from grader.assignment import Rule
from grader.intake.model import Submission
from grader.rules.calls import DYNAMIC, forbidden_calls
from grader.rules.definitions import missing_names, wrong_signatures
from grader.rules.files import Aliases, RuleFiles
from grader.rules.imports import forbidden_imports, unlisted_imports
from grader.rules.lookup import Lookup
from grader.rules.model import Finding, Violation
from grader.rules.origins import OPAQUE, Vocabulary
from grader.rules.program import Program, load
from grader.rules.reach import Place, Reach
from grader.rules.resolve import Resolver

MAX_VIOLATIONS = 20  # of one rule; more would tell nobody anything


def check(
    submission: Submission,
    rules: tuple[Rule, ...],
    *,
    aliases: Aliases | None = None,
    given: Collection[str] = (),
) -> tuple[Violation, ...]:
    """The violations of each rule, in the order of the rules, the files and the lines.

    aliases:  path -> what a file is taken for besides: the names that the assignment has for it.
    given:    files of the course's own, which break no rule.

    Raises:
        SpecError: a rule that makes no sense. Nothing in a submission makes it raise.
    """
    if not rules:
        return ()
    program = load(submission)
    resolver = Resolver(program, Vocabulary(_vocabulary(rules)))
    reach = Reach(resolver)
    own = sorted(program.sources - set(given))
    return tuple(
        violation
        for rule in rules
        for violation in _check(rule, resolver, reach, RuleFiles(rule, program, own, aliases or {}))
    )


def _vocabulary(rules: tuple[Rule, ...]) -> list[str]:
    names = [name for rule in rules if rule.kind.startswith("forbid") for name in rule.names]
    return [*names, *OPAQUE] if DYNAMIC in names else names


def _check(rule: Rule, resolver: Resolver, reach: Reach, files: RuleFiles) -> list[Violation]:
    findings = dict.fromkeys(_findings(rule, resolver, reach, files))
    ordered = sorted(findings, key=lambda finding: (finding.file, finding.line))
    return [_violation(rule, finding, resolver.program) for finding in ordered[:MAX_VIOLATIONS]]


def _findings(rule: Rule, resolver: Resolver, reach: Reach, files: RuleFiles) -> Iterator[Finding]:
    if rule.kind in ("require-names", "signature"):
        for path in files.to_define():
            yield from _undefined(rule, path, resolver)
        return
    for finding in _forbidden(rule, reach.places(rule.scope), resolver):
        if finding.file in files.looked_at:
            yield finding
    for path in files.looked_at.intersection(resolver.program.unread):
        # It may still run, unlike a file with a syntax error.
        yield Finding(path, 0, "The file is too long or nested too deeply to be checked. Make it shorter.")


def _undefined(rule: Rule, path: str, resolver: Resolver) -> Iterator[Finding]:
    lookup = Lookup(resolver, path)
    if rule.kind == "signature":
        yield from wrong_signatures(rule.names, lookup)
    else:
        yield from missing_names(rule.names, lookup)


def _forbidden(rule: Rule, places: list[Place], resolver: Resolver) -> Iterator[Finding]:
    if rule.kind == "forbid-imports":
        return forbidden_imports(rule.names, places, resolver)
    if rule.kind == "allow-imports":
        return unlisted_imports(rule.names, places, resolver)
    return forbidden_calls(rule.names, places, resolver)


def _violation(rule: Rule, finding: Finding, program: Program) -> Violation:
    module = program.modules.get(finding.file)
    return Violation(
        rule_id=rule.id,
        file=finding.file,
        line=finding.line,
        text=module.text(finding.line) if module is not None else "",
        message=f"{rule.message} {finding.detail}".strip(),
        points=rule.points,
        zero_parts=rule.zero_parts,
    )
