"""The kind forbid-calls: what may be neither called nor referred to."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from grader.rules.dynamic import dynamic_uses
from grader.rules.model import Finding
from grader.rules.origins import OPAQUE
from grader.rules.reach import Place
from grader.rules.resolve import Resolver

DYNAMIC = "dynamic"


def forbidden_calls(names: Iterable[str], places: list[Place], resolver: Resolver) -> Iterator[Finding]:
    """References to a forbidden name.

    A name is dotted ("torch.nn.functional.conv2d", what is below counts too), ends in a `*` ("torch.conv*"),
    is a method of anything (".backward"), or is "dynamic": what reaches things by a text that is no literal,
    or in other ways that cannot be followed.
    """
    given = set(names)
    wanted = [*(given - {DYNAMIC}), *(OPAQUE if DYNAMIC in given else ())]
    methods = {name[1:]: name for name in wanted if name.startswith(".")}
    dotted = {origin: name for name in wanted if not name.startswith(".") for origin in (name, f"{name}.*")}
    for place in places:
        for name in _used(place, methods, dotted, resolver):
            detail = f"`{name.removeprefix('.')}` may not be used here."
            yield Finding(place.module.path, place.line, detail)
    if DYNAMIC in given:
        ends = {name.rpartition(".")[2] for name in wanted}
        for place, detail in dynamic_uses(places, resolver, ends):
            yield Finding(place.module.path, place.line, detail)


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
    if isinstance(node, ast.Call) and node.args and _gets_attribute(node, resolver):
        return resolver.literal(node.args[1 if len(node.args) > 1 else 0], place.scope)
    return None


def _gets_attribute(call: ast.Call, resolver: Resolver) -> bool:
    """Whether a call is `getattr(x, name)` or `x.__getattribute__(name)`, also by way of a class."""
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr == "__getattribute__"
    return is_method or (len(call.args) > 1 and "getattr" in resolver.origins(call.func))
