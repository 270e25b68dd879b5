"""The kinds forbid-imports and allow-imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.intake.paths import shown
from grader.rules.model import Finding
from grader.rules.origins import IMPORT_FUNCTIONS, is_below, matches
from grader.rules.program import PRELOADED
from grader.rules.reach import Place
from grader.rules.resolve import Resolver


@dataclass(frozen=True)
class _Import:
    """One imported thing: `module`, or `member` of it, which may be a module too."""

    place: Place
    module: str
    member: str | None = None
    is_own: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.module,) if self.member is None else (self.module, f"{self.module}.{self.member}")


def forbidden_imports(names: Iterable[str], places: list[Place], resolver: Resolver) -> Iterator[Finding]:
    """Imports of a forbidden module; where a file has none, uses through the module above it."""
    forbidden = list(names)
    flagged: set[tuple[str, str]] = set()
    for found in _imports(places, resolver):
        for top in forbidden:
            if any(is_below(name, top) for name in found.names):
                flagged.add((found.place.module.path, top))
                yield Finding(found.place.module.path, found.place.line, f"`{top}` may not be imported here.")
    for place in places:
        origins = resolver.origins(place.node)
        for top in forbidden:
            if (place.module.path, top) not in flagged and any(matches(origin, top) for origin in origins):
                yield Finding(place.module.path, place.line, f"`{top}` may not be used here.")


def unlisted_imports(names: Iterable[str], places: list[Place], resolver: Resolver) -> Iterator[Finding]:
    """Imports of modules that are neither listed nor the submission's own."""
    allowed = list(names)
    listed = ", ".join("the standard library" if name == "stdlib" else f"`{name}`" for name in allowed)
    for found in _imports(places, resolver):
        if not found.is_own and not any(_is_allowed(name, allowed) for name in found.names):
            detail = f"`{shown(found.module)}` may not be imported; allowed: {listed or 'nothing'}."
            yield Finding(found.place.module.path, found.place.line, detail)


def _is_allowed(name: str, allowed: list[str]) -> bool:
    top = name.partition(".")[0]
    in_library = "stdlib" in allowed and top in sys.stdlib_module_names
    return in_library or top == "__future__" or any(is_below(name, module) for module in allowed)


def _imports(places: list[Place], resolver: Resolver) -> Iterator[_Import]:
    for place in places:
        match place.node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield _Import(place, alias.name, is_own=_is_own(alias.name, place, resolver))
            case ast.ImportFrom(module=str() as module, names=aliases, level=0):
                is_own = _is_own(module, place, resolver)
                for alias in aliases:
                    yield _Import(place, module, alias.name, is_own)
            case ast.Call() as call:
                yield from _import_call(call, place, resolver)


def _import_call(call: ast.Call, place: Place, resolver: Resolver) -> Iterator[_Import]:
    """`__import__("x")` and `importlib.import_module("x")` with a literal that is not relative."""
    if resolver.origins(call.func) & IMPORT_FUNCTIONS:
        name = resolver.imported(call, place.scope)
        if name and not name.startswith("."):
            yield _Import(place, name, is_own=_is_own(name, place, resolver))


def _is_own(module: str, place: Place, resolver: Resolver) -> bool:
    top = module.partition(".")[0]
    return top not in PRELOADED and resolver.program.locate(place.module.path, top) is not None
