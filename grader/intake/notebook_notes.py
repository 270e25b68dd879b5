"""What a student is told of a notebook: cells that are lost, definitions that are replaced, lines not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader.intake.notebook_kinds import Kind

_NAMED_PLACES = 6  # in one note
_NAMED_CELLS = 8  # notes on cells that are lost
_NAMED_TWICE = 4


@dataclass
class Cell:
    """One code cell.

    number:  from 1; 0 for a script that was exported from a notebook.
    tree:    None where it does not parse; `error` says why.
    skipped: lines that are not run: first, last, why.
    """

    number: int
    text: str
    tree: ast.Module | None
    error: str = ""
    skipped: list[tuple[int, int, Kind]] = field(default_factory=list)


def notes_on(name: str, cells: list[Cell]) -> Iterator[str]:
    """Sentences on the notebook `name`."""
    lost = [cell for cell in cells if cell.tree is None]
    for cell in lost[:_NAMED_CELLS]:
        yield f"`{name}`, {cell.error.rstrip('.')}. This cell is lost; the others count."
    if len(lost) > _NAMED_CELLS:
        yield f"`{name}`: {len(lost) - _NAMED_CELLS} more cells cannot be read."
    yield from _twice(name, cells)
    for kind in Kind:
        places = [place for cell in cells if cell.tree is not None for place in _places_of(cell, kind)]
        if places:
            more = f"; and {len(places) - _NAMED_PLACES} more" if len(places) > _NAMED_PLACES else ""
            yield f"`{name}`: not run: {kind} ({'; '.join(places[:_NAMED_PLACES])}{more})."


def _places_of(cell: Cell, kind: Kind) -> Iterator[str]:
    """Runs of neighbouring lines."""
    spans = sorted((first, last) for first, last, why in cell.skipped if why is kind)
    runs: list[tuple[int, int]] = []
    for first, last in spans:
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
        else:
            runs.append((first, last))
    for first, last in runs:
        where = f"cell {cell.number}, " if cell.number else ""
        yield where + (f"line {first}" if first == last else f"lines {first}-{last}")


def _twice(name: str, cells: list[Cell]) -> Iterator[str]:
    found: dict[str, list[int]] = {}
    for cell in cells:
        for statement in cell.tree.body if cell.tree is not None else ():
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.setdefault(statement.name, []).append(cell.number)
    several = {what: numbers for what, numbers in found.items() if len(set(numbers)) > 1}
    for what, numbers in list(several.items())[:_NAMED_TWICE]:
        yield (
            f"`{name}`: `{what}` is defined in cell {numbers[0]} and again in cell {numbers[-1]}; the last "
            "one counts."
        )
