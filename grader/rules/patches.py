"""Where a class or function is changed from outside: what stands there belongs to it too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from grader.rules.holders import Holders, name_of
from grader.rules.resolve import Resolver, lookup
from grader.rules.scopes import Assigned, Defined, Imported, Scope, Scopes

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CHAIN = (ast.Attribute, ast.Subscript)
_SETTERS = {"setattr", "delattr", "__setattr__", "__delattr__"}
_MUTATORS = {"append", "extend", "insert", "add", "update", "setdefault", "__setitem__", "__ior__"}
_NAMESPACES = {"globals", "vars", "locals", "__dict__"}


@dataclass(frozen=True)
class Part:
    """A piece of a module that is to be looked at."""

    node: ast.AST
    path: str


@dataclass(frozen=True)
class _Spot:
    """A node with its statement, the loops around it and the functions around it."""

    node: ast.AST
    statement: ast.stmt | None
    loops: tuple[ast.expr, ...]
    functions: tuple[str, ...]


class Patches:
    """Finds them in the modules of a resolver's program."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._holders = Holders(resolver.program, resolver.scopes)
        self._spots = {path: list(self._read(path)) for path in resolver.program.modules}
        self._callers: dict[str, list[tuple[str, _Spot, list[ast.expr | ast.stmt]]]] = {}
        for path, spots in self._spots.items():
            for spot in spots:
                for name, given in _calls(spot.node):
                    self._callers.setdefault(name, []).append((path, spot, given))

    def onto(self, name: str) -> list[Part]:
        """What sets the top-level `name` or anything of it, and what is given to a function that does."""
        holders = self._holders.of(name)
        found: list[Part] = []
        pending: list[str] = []
        for path, spots in self._spots.items():
            for spot in spots:
                if self._sets(spot.node, name, holders, self._resolver.scopes[path]):
                    found += (Part(node, path) for node in (*_what_is_set(spot), *spot.loops))
                    pending += spot.functions
        return self._with_locals(found + list(self._given_to(pending)))

    def on_libraries(self) -> dict[str, list[Part]]:
        """By attribute: what is set as that attribute of something imported from a library."""
        found: dict[str, list[Part]] = {}
        for path, spots in self._spots.items():
            scopes = self._resolver.scopes[path]
            for spot in spots:
                for base, attribute, value in self._attributes(spot, scopes):
                    if self._is_foreign(base, scopes):
                        found.setdefault(attribute, []).append(Part(value, path))
        return {attribute: self._with_locals(parts) for attribute, parts in found.items()}

    def _given_to(self, functions: list[str]) -> Iterator[Part]:
        """What calls of the functions give them, and so on outwards."""
        pending = list(functions)
        done: set[str] = set()
        seen: set[int] = set()
        while pending:
            function = pending.pop()
            callers = () if function in done else self._callers.get(function, ())
            done.add(function)
            for path, spot, given in callers:
                if id(spot.node) not in seen:
                    seen.add(id(spot.node))
                    pending += spot.functions
                    yield from (Part(node, path) for node in (*given, *spot.loops))

    def _read(self, path: str) -> Iterator[_Spot]:
        """Every node that may set something."""
        scopes = self._resolver.scopes[path]
        pending = [_Spot(self._resolver.program.modules[path].tree, None, (), ())]
        while pending:
            spot = pending.pop()
            node, statement, loops, functions = spot.node, spot.statement, spot.loops, spot.functions
            statement = node if isinstance(node, ast.stmt) else statement
            if isinstance(
                node, (ast.Name, ast.Call, ast.Import, ast.ImportFrom, ast.ClassDef, *_CHAIN, *_FUNCTIONS)
            ):
                yield _Spot(node, statement, loops, functions)
            if isinstance(node, ast.For | ast.AsyncFor):
                loops = (*loops, node.iter)
            elif isinstance(node, _FUNCTIONS):
                functions = (*functions, node.name)
            pending += [_Spot(child, statement, loops, functions) for child in scopes.children(node)]

    def _sets(self, node: ast.AST, name: str, holders: set[int], scopes: Scopes) -> bool:
        if isinstance(node, ast.Call):
            return self._call_sets(node, name, holders, scopes)
        if isinstance(node, _CHAIN) and isinstance(node.ctx, ast.Store | ast.Del):
            in_namespace = isinstance(node, ast.Subscript) and _is_namespace(node.value)
            return _is_inside(node, holders) or (in_namespace and self._text(node.slice, scopes) == name)  # type: ignore[union-attr]
        scope = scopes.of.get(id(node), scopes.module)
        return name in scope.declared and scope.declared[name].parent is None and name in _bound(node)

    def _call_sets(self, call: ast.Call, name: str, holders: set[int], scopes: Scopes) -> bool:
        """`setattr(C, "f", g)`, also given to `map`; `C.table.append(g)`; `globals().update(C=D)`."""
        if any(self._is_setter(one) for one in (call.func, *call.args)):
            base = [call.func.value] if isinstance(call.func, ast.Attribute) else []
            touched = [*base, *call.args]
            return any(
                id(one) in holders or _is_inside(one, holders) or self._text(one, scopes) == name
                for one in touched
            )
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _MUTATORS:
            return False
        if _is_namespace(call.func.value):
            texts = {
                self._text(one, scopes) for part in call.args for one in (part, *getattr(part, "keys", ()))
            }
            return name in texts | {keyword.arg for keyword in call.keywords}
        return _is_inside(call.func.value, holders)

    def _is_setter(self, function: ast.expr) -> bool:
        is_mock = (
            isinstance(function, ast.Attribute)
            and function.attr == "object"
            and name_of(function.value) == "patch"
        )
        return (
            is_mock
            or name_of(function) in _SETTERS
            or not _SETTERS.isdisjoint(self._resolver.origins(function))
        )

    def _text(self, node: ast.AST | None, scopes: Scopes) -> str | None:
        if not isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr | ast.Name):
            return None
        return self._resolver.literal(node, scopes.of.get(id(node), scopes.module))

    def _attributes(self, spot: _Spot, scopes: Scopes) -> Iterator[tuple[ast.expr, str, ast.expr]]:
        """Object, attribute and value of an assignment of attributes or a call of setattr."""
        match spot.node, spot.statement:
            case ast.Call(args=[base, text, value], func=function), _ if self._is_setter(function):
                name = self._text(text, scopes)
                if name is not None:
                    yield base, name, value
            case ast.Attribute(value=base, attr=attr, ctx=ast.Store()), ast.Assign(value=value):
                yield base, attr, value

    def _is_foreign(self, base: ast.expr, scopes: Scopes) -> bool:
        while isinstance(base, ast.Attribute):
            base = base.value
        if not isinstance(base, ast.Name):
            return False
        scope = scopes.of.get(id(base), scopes.module)
        _, bindings = lookup(base.id, scope)
        return any(
            isinstance(binding, Imported)
            and self._resolver.program.locate(scope.path, binding.module, binding.level) is None
            for binding in bindings
        )

    def _with_locals(self, parts: list[Part]) -> list[Part]:
        """And what the names in them are bound to inside of functions, where no scope of a rule looks."""
        found = list(dict.fromkeys(parts))
        seen: set[tuple[int, str]] = set()
        for part in found:  # it grows
            scopes = self._resolver.scopes[part.path]
            for node in ast.walk(part.node):
                if isinstance(node, ast.Name):
                    fresh = _local(node, scopes.of.get(id(node), scopes.module), seen)
                    found += (Part(value, part.path) for value in fresh)
        return found


