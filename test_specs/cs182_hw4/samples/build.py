"""Writes the template, the notebooks, and the samples that are changes of the reference. The same each time:

    python test_specs/cs182_hw4/samples/build.py
"""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from hw4_blanks import templates  # noqa: E402
from hw4_mistakes import EDGES, FILTERS, MEMORY, MISTAKES, Change  # noqa: E402
from hw4_noise import with_noise  # noqa: E402
from hw4_notebooks import NAMES, REFERENCE, SPECS, Cell, cells, exported, notebook, replaced, scripts  # noqa: E402

Files = dict[str, bytes]

BY_HAND = ("helpers", "loops", "numpy_style")  # folders in right/ whose code is written by hand
_WRITTEN_TWICE = Cell(  # the last definition counts
    "def averaging_filtering(image, filter_size=3):\n    return scipy.ndimage.convolve(image, np.ones((3, 3)) / 9.0)"
)
_UNFINISHED = Cell("# to be tried some day\nfor size in (3, 5, 9)\n    print(size)")
_OUT_OF_MEMORY = "timestamp,epoch,memUsage,loss,accuracy\n2026/11/20 21:04:31.250, 0, 15109 MiB, OOM, OOM\n"


def extras() -> Files:
    """The answers and logs of the reference."""
    paths = [REFERENCE / "answers.toml", *sorted((REFERENCE / "logs").glob("*.csv"))]
    return {path.relative_to(REFERENCE).as_posix(): path.read_bytes() for path in paths}


def as_notebooks(texts: Mapping[str, str]) -> Files:
    """The scripts as bare notebooks."""
    return {f"{name}.ipynb": notebook(cells(text)) for name, text in texts.items()}


def template() -> Files:
    """What students get."""
    files = {f"{name}.ipynb": notebook(content) for name, content in templates().items()}
    return {**files, "answers.toml": blank_answers().encode()}


def blank_answers() -> str:
    """An answers.toml with every question and no answer."""
    questions = tomllib.loads((SPECS / "questions.toml").read_text("utf-8"))["questions"]
    return "\n".join("\n".join((*_asked(question), f'{question["key"]} = ""', "")) for question in questions)


def _asked(question: dict[str, object]) -> list[str]:
    known = question.get("variables") or question.get("options") or {}
    named = known.items() if isinstance(known, dict) else [(option, "") for option in known]  # type: ignore[attr-defined]
    return [f"# {question['text']}", *(f"#   {key}: {text}" if text else f"#   {key}" for key, text in named)]


def right() -> dict[str, Files]:
    """Samples that must get everything, by file name; those without an ending are folders."""
    noisy = {name: with_noise(name, cells(text)) for name, text in scripts().items()}
    colab = {**noisy, FILTERS: [*noisy[FILTERS][:3], _WRITTEN_TWICE, *noisy[FILTERS][3:], _UNFINISHED]}
    plain = as_notebooks(scripts())
    return {
        "notebooks": {f"{name}.ipynb": notebook(content) for name, content in noisy.items()} | extras(),
        "exported": {f"{name}.py": exported(content) for name, content in noisy.items()} | extras(),
        "colab.zip": {f"{name}.ipynb": notebook(content, text=True, colab=True) for name, content in colab.items()}
        | {name.replace("batch_", "resnet18-bs"): data for name, data in extras().items()},
        "copies.zip": {path.replace(".ipynb", " (1).ipynb"): data for path, data in plain.items()} | extras(),
        "out_of_memory.tar.gz": {f"hw4/{path}": data for path, data in {**plain, **extras()}.items()}
        | {"hw4/logs/batch_1024.csv": _OUT_OF_MEMORY.encode()},
        "scripts_and_notebook.zip": {f"{MEMORY}.ipynb": plain[f"{MEMORY}.ipynb"]}
        | {f"{name}.py": scripts()[name].encode() for name in (FILTERS, EDGES)}
        | extras(),
    }


def wrong() -> dict[str, Files]:
    """Samples with one mistake each."""
    return {f"{name}.zip": _changed(changes) for name, changes in MISTAKES.items()}


def _changed(changes: list[Change]) -> Files:
    texts: dict[str, str] = {**scripts(), **{path: data.decode() for path, data in extras().items()}}
    for place, old, new in changes:
        name, _, line = place.partition(":")
        if new is None:
            del texts[name]
        elif line:
            whole = next(text for text in texts[name].splitlines() if text.startswith(f"{line} ="))
            texts = replaced(texts, name, whole, replaced({line: whole}, line, old, new)[line])
        else:
            texts = replaced(texts, name, old, new) if old else {**texts, name: new}
    notebooks = as_notebooks({name: text for name, text in texts.items() if name in NAMES})
    return notebooks | {name: text.encode() for name, text in texts.items() if name not in NAMES}


def packed(name: str, files: Files) -> bytes:
    """A .zip or .tar.gz whose bytes depend on names and contents only."""
    stream = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(files):
                archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), files[path], zipfile.ZIP_DEFLATED)
        return stream.getvalue()
    with gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            tar.addfile(entry, io.BytesIO(files[path]))
    return stream.getvalue()


def write(target: Path, files: Files) -> None:
    """A folder, or an archive where the name has an ending."""
    if target.suffix:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(packed(target.name, files))
        return
    for path, data in files.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(data)


def main() -> None:
    """Write everything anew."""
    shutil.rmtree(HERE / "wrong", ignore_errors=True)
    shutil.rmtree(SPECS / "template", ignore_errors=True)
    write(SPECS / "template", template())
    for name in BY_HAND:
        write(HERE / "right" / name, extras())
    for folder, samples in (("right", right()), ("wrong", wrong())):
        for name, files in samples.items():
            write(HERE / folder / name, files)


if __name__ == "__main__":
    main()
