"""Makes a Python file of a notebook's code cells: definitions, imports and assignments stay where they are,
and `pass` stands for what is not run. So each line keeps its number within its cell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from grader.intake.model import NotebookPlaces
from grader.intake.notebook_commands import without_commands
from grader.intake.notebook_kinds import Kind, Kinds
from grader.intake.notebook_notes import Cell, notes_on
from grader.intake.syntax import MAX_TOKENS, count_tokens, lines_of, parse_text

_HEADER = "# Made from a notebook by the grader: what only runs something is left out."
_FUTURE = "from __future__ import annotations"


@dataclass(frozen=True)
class Made:
    """A Python file made from a notebook. `size`: what reading it cost of the `room`."""

    text: str
    places: NotebookPlaces
    notes: tuple[str, ...]
    size: int = 0


def make(name: str, texts: Sequence[str], room: int = MAX_TOKENS) -> Made:
    """The Python file for code cells with these texts; `name` is the notebook's. Never raises.

    Args:
        room: words, signs and lines that are read at most.
    """
    sizes = [_size(text) for text in texts]
    cells = _parsed(texts, sizes, room)
    kinds = Kinds(cell.tree for cell in cells if cell.tree is not None)
    for cell in cells:
        _reduce(cell, kinds)
    has_future = any(_imports_annotations(cell.tree) for cell in cells if cell.tree is not None)
    lines, starts = [_HEADER, _FUTURE if has_future else ""], []
    for cell in cells:
        lines.append(f"# cell {cell.number}")
        starts.append(len(lines) + 1)
        lines += cell.text.split("\n")
    notes = tuple(notes_on(name, cells))
    return Made("\n".join(lines) + "\n", NotebookPlaces(name, tuple(starts)), notes, min(sum(sizes), room))


def reduce_script(name: str, text: str) -> Made | None:
    """The same for a script that was exported from a notebook; None if it does not parse. Its lines
    keep their numbers.
    """
    places = NotebookPlaces(name)
    (cell,) = _parsed(["\n".join(lines_of(text))], [_size(text)], MAX_TOKENS)
    if cell.tree is None:
        return None
    cell.number = 0
    _reduce(cell, Kinds([cell.tree]), keep_future=True)
    return Made(cell.text, places, tuple(notes_on(name, [cell])))


def _size(text: str) -> int:
    """Words, signs and lines."""
    return count_tokens(text) + text.count("\n")


def _parsed(texts: Sequence[str], sizes: Sequence[int], room: int) -> list[Cell]:
    cells = []
    for number, (original, size) in enumerate(zip(texts, sizes, strict=True), 1):
        room -= size
        if room < 0:
            cells.append(Cell(number, "", None, f"cell {number}: too long to be read."))
            continue
        text, commands = without_commands(original)
        parsed = parse_text(text, f"cell {number}")
        cell = Cell(number, text, parsed.tree, parsed.error)
        cell.skipped += [(line, line, Kind.COMMAND) for line in commands]
        cells.append(cell)
    return cells


def _reduce(cell: Cell, kinds: Kinds, *, keep_future: bool = False) -> None:
    """Put `pass` in place of what is not run; nothing stays of a cell that does not parse."""
    if cell.tree is None:
        cell.text = "\n" * cell.text.count("\n")
        return
    taken = []
    for statement, kind in _not_run(cell.tree.body, kinds):
        if kind is None and keep_future:
            continue
        taken.append(statement)
        if kind is not None:
            cell.skipped.append((statement.lineno, statement.end_lineno or statement.lineno, kind))
    cell.text = _without(cell.text, taken)


def _not_run(statements: Sequence[ast.stmt], kinds: Kinds) -> Iterator[tuple[ast.stmt, Kind | None]]:
    """In the order of the text. A chain of `elif` can be deeper than Python's own stack."""
    pending = list(reversed(statements))
    while pending:
        statement = pending.pop()
        blocks = _blocks(statement)
        if blocks:
            pending.extend(inner for block in reversed(blocks) for inner in reversed(block))
        elif (kind := kinds.of(statement)) is not None:
            yield statement, kind
        elif _is_future(statement):
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


def _without(text: str, statements: Sequence[ast.stmt]) -> str:
    """`text` with `pass` in place of statements, which are in its order, and with as many lines: those of a
    statement come back as blank ones after what else stands on its last line.
    """
    lines = [line.encode() + b"\n" for line in text.split("\n")]  # columns are counted in bytes
    starts, data = [0, *accumulate(map(len, lines))], b"".join(lines)
    pieces, position, owed = [], 0, 0
    for statement in statements:
        begin = starts[statement.lineno - 1] + statement.col_offset
        last = statement.end_lineno or statement.lineno
        between = data[position:begin]
        pieces += [_with_lines(between, owed), b"pass"]
        owed = (0 if b"\n" in between else owed) + last - statement.lineno
        position = starts[last - 1] + (statement.end_col_offset or 0)
    pieces.append(_with_lines(data[position:], owed))
    return b"".join(pieces)[:-1].decode()


def _with_lines(piece: bytes, owed: int) -> bytes:
    """`piece` with blank lines after the first of its own, if it has one."""
    return piece.replace(b"\n", b"\n" * (1 + owed), 1)


def _imports_annotations(tree: ast.Module) -> bool:
    return any(
        _is_future(statement) and "annotations" in {name.name for name in getattr(statement, "names", ())}
        for statement in tree.body
    )


def _is_future(statement: ast.stmt) -> bool:
    is_import = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
    return is_import and not getattr(statement, "level", 0)  # `.__future__` is a file of theirs
