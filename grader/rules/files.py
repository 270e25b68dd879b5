"""Which files a rule is about: `files` in the table [[rules]]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.assignment import Rule
from grader.intake.layout import fits_anywhere
from grader.rules.program import Program

Aliases = Mapping[str, Sequence[str]]  # path -> names that the assignment has for that file


class RuleFiles:
    """The files of one rule. `own`: the student's, sorted; the course's are in `program` too.

    looked_at:  where it may be broken.
    """

    def __init__(self, rule: Rule, program: Program, own: Sequence[str], aliases: Aliases) -> None:
        self._rule = rule
        self._program = program
        self._own = frozenset(own)
        self._aliases = aliases
        wanted = [path for path in own if any(self._is(path, pattern) for pattern in rule.files)]
        self.looked_at = frozenset(wanted if rule.files else own)

    def to_define(self) -> list[str]:
        """Each file that has to hold what the rule requires; where there is none, the pattern itself."""
        if not self._rule.files:
            return [self._program.entry or ""]
        found: list[str] = []
        for pattern in self._rule.files:
            here = [path for path in sorted(self._program.sources) if self._is(path, pattern)]
            found += [path for path in here if path in self._own] if here else [pattern]
        return list(dict.fromkeys(found))

    def _is(self, path: str, pattern: str) -> bool:
        return any(fits_anywhere(name, pattern) for name in (path, *self._aliases.get(path, ())))
