"""Reads a Jupyter notebook: from its bytes to the text of its code cells. Only JSON is parsed."""

from __future__ import annotations

import json
import re
from typing import Any

from grader.errors import SubmissionError
from grader.intake.looks import looks_like, remedy
from grader.intake.syntax import lines_of

MAX_CELLS = 2_000
MAX_ITEMS = 1_000_000  # brackets, braces and commas in the JSON: a bound on what its parts cost as objects
_NOT_KEPT = ("outputs", "attachments", "metadata")  # they can be big, and nothing of them is graded
_MERGE_MARKER = re.compile(rb"^(?:<{7}|={7}|>{7})(?:[ \r\n]|$)", re.MULTILINE)
_REMEDY = "Open it in Jupyter, save it, and hand it in again."
CLEAR_OUTPUTS = (
    "A notebook is big because of its outputs: clear them (Edit > Clear Outputs of All Cells), save it, and "
    "hand it in again."
)


def read_cells(name: str, data: bytes) -> list[str]:
    """The code cells of the notebook `name` that are not blank, in order, with "\\n" between their lines.

    Raises:
        SubmissionError: it is empty, damaged, not a notebook of version 4, or has no code.
    """
    if not data.strip():
        raise SubmissionError(
            f"`{name}` is empty. Save it in Jupyter, look at its size, and hand it in again."
        )
    notebook = _parse(name, data)
    if not isinstance(notebook, dict) or not ("cells" in notebook or "worksheets" in notebook):
        raise SubmissionError(f"`{name}` has no list of cells, so it is not a Jupyter notebook. {_REMEDY}")
    _check_version(name, notebook)
    cells = notebook["cells"]
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise SubmissionError(f"The cells of `{name}` are damaged. {_REMEDY}")
    if len(cells) > MAX_CELLS:
        raise SubmissionError(f"`{name}` has more than {MAX_CELLS} cells. Hand in your own work only.")
    texts = [_text(name, cell) for cell in cells if cell.get("cell_type") == "code"]
    code = [text for text in texts if text.strip()]
    if not code:
        raise SubmissionError(f"`{name}` has no code cells. Look whether you saved it, and hand it in again.")
    return code


def _parse(name: str, data: bytes) -> Any:
    _check_json_at_all(name, data)
    if sum(data.count(sign) for sign in (b",", b"[", b"{")) > MAX_ITEMS:
        raise SubmissionError(f"`{name}` is too much to be read. {CLEAR_OUTPUTS}")
    try:
        return json.loads(data, object_hook=_slim)
    except RecursionError as error:
        raise SubmissionError(f"`{name}` is nested too deeply to be a notebook. {_REMEDY}") from error
    except json.JSONDecodeError as error:
        raise _damaged(name, data, f", line {error.lineno}: {error.msg}") from error
    except ValueError as error:  # not UTF-8, or digits without end
        raise _damaged(name, data, f" cannot be read ({str(error)[:100]})") from error


def _check_json_at_all(name: str, data: bytes) -> None:
    """A file of another kind gets a sentence of its own."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    marker = _MERGE_MARKER.search(data)
    if marker is not None:
        raise _merge(name, data, marker.start())
    what = looks_like(data)
    looks = f": it looks like {what}. {remedy(what)}" if what else f". {_REMEDY}"
    raise SubmissionError(f"`{name}` is not a Jupyter notebook, which is a JSON file{looks}")


def _slim(value: dict[str, Any]) -> dict[str, Any]:
    """Every object without what is not looked at, dropped while the rest is still being read."""
    return {key: item for key, item in value.items() if key not in _NOT_KEPT}


def _damaged(name: str, data: bytes, what: str) -> SubmissionError:
    marker = _MERGE_MARKER.search(data)
    if marker is not None:
        return _merge(name, data, marker.start())
    return SubmissionError(
        f"`{name}`{what}. A notebook is a JSON file, and this one is damaged or cut off. {_REMEDY}"
    )


def _merge(name: str, data: bytes, position: int) -> SubmissionError:
    line = data.count(b"\n", 0, position) + 1
    return SubmissionError(
        f"`{name}`, line {line}: there is a marker of an unfinished merge of git (<<<<<<<, ======= or "
        f">>>>>>>). Choose one of the two versions, open the notebook in Jupyter to see that it is whole, "
        "and hand it in again."
    )


def _check_version(name: str, notebook: dict[str, Any]) -> None:
    version = notebook.get("nbformat", 4)
    if isinstance(version, int) and version > 4:
        raise SubmissionError(f"`{name}` is of a format newer than 4. Save it as a notebook of version 4.")
    if "cells" not in notebook or version != 4:
        raise SubmissionError(
            f"`{name}` is a notebook in an old format (before version 4). Open it in a current Jupyter, save "
            "it, and hand it in again."
        )


def _text(name: str, cell: dict[str, Any]) -> str:
    """Source is one text or a list of lines."""
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise SubmissionError(f"A code cell of `{name}` is damaged: its source is no text. {_REMEDY}")
    return "\n".join(lines_of(source.encode("utf-8", "replace").decode()))
