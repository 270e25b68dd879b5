"""tensorgrade new: a small assignment that works, to be changed into one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from grader.assignment import REPOSITORY
from grader.cli_faults import faults
from grader.errors import UsageError
from grader.text import one_line

EXAMPLES = """Examples:

    tensorgrade new softmax_lab

    tensorgrade new cnn_lab --title "Lab 3: convolutions"

    tensorgrade check softmax_lab

Exit status: 0 it was made; 2 the name is taken or cannot be used."""

_SKELETON = Path(__file__).parent / "skeleton"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_RESERVED = {"datasets", "samples", "tests"}


def new(
    name: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits and _.")],
    title: Annotated[str | None, typer.Option(help="What students read; by default from the name.")] = None,
) -> None:
    """Make an assignment that works: two functions and a training run, with template, reference, tests and
    samples.
    """
    with faults(sandboxes=False):
        words = title or name.replace("_", " ").capitalize()
        made = make(name, words, REPOSITORY)
    for path in made:
        typer.echo(path.relative_to(REPOSITORY))
    typer.echo(f"\nCheck it:   tensorgrade check {name}\nThe guide:  docs/authors.md")


def make(name: str, title: str, root: Path) -> list[Path]:
    """Write the skeleton of an assignment below `root`; the files that were made.

    Raises:
        UsageError: the name cannot be used or is taken, or a folder cannot be written.
    """
    if name in _RESERVED:
        raise UsageError(f"The folder {name!r} is for something else: choose another name.")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a name: 2 to 40 lower-case letters, digits and _, a letter first."
        )
    folders = {"specs": root / "test_specs" / name, "reference": root / "reference" / name}
    for folder in folders.values():
        if folder.exists():
            raise UsageError(f"{folder} is there already: choose another name.")
    try:
        return [_write(path, folders, name, title) for path in sorted(_SKELETON.rglob("*.txt"))]
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}.") from error


def _write(source: Path, folders: dict[str, Path], name: str, title: str) -> Path:
    kind, *rest = source.relative_to(_SKELETON).parts
    target = folders[kind].joinpath(*rest).with_suffix("")
    text = source.read_text("utf-8").replace("{{name}}", name).replace("{{title}}", _quotable(title))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    return target


def _quotable(title: str) -> str:
    """The title without what would end a string in TOML or Python."""
    return one_line(re.sub(r'["\\]', " ", title), 200).strip() or "Untitled"
