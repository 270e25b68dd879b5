"""Writes the submission's files and imports its entry module."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
import types
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path, PurePosixPath

from grader.harness import salvage

_RELATIVE = re.compile(rb"from[\s\\]*\.")  # every relative import has this
_ROOT_PACKAGE = "handed_in"  # the package made of the root folder where the entry imports relatively


@dataclass(frozen=True)
class Entry:
    """How the entry module is imported: its dotted name and its file."""

    name: str
    path: Path
    in_root_package: bool = False


def write(root: Path, path: str, data: bytes | bytearray) -> Path:
    """Write one file below `root`."""
    target = root.joinpath(*PurePosixPath(path).parts)
    if ".." in target.parts:
        raise ValueError(f"{path!r} leaves the folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def load(
    root: Path, entry: str, alias: str, *, salvaging: bool
) -> tuple[types.ModuleType, list[salvage.Skipped]]:
    """Import the entry module, known as `alias` afterwards. Salvaging runs only its definitions and
    says what it skipped.
    """
    _let_import(root, root / entry)
    found = _locate(root, entry, alias)
    if found.in_root_package:
        _make_root_package(root)
    elif "." in found.name:
        importlib.import_module(found.name.rpartition(".")[0])
    module, skipped = _execute(found, salvaging=salvaging)
    sys.modules.setdefault(alias, module)
    return module, skipped


def load_module(
    root: Path, path: str, name: str, *, salvaging: bool
) -> tuple[types.ModuleType, list[salvage.Skipped]]:
    """Import one more module of the submission; the same object where another one has imported it already.

    Raises:
        BaseException: whatever it raises; it can be tried again.
    """
    known = _imported(root / path)
    if known:
        return sys.modules[known[0]], []
    stem = PurePosixPath(path).stem
    try:
        return load(root, path, stem if stem.isidentifier() else name, salvaging=salvaging)
    except BaseException:
        for half in _imported(root / path):
            del sys.modules[half]
        raise


def _imported(path: Path) -> list[str]:
    """The names under which a file is known. Asks no module itself: some import more when asked."""
    modules = [(name, module) for name, module in sys.modules.items() if isinstance(module, types.ModuleType)]
    return [name for name, module in modules if module.__dict__.get("__file__") == str(path)]


def _let_import(root: Path, path: Path) -> None:
    """Let every module beside `path`, and in the folders above it, be imported by its own name."""
    folders = [folder for folder in path.parents if folder.is_relative_to(root)]
    for folder in reversed(folders):
        is_package = folder != root and (folder / "__init__.py").exists()
        if not is_package and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


def _locate(root: Path, entry: str, alias: str) -> Entry:
    path = root / entry
    parts = path.relative_to(_base(root, path)).with_suffix("").parts
    if len(parts) > 1 and all(part.isidentifier() for part in parts):
        return Entry(".".join(parts), path)
    if path.parent == root and ((root / "__init__.py").exists() or _imports_relatively(path)):
        return Entry(
            f"{_ROOT_PACKAGE}.{parts[0] if parts[0].isidentifier() else alias}", path, in_root_package=True
        )
    return Entry(alias, path)


def _base(root: Path, path: Path) -> Path:
    """The folder from which a file of a package is imported; of any other file, `root`."""
    folder = path.parent
    while folder != root and (folder / "__init__.py").exists():
        folder = folder.parent
    return root if folder == path.parent else folder


def _imports_relatively(path: Path) -> bool:
    source = path.read_bytes()
    if not _RELATIVE.search(source):  # parsing takes milliseconds
        return False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False  # importing it will say so
    return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def _make_root_package(root: Path) -> None:
    init = root / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        _ROOT_PACKAGE, init if init.exists() else None, submodule_search_locations=[str(root)]
    )
    if spec is None:  # no __init__.py
        package = types.ModuleType(_ROOT_PACKAGE)
        package.__path__ = [str(root)]
        sys.modules[_ROOT_PACKAGE] = package
        return
    package = importlib.util.module_from_spec(spec)
    sys.modules[_ROOT_PACKAGE] = package
    if spec.loader is not None:
        spec.loader.exec_module(package)


def _execute(entry: Entry, *, salvaging: bool) -> tuple[types.ModuleType, list[salvage.Skipped]]:
    finder = SourceFileLoader(entry.name, str(entry.path))  # whatever the file's ending: Solution.PY
    spec = importlib.util.spec_from_file_location(entry.name, entry.path, loader=finder)
    if spec is None:
        raise ImportError(f"{entry.path.name} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[entry.name] = module
    if salvaging:
        return module, salvage.run(entry.path, module)
    finder.exec_module(module)
    # An import of the package may have made the module before: the one in sys.modules counts.
    return sys.modules.get(entry.name, module), []
