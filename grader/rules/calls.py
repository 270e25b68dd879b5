"""The kind forbid-calls: what may be neither called nor referred to."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping

from grader.rules.model import Finding
from grader.rules.origins import IMPORT_FUNCTIONS, RUN_FUNCTIONS
from grader.rules.reach import Place
from grader.rules.resolve import Resolver

DYNAMIC = "dynamic"
_BUILTINS = set(dir(builtins))
# Functions that reach anything by a text, and which argument that is.
_BY_TEXT = {**dict.fromkeys((*RUN_FUNCTIONS, *IMPORT_FUNCTIONS), 0), "getattr": 1}


def forbidden_calls(names: Iterable[str], places: list[Place], resolver: Resolver) -> Iterator[Finding]:
    """References to a forbidden name.

    A name is dotted ("torch.nn.functional.conv2d", what is below counts too), ends in a `*` ("torch.conv*"),
    is a method of anything (".backward"), or is "dynamic": a function that reaches things by a text, given
    anything but a literal.
    """
    wanted = tuple(name for name in names if name != DYNAMIC)
    methods = {name[1:]: name for name in wanted if name.startswith(".")}
    dotted = {origin: name for name in wanted if not name.startswith(".") for origin in (name, f"{name}.*")}
    for place in places:
        for name in _used(place, methods, dotted, resolver):
            detail = f"`{name.removeprefix('.')}` may not be used here."
            yield Finding(place.module.path, place.line, detail)
    if DYNAMIC in set(names):
        yield from _dynamic(places, resolver)


def _used(
    place: Place, methods: Mapping[str, str], dotted: Mapping[str, str], resolver: Resolver
) -> Iterator[str]:
    """Which forbidden names a place refers to; `dotted` is by origin, as `origins.matches` compares them."""
    method = _method(place, resolver) if methods else None
    if method is not None and method in methods:
        yield methods[method]
    origins = resolver.origins(place.node) & dotted.keys()
    if origins and not _is_stored(place.node):
        yield from sorted({dotted[origin] for origin in origins})


def _is_stored(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def _method(place: Place, resolver: Resolver) -> str | None:
    """The attribute that a place reads, by a dot or by getattr with a literal."""
    node = place.node
    if isinstance(node, ast.Attribute) and not _is_stored(node):
        return node.attr
    if isinstance(node, ast.Call) and len(node.args) >= 2 and "getattr" in resolver.origins(node.func):
        return resolver.literal(node.args[1], place.scope)
    return None


def _dynamic(places: list[Place], resolver: Resolver) -> Iterator[Finding]:
    known = {id(place.node.func) for place in places if _by_known_text(place, resolver)}  # type: ignore[attr-defined]
    for place in places:
        node = place.node
        if not isinstance(node, ast.Name | ast.Attribute) or _is_stored(node) or id(node) in known:
            continue
        by_text = sorted(resolver.origins(node) & _BY_TEXT.keys())
        if by_text:
            detail = f"`{by_text[0]}` may be used with a literal text only."
            yield Finding(place.module.path, place.line, detail)
        elif _is_dict_of_library(node, resolver):
            yield Finding(place.module.path, place.line, "`__dict__` of a module may not be used here.")


def _by_known_text(place: Place, resolver: Resolver) -> bool:
    """Whether a place is a call by a literal text, so that what it reaches is judged by itself."""
    call = place.node
    if not isinstance(call, ast.Call):
        return False
    functions = resolver.origins(call.func) & _BY_TEXT.keys()
    if functions & RUN_FUNCTIONS:
        return id(call) in resolver.scopes[place.module.path].texts
    positions = {_BY_TEXT[name] for name in functions}
    return bool(positions) and all(
        len(call.args) > position and resolver.literal(call.args[position], place.scope) is not None
        for position in positions
    )


def _is_dict_of_library(node: ast.Name | ast.Attribute, resolver: Resolver) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr != "__dict__":
        return False
    tops = {origin.partition(".")[0] for origin in resolver.origins(node.value) if not origin.startswith("<")}
    return bool(tops - _BUILTINS)