def _calls(node: ast.AST) -> list[tuple[str, list[ast.expr | ast.stmt]]]:
    """Functions that a node calls or hands on, by name, and what these get; a decorator its definition."""
    if isinstance(node, ast.Call):
        given: list[ast.expr | ast.stmt] = [*node.args, *(keyword.value for keyword in node.keywords)]
        names = {name_of(function) for function in (_innermost(node.func), *given)}
        return [(name, given) for name in sorted(filter(None, names))]
    decorators = getattr(node, "decorator_list", ())
    called = [_innermost(one) for one in decorators]
    return [(name, [node]) for one in called if (name := name_of(one)) and isinstance(node, ast.stmt)]


def _innermost(function: ast.expr) -> ast.expr:
    """`f` of `f(x)(y)`."""
    while isinstance(function, ast.Call):
        function = function.func
    return function


def _what_is_set(spot: _Spot) -> list[ast.AST]:
    """Of a loop or a `with` only its head."""
    match spot.statement:
        case ast.For() | ast.AsyncFor() as loop:
            return [spot.node, loop.iter]
        case ast.With() | ast.AsyncWith() as block:
            return [spot.node, *(item.context_expr for item in block.items)]
        case ast.If() | ast.While() | ast.Try() | None:
            return [spot.node]
    return [spot.statement]


def _is_inside(node: ast.AST, holders: set[int]) -> bool:
    """Whether a node is `C.f`, `C.f.g`, `C.f[0]` and so on; an item of a list with C in it is not."""
    is_attribute = False
    while isinstance(node, _CHAIN):
        is_attribute = is_attribute or isinstance(node, ast.Attribute)
        node = node.value
        if is_attribute and id(node) in holders:
            return True
    return False


def _is_namespace(node: ast.AST) -> bool:
    return name_of(node.func if isinstance(node, ast.Call) else node) in _NAMESPACES


def _bound(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [alias.asname or alias.name.partition(".")[0] for alias in aliases]
    return []


def _local(node: ast.Name, scope: Scope, seen: set[tuple[int, str]]) -> Iterator[ast.AST]:
    """What a name is bound to in the function around it, unless that scope and name are in `seen`."""
    home, bindings = lookup(node.id, scope)
    if home is None or home.parent is None or (id(home), node.id) in seen:
        return
    seen.add((id(home), node.id))
    for binding in bindings:
        if isinstance(binding, Assigned):
            yield binding.value
        elif isinstance(binding, Defined) and binding.node is not None:
            yield binding.node
