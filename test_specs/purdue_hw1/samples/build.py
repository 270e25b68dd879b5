"""Packs the samples: the reference, with a file replaced (__sources__) or a line changed (mistakes.py).

    python test_specs/purdue_hw1/samples/build.py [folder]

Writes right/*.tar.gz and wrong/*.tar.gz beside itself, or into the folder; the same bytes each time.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from mistakes import RIGHT, WRONG, Sample

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parents[2] / "reference" / "purdue_hw1"
SOURCES = HERE / "__sources__"

Files = dict[str, bytes]


def main() -> None:
    """Write all archives."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    for path, data in archives():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(data)
        print(f"{path} {len(data)} bytes")


def archives() -> Iterator[tuple[str, bytes]]:
    """Each archive's path and content."""
    for kind, samples in (("right", RIGHT), ("wrong", WRONG)):
        for name, sample in samples.items():
            stem = f"{name}_hw1"
            yield f"{kind}/{sample.called or stem + '.tar.gz'}", pack(contents(name, sample), sample.folder or stem)


def contents(name: str, sample: Sample) -> Files:
    """The files of one sample, by path below its folder."""
    files = _below(REFERENCE) | _below(SOURCES / name)
    for path, old, new in sample.edits:
        files[path] = _edited(files[path], old, new, path)
    for path in [path for path in files if path.startswith(sample.without)]:
        del files[path]
    return {path: sample.convert(data) if path.endswith(".py") else data for path, data in files.items()}


def _below(folder: Path) -> Files:
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _edited(data: bytes, old: str, new: str, path: str) -> bytes:
    """With the one place `old` changed into `new`: in a notebook, within a cell."""
    if not path.endswith(".ipynb"):
        return _replaced(data.decode(), old, new, path).encode()
    notebook = json.loads(data)
    texts = ["".join(cell["source"]) for cell in notebook["cells"]]
    changed = _replaced("\0".join(texts), old, new, path).split("\0")
    for cell, text in zip(notebook["cells"], changed, strict=True):
        cell["source"] = text.splitlines(keepends=True)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _replaced(text: str, old: str, new: str, path: str) -> str:
    if text.count(old) != 1:
        raise SystemExit(f"{path} of the reference has {text.count(old)} times: {old}")
    return text.replace(old, new)


def pack(files: Mapping[str, bytes], folder: str) -> bytes:
    """A .tar.gz with one folder; no times, no owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(files):
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size, entry.mode = len(files[path]), 0o644
            tar.addfile(entry, io.BytesIO(files[path]))
    return gzip.compress(buffer.getvalue(), compresslevel=9, mtime=0)


if __name__ == "__main__":
    main()
