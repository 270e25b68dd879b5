"""Notebooks as bytes, the same on every machine. The reference is kept as scripts whose cells begin with `# %%`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPECS = Path(__file__).resolve().parent.parent
REFERENCE = SPECS.parent.parent / "reference" / SPECS.name
NAMES = ("HandDesignFilters", "edge_detection", "GPUMemory")
_PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8).decode()
_LINE_OF_SHELL = re.compile(r"^[ \t]*[!%]", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """One cell. `shows`: a text or picture below it."""

    source: str
    kind: str = "code"
    shows: str = ""

    def as_json(self, number: int, *, text: bool = False) -> dict[str, Any]:
        """As in the file; the source as one text or as lines."""
        source: str | list[str] = self.source if text else self.source.splitlines(keepends=True)
        cell: dict[str, Any] = {"cell_type": self.kind, "id": f"cell-{number:03d}", "metadata": {}, "source": source}
        if self.kind == "code":
            cell |= {"execution_count": number + 1, "outputs": _outputs(self.shows)}
        return cell


def _outputs(shows: str) -> list[dict[str, Any]]:
    if not shows:
        return []
    if shows == "picture":
        data = {"image/png": _PICTURE, "text/plain": "<Figure size 640x480 with 1 Axes>"}
        return [{"output_type": "display_data", "data": data, "metadata": {}}]
    return [{"output_type": "stream", "name": "stdout", "text": [shows]}]


def scripts() -> dict[str, str]:
    """The three reference scripts by name."""
    return {name: (REFERENCE / f"{name}.py").read_text("utf-8") for name in NAMES}


def cells(script: str) -> list[Cell]:
    """The code cells of a script."""
    return [Cell(part.strip("\n")) for part in script.split("# %%\n") if part.strip()]


def notebook(content: Sequence[Cell], *, text: bool = False, colab: bool = False) -> bytes:
    """A notebook of version 4."""
    metadata: dict[str, Any] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "version": "3.11.0"},
    }
    if colab:
        metadata |= {"accelerator": "GPU", "colab": {"provenance": [], "toc_visible": True}}
    found = [cell.as_json(number, text=text) for number, cell in enumerate(content)]
    document = {"cells": found, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1).encode() + b"\n"


def exported(content: Sequence[Cell]) -> bytes:
    """The same as `jupyter nbconvert --to script` writes it: magics and shell lines become calls."""
    lines = ["#!/usr/bin/env python", "# coding: utf-8", ""]
    for number, cell in enumerate(content, 1):
        commented = "\n".join(f"# {line}" for line in cell.source.splitlines())
        lines += [f"# In[{number}]:", "", ""] if cell.kind == "code" else []
        lines += [_calls(cell.source) if cell.kind == "code" else commented, "", ""]
    return "\n".join(lines).encode()


def _calls(source: str) -> str:
    found = []
    for line in source.splitlines():
        if not _LINE_OF_SHELL.match(line):
            found.append(line)
            continue
        margin, rest = line[: len(line) - len(line.lstrip())], line.strip()
        name, _, argument = rest[1:].partition(" ")
        call = f"system({rest[1:]!r})" if rest[0] == "!" else f"run_line_magic({name!r}, {argument!r})"
        found.append(f"{margin}get_ipython().{call}")
    return "\n".join(found)


def replaced(texts: Mapping[str, str], name: str, old: str, new: str) -> dict[str, str]:
    """`texts` with one change, which must be possible at exactly one place."""
    if texts[name].count(old) != 1:
        raise ValueError(f"{name}: {old!r} is there {texts[name].count(old)} times, not once.")
    return {**texts, name: texts[name].replace(old, new)}
