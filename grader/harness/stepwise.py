"""Lets the submission import files that come from notebooks: statement by statement, whoever imports them."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path

from grader.harness import salvage


class Stepwise:
    """A finder for `sys.meta_path`. `skipped`: path of a file that was imported -> what was skipped of it."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.skipped: dict[str, list[salvage.Skipped]] = {}
        self._paths = {str(path) for path in paths}
        self._names = {Path(path).stem for path in self._paths}

    def means(self, path: Path) -> bool:
        """Whether a file is one of these."""
        return str(path) in self._paths

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where one of these files is meant, how to load it; None for all other modules."""
        if name.rpartition(".")[2] not in self._names:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin not in self._paths:
            return None
        spec.loader = _Loader(name, spec.origin, self.skipped)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, skipped: dict[str, list[salvage.Skipped]]) -> None:
        super().__init__(name, path)
        self._skipped = skipped

    def exec_module(self, module: types.ModuleType) -> None:
        self._skipped[self.path] = salvage.run(Path(self.path), module)


def install(paths: Iterable[Path]) -> Stepwise:
    """Ask such a finder first from now on."""
    finder = Stepwise(paths)
    sys.meta_path.insert(0, finder)
    return finder
