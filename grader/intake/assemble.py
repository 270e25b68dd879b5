"""From the files of an upload to a `Submission`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.assignment import AssignmentConfig
from grader.errors import SubmissionError
from grader.intake.answers import find_answers, parse_answers
from grader.intake.entry import Chosen, Sources, choose, without_ending
from grader.intake.model import NotebookPlaces, Submission
from grader.intake.notebook_files import convert, reduce_exported
from grader.intake.paths import shown
from grader.intake.text import check_is_source, check_not_empty, decode


@dataclass
class Upload:
    """What was handed in, before it is checked."""

    name: str
    files: dict[str, bytes]
    notes: list[str]
    alone: bool = False  # one .py or .ipynb file and not an archive or folder
    places: dict[str, NotebookPlaces] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def handed_in(self, path: str) -> str:
        """What a file was called when it was handed in."""
        return self.places[path].path if path in self.places else path


def assemble(upload: Upload, config: AssignmentConfig) -> Submission:
    """Find the answers and the modules, turn notebooks into Python and Python into UTF-8.

    Raises:
        SubmissionError: it cannot be graded; the message says what to change.
    """
    answers = _answers(upload, config)
    chosen = _choose(upload, config, answers)
    wanted = [path for path in (chosen.entry, *chosen.modules.values()) if path is not None]
    for path in [path for path in upload.files if path.casefold().endswith(".py")]:
        try:
            _convert_source(upload, path, is_entry=path == chosen.entry)
        except SubmissionError as error:
            if path == chosen.entry and not config.modules:
                raise
            upload.notes.append(str(error))
            upload.unreadable[path] = str(error)
            upload.files[path] = b""  # Python might make more of it than the rules, which cannot read it
    _reduce_exported(upload, wanted)
    files = {path: upload.files[path] for path in sorted(upload.files)}
    return Submission(
        name=upload.name,
        sha256=_digest(files),
        files=files,
        entry=chosen.entry,
        answers=answers,
        notes=tuple(upload.notes),
        modules=chosen.modules,
        places=upload.places,
        unreadable={path: why for path, why in upload.unreadable.items() if path in wanted},
    )


def _answers(upload: Upload, config: AssignmentConfig) -> dict[str, Any]:
    path = find_answers(upload.files) if config.answers else None
    if path is None:
        return {}
    answers, note = parse_answers(shown(path), upload.files[path])
    upload.notes += [note] if note else []
    return answers


def _choose(upload: Upload, config: AssignmentConfig, answers: dict[str, Any]) -> Chosen:
    """The modules; none at all is accepted only where there are answers and no code."""
    if answers and not any(path.casefold().endswith((".py", ".ipynb")) for path in upload.files):
        upload.notes.append("There is no Python file; only the answers are graded.")
        return Chosen(None, {})
    notebooks = convert(upload.files)
    upload.files, upload.places, upload.unreadable = notebooks.files, notebooks.places, notebooks.broken
    handed_in = {path: places.path for path, places in notebooks.places.items()}
    try:
        chosen = choose(Sources(upload.files, handed_in), config, upload.name, alone=upload.alone)
    except SubmissionError as error:
        reasons = list(notebooks.broken.values())[:2]
        raise SubmissionError(" ".join([*reasons, str(error)][: max(1, len(reasons))])) from error
    upload.notes += [*notebooks.notes, *_renamed(upload, chosen, config)]
    return chosen


def _renamed(upload: Upload, chosen: Chosen, config: AssignmentConfig) -> list[str]:
    """Which files were taken for others."""
    expected = {module.name: (*module.files, f"{module.name}.py")[0] for module in config.modules}
    pairs = [(path, expected[name]) for name, path in chosen.modules.items()]
    if chosen.entry is not None:
        pairs.insert(
            0, (chosen.entry, config.code.files[0] if config.code.files else f"{config.code.entry}.py")
        )
    notes = []
    for path, wanted in pairs:
        name = upload.handed_in(path)
        plain, stem = without_ending(name), without_ending(wanted)
        if plain != stem and not plain.endswith(f"/{stem}"):
            notes.append(f"`{shown(name)}` was read as `{wanted}`.")
    return notes


def _convert_source(upload: Upload, path: str, *, is_entry: bool) -> None:
    """Bring a Python file to UTF-8: what is kept is what was read here, and not what was handed in.

    Raises:
        SubmissionError: it is no Python source, or an entry without content.
    """
    if path in upload.unreadable:
        raise SubmissionError(upload.unreadable[path])
    if path in upload.places:
        return
    check_is_source(shown(path), upload.files[path])
    decoded = decode(shown(path), upload.files[path])
    if is_entry:
        check_not_empty(shown(path), decoded.text)
    if decoded.note:
        upload.notes.append(decoded.note)
    upload.files[path] = decoded.text.encode("utf-8")


def _reduce_exported(upload: Upload, wanted: list[str]) -> None:
    """Modules that are scripts exported from a notebook are treated like one."""
    for path in wanted:
        made = None if path in upload.places else reduce_exported(path, upload.files[path])
        if made is not None:
            upload.files[path], upload.places[path] = made.text.encode(), made.places
            upload.notes.extend(made.notes)


def _digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the sorted paths and contents, each after its length."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode("utf-8"), files[path]):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
