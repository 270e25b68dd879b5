"""The name "dynamic" of forbid-calls: what reaches anything by a text, given anything but a literal."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator

from grader.rules.origins import DICT, GETTERS, IMPORT_FUNCTIONS, RUN_FUNCTIONS
from grader.rules.reach import Place
from grader.rules.resolve import Resolver

_BUILTINS = set(dir(builtins))
# Functions that reach anything by a text, and which argument that is.
_BY_TEXT = {**dict.fromkeys((*RUN_FUNCTIONS, *IMPORT_FUNCTIONS, *GETTERS), 0), "getattr": 1}
_ALL_AT_ONCE = {"values", "items", "copy", "get", "__getitem__", "pop", "setdefault"}
_HOLDERS = frozenset({"sys.modules", "__builtins__"})
_REFERENCES = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)


def dynamic_uses(
    places: list[Place], resolver: Resolver, ends: Collection[str]
) -> Iterator[tuple[Place, str]]:
    """Where something is reached in a way that cannot be followed, and what to say of it.

    ends:  the last words of what is forbidden, which `operator.attrgetter` may not name either.
    """
    known = {id(place.node.func) for place in places if _by_known_text(place, resolver, ends)}  # type: ignore[attr-defined]
    for place in places:
        node = place.node
        if not isinstance(node, _REFERENCES) or _is_stored(node) or id(node) in known:
            continue
        by_text = sorted(resolver.origins(node) & _BY_TEXT.keys())
        if by_text:
            yield place, f"`{by_text[0]}` may be used with a literal text only."
        elif _is_dict_of_library(node, resolver):
            yield place, "`__dict__` of a module may not be used here."
        else:
            for name in sorted(_taken_from(place, resolver)):
                yield place, f"`{name}` may be used with a literal text only."


def _is_stored(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def _by_known_text(place: Place, resolver: Resolver, ends: Collection[str]) -> bool:
    """Whether a place is a call by a literal text, so that what it reaches is judged by itself."""
    call = place.node
    if not isinstance(call, ast.Call):
        return False
    functions = resolver.origins(call.func) & _BY_TEXT.keys()
    if functions & RUN_FUNCTIONS:
        return id(call) in resolver.scopes[place.module.path].texts
    if functions & IMPORT_FUNCTIONS:
        return resolver.imported(call, place.scope) is not None
    if functions & GETTERS:
        texts = [resolver.literal(argument, place.scope) for argument in call.args]
        return all(text is not None and not set(text.split(".")).intersection(ends) for text in texts)
    positions = {_BY_TEXT[name] for name in functions}
    return bool(positions) and all(
        len(call.args) > position and resolver.literal(call.args[position], place.scope) is not None
        for position in positions
    )


def _is_dict_of_library(node: ast.expr, resolver: Resolver) -> bool:
    """`F.__dict__` and `vars(F)`."""
    if isinstance(node, ast.Attribute) and node.attr == DICT[1:]:
        origins = resolver.origins(node.value)
    elif isinstance(node, ast.Call):
        origins = frozenset(one for one in resolver.origins(node) if one.endswith(DICT))
    else:
        return False
    tops = {origin.partition(".")[0] for origin in origins if not origin.startswith("<")}
    return bool(tops - _BUILTINS)


def _taken_from(place: Place, resolver: Resolver) -> frozenset[str]:
    """`sys.modules` or `__builtins__`, where something is taken by no literal, or everything."""
    match place.node:
        case ast.Subscript(value=value, slice=key):
            by_literal = isinstance(key, ast.Name) and key.id == "__name__"
        case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[key, *_]) if attr in _ALL_AT_ONCE:
            by_literal = False
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _ALL_AT_ONCE:
            return resolver.origins(value) & _HOLDERS
        case _:
            return frozenset()
    found = resolver.origins(value) & _HOLDERS
    return frozenset() if not found or by_literal or resolver.literal(key, place.scope) is not None else found
