"""Checks all rules of an assignment against one submission."""

from __future__ import annotations

from collections.abc import Iterator

from grader.assignment import Rule
from grader.intake.model import Submission
from grader.rules.calls import forbidden_calls
from grader.rules.definitions import missing_names, wrong_signatures
from grader.rules.imports import forbidden_imports, unlisted_imports
from grader.rules.lookup import Lookup
from grader.rules.model import Finding, Violation
from grader.rules.origins import Vocabulary
from grader.rules.program import Program, load
from grader.rules.reach import Reach
from grader.rules.resolve import Resolver

MAX_VIOLATIONS = 20  # of one rule; more would tell nobody anything


def check(submission: Submission, rules: tuple[Rule, ...]) -> tuple[Violation, ...]:
    """The violations of each rule, in the order of the rules, the files and the lines.

    Raises:
        SpecError: a rule that makes no sense. Nothing in a submission makes it raise.
    """
    if not rules:
        return ()
    program = load(submission)
    names = [name for rule in rules if rule.kind.startswith("forbid") for name in rule.names]
    resolver = Resolver(program, Vocabulary(names))
    reach = Reach(resolver)
    return tuple(violation for rule in rules for violation in _check(rule, resolver, reach))


def _check(rule: Rule, resolver: Resolver, reach: Reach) -> list[Violation]:
    findings = dict.fromkeys(_findings(rule, resolver, reach))
    ordered = sorted(findings, key=lambda finding: (finding.file, finding.line))
    return [_violation(rule, finding, resolver.program) for finding in ordered[:MAX_VIOLATIONS]]


def _findings(rule: Rule, resolver: Resolver, reach: Reach) -> Iterator[Finding]:
    match rule.kind:
        case "forbid-imports":
            yield from forbidden_imports(rule.names, reach.places(rule.scope), resolver)
        case "allow-imports":
            yield from unlisted_imports(rule.names, reach.places(rule.scope), resolver)
        case "forbid-calls":
            yield from forbidden_calls(rule.names, reach.places(rule.scope), resolver)
        case "require-names":
            yield from missing_names(rule.names, Lookup(resolver))
            return
        case "signature":
            yield from wrong_signatures(rule.names, Lookup(resolver))
            return
    for path in resolver.program.unread:  # it may still run, unlike a file with a syntax error
        yield Finding(path, 0, "The file is too long or nested too deeply to be checked. Make it shorter.")


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
