"""A score as text for people: on a terminal or in a log, with or without colour, in ASCII if need be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.scoring.model import PartScore, RuleResult, Score, TestResult, TestStatus, WithheldTest
from grader.scoring.views import student_view

if TYPE_CHECKING:
    from grader.sandbox.doctor import Check

View = Literal["student", "staff"]

# glyph, the same in ASCII, words, style
_STATUS: dict[TestStatus, tuple[str, str, str, str]] = {
    TestStatus.PASSED: ("✓", "+", "passed", "green"),
    TestStatus.FAILED: ("✗", "x", "wrong", "red"),
    TestStatus.NOT_IMPLEMENTED: ("○", "o", "not implemented", "yellow"),
    TestStatus.ERROR: ("!", "!", "error", "red"),
    TestStatus.TIMEOUT: ("◷", "t", "too slow", "red"),
    TestStatus.MEMORY: ("▲", "m", "out of memory", "red"),
    TestStatus.KILLED: ("†", "k", "process ended", "red"),
    TestStatus.SKIPPED: ("–", "-", "skipped", "dim"),
    TestStatus.WAITING: ("…", ".", "waiting", "cyan"),
    TestStatus.INFRASTRUCTURE: ("?", "?", "our fault", "magenta"),
    TestStatus.SPEC_ERROR: ("?", "?", "author's fault", "magenta"),
}
_UNTIL = {"after_due_date": "the due date", "after_published": "the grades are published"}
_BAR_WIDTH = 30
_MOST_LINES = 30  # of one test's reason, and of what it printed


def render(score: Score, console: Console, *, view: View = "student") -> None:
    """Print `score`: tests by part, broken rules, notes, total.

    view:  "student" prints nothing that `student_view` hides, whatever `score` holds; "staff" all of it.
    """
    page = _Page(console)
    shown = student_view(score) if view == "student" else score
    page.line(f"{shown.assignment}: {shown.submission.name}", style="bold")
    page.line(_circumstances(shown), style="dim")
    for part in _parts(shown):
        page.part(shown, part)
    page.section("Rules broken", [_rule(rule) for rule in shown.rules])
    page.section("Notes", shown.notes)
    page.total(shown)


def _circumstances(score: Score) -> str:
    """With what it was graded: enough to repeat it."""
    stage = "" if score.stage == "all" else f", {score.stage} tests only"
    data = f", data: {score.environment.data}" if score.environment.data else ""
    return f"seed {score.seed}, tests {score.spec_version}{stage}{data}"


def render_checks(checks: Iterable[Check], console: Console) -> None:
    """Print what `tensorgrade doctor` tried: what was seen, and the remedy where something is missing."""
    page = _Page(console)
    for check in checks:
        missing = ("✗", "x", "missing", "red") if check.required else ("–", "-", "optional", "yellow")
        glyph, ascii_glyph, words, style = ("✓", "+", "ok", "green") if check.ok else missing
        page.row(page.pick(glyph, ascii_glyph), check.name, words, "", style=style)
        page.lines([text for text in (check.detail, check.remedy) if text], indent=3)


def _parts(score: Score) -> list[PartScore]:
    """The parts, and those of which every test is withheld."""
    known = {part.name for part in score.parts}
    later = dict.fromkeys(test.part or "" for test in score.withheld)
    empty = [PartScore(name=name, score=None, max_score=0.0) for name in later if name not in known]
    return [*score.parts, *empty]


def _rule(rule: RuleResult) -> str:
    place = f"{rule.file}:{rule.line}" if rule.line else rule.file
    costs = f" (-{rule.points:g})" if rule.points else ""
    costs += f" (no points for {', '.join(rule.zero_parts)})" if rule.zero_parts else ""
    source = f"\n    {rule.text}" if rule.text else ""
    return f"{place}: {rule.message}{costs}{source}"


def _points(score: float | None, max_score: float) -> str:
    """ "1.5/2"; nothing where there is nothing to earn."""
    if not max_score:
        return ""
    return f"{'?' if score is None else _number(score)}/{_number(max_score)}"


def _number(points: float) -> str:
    return f"{round(points, 2):g}"


class _Page:
    """Writes lines on a console. Nothing is read as markup; what the console cannot encode becomes "?"."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._encoding = console.encoding or "ascii"

    def text(self, content: str, style: str = "") -> Text:
        encodable = content.encode(self._encoding, "replace").decode(self._encoding)
        return Text(encodable, style=style, overflow="fold")

    def pick(self, preferred: str, fallback: str) -> str:
        """`preferred` where the console can show it."""
        return preferred if self.text(preferred).plain == preferred else fallback

    def line(self, content: str = "", style: str = "", indent: int = 0) -> None:
        padded = Padding(self.text(content, style), (0, 0, 0, indent), expand=False)
        self._console.print(padded if content else "")

    def section(self, title: str, items: Sequence[str]) -> None:
        """A heading and its items; nothing if there are none."""
        if items:
            self.line()
            self.line(title, style="bold")
        for item in items:
            self.line(item, indent=2)

    def part(self, score: Score, part: PartScore) -> None:
        """A heading and its tests."""
        self.line()
        points = _points(part.score, part.max_score)
        self.line(f"{part.title or part.name or 'Tests'}  {points}".rstrip(), style="bold")
        for test in score.tests:
            if (test.part or "") == part.name:
                self.test(test)
        for later in score.withheld:
            if (later.part or "") == part.name:
                self.later(later)

    def row(self, glyph: str, name: str, words: str, points: str, *, style: str) -> None:
        """One line: glyph, name, status word, points."""
        grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
        grid.add_column(width=1)
        grid.add_column(ratio=1)
        grid.add_column(width=15)
        grid.add_column(width=9, justify="right")
        grid.add_row(self.text(glyph, style), self.text(name), self.text(words, style), self.text(points))
        self._console.print(grid)

    def test(self, test: TestResult) -> None:
        """A row, then why, then what was printed."""
        glyph, ascii_glyph, words, style = _STATUS[test.status]
        points = _points(test.score, test.max_score)
        self.row(self.pick(glyph, ascii_glyph), test.name, words, points, style=style)
        self.lines("\n".join((*test.hints, test.output)).splitlines(), indent=3)
        if test.stdout:
            self.line("printed:", style="dim", indent=3)
            self.lines(test.stdout.splitlines(), indent=5)

    def lines(self, lines: Sequence[str], indent: int) -> None:
        """The first lines; the rest is counted."""
        for content in lines[:_MOST_LINES]:
            self.line(content, indent=indent)
        if len(lines) > _MOST_LINES:
            self.line(f"({len(lines) - _MOST_LINES} more lines)", style="dim", indent=indent)

    def later(self, test: WithheldTest) -> None:
        self.row(self.pick("·", "."), test.name, "withheld", "", style="dim")
        self.line(f"result withheld until {_UNTIL[test.until]}", style="dim", indent=3)

    def total(self, score: Score) -> None:
        """The last line: points and a bar, or why there are none."""
        self.line()
        if score.score is None:
            self.line(_no_score(score), style="bold magenta")
            return
        fraction = min(max(score.score / score.max_score, 0.0), 1.0) if score.max_score else 0.0
        filled = int(fraction * _BAR_WIDTH)  # full only with all points
        bar = self.pick("█", "#") * filled + self.pick("░", ".") * (_BAR_WIDTH - filled)
        partial = " of the tests shown" if score.withheld else ""
        self.line(
            f"Score{partial}: {_number(score.score)} of {_number(score.max_score)}  {bar}", style="bold"
        )


def _no_score(score: Score) -> str:
    if any(test.status is TestStatus.SPEC_ERROR for test in score.tests):
        return "No score: a test of this assignment is broken. That is its author's fault, not yours."
    return "No score: something of ours failed. That is not your fault; the grading will be repeated."
