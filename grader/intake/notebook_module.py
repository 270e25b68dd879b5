"""Makes a Python file of a notebook's code cells: definitions, imports and assignments stay where they are,
and `pass` stands for what is not run. So each line keeps its number within its cell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.intake.model import NotebookPlaces
from grader.intake.notebook_commands import without_commands
from grader.intake.notebook_kinds import Kind, Kinds
from grader.intake.notebook_notes import Cell, notes_on
from grader.intake.syntax import MAX_TOKENS, Parsed, count_tokens, lines_of, parse_text

_HEADER = "# Made from a notebook by the grader: what only runs something is left out."
_FUTURE = "from __future__ import annotations"


@dataclass(frozen=True)
class Made:
    """A Python file made from a notebook."""

    text: str
    places: NotebookPlaces
    notes: tuple[str, ...]


def make(name: str, texts: Sequence[str]) -> Made:
    """The Python file for code cells with these texts; `name` is the notebook's. Never raises."""
    cells = _parsed(texts)
    kinds = Kinds(cell.tree for cell in cells if cell.tree is not None)
    for cell in cells:
        _reduce(cell, kinds)
    has_future = any(_imports_annotations(cell.tree) for cell in cells if cell.tree is not None)
    lines, starts = [_HEADER, _FUTURE if has_future else ""], []
    for cell in cells:
        lines.append(f"# cell {cell.number}")
        starts.append(len(lines) + 1)
        lines += cell.text.split("\n")
    return Made("\n".join(lines) + "\n", NotebookPlaces(name, tuple(starts)), tuple(notes_on(name, cells)))


def reduce_script(name: str, text: str) -> Made | None:
    """The same for a script that was exported from a notebook; None if it does not parse. Its lines
    keep their numbers.
    """
    places = NotebookPlaces(name)
    (cell,) = _parsed(["\n".join(lines_of(text))])
    if cell.tree is None:
        return None
    cell.number = 0
    _reduce(cell, Kinds([cell.tree]), keep_future=True)
    return Made(cell.text, places, tuple(notes_on(name, [cell])))


def _parsed(texts: Sequence[str]) -> list[Cell]:
    cells, room = [], MAX_TOKENS
    for number, original in enumerate(texts, 1):
        text, commands = without_commands(original)
        room -= count_tokens(text)
        too_long = Parsed(None, f"cell {number}: too long to be read.")
        parsed = too_long if room < 0 else parse_text(text, f"cell {number}")
        cell = Cell(number, text, parsed.tree, parsed.error)
        cell.skipped += [(line, line, Kind.COMMAND) for line in commands]
        cells.append(cell)
    return cells


def _reduce(cell: Cell, kinds: Kinds, *, keep_future: bool = False) -> None:
    """Put `pass` in place of what is not run; nothing stays of a cell that does not parse."""
    if cell.tree is None:
        cell.text = "\n" * cell.text.count("\n")
        return
    lines = [line.encode() for line in cell.text.split("\n")]  # columns are counted in bytes
    for statement, kind in reversed(list(_not_run(cell.tree.body, kinds))):
        if kind is None and keep_future:
            continue
        _take_out(lines, statement)
        if kind is not None:
            cell.skipped.append((statement.lineno, statement.end_lineno or statement.lineno, kind))
    cell.text = b"\n".join(lines).decode()


def _not_run(statements: Sequence[ast.stmt], kinds: Kinds) -> Iterator[tuple[ast.stmt, Kind | None]]:
    for statement in statements:
        blocks = _blocks(statement)
        if blocks:
            for block in blocks:
                yield from _not_run(block, kinds)
        elif (kind := kinds.of(statement)) is not None:
            yield statement, kind
        elif isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            yield statement, None  # it may stand at the top only


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """What is inside an `if` or `try` that may hold definitions; [] for anything else."""
    if isinstance(statement, ast.If) and not _is_main_guard(statement):
        return [statement.body, statement.orelse]
    if isinstance(statement, ast.Try):
        handlers = [handler.body for handler in statement.handlers]
        return [statement.body, *handlers, statement.orelse, statement.finalbody]
    return []


def _is_main_guard(statement: ast.If) -> bool:
    return "__name__" in {node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name)}


def _take_out(lines: list[bytes], statement: ast.stmt) -> None:
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    rest = lines[last][statement.end_col_offset :]
    lines[first] = lines[first][: statement.col_offset] + b"pass" + rest
    for number in range(first + 1, last + 1):
        lines[number] = b""


def _imports_annotations(tree: ast.Module) -> bool:
    return any(
        isinstance(statement, ast.ImportFrom)
        and statement.module == "__future__"
        and "annotations" in {name.name for name in statement.names}
        for statement in tree.body
    )
