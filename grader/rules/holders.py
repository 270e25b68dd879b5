"""Which expressions may be a certain class or function of the submission, so that to change them changes it.

Far more generous than `resolve`: lists, dicts, loops, parameters and results hand on whatever goes in. None
of what is found is forbidden by itself; `patches` asks only where an attribute of it is set.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator

from grader.rules.program import Program
from grader.rules.resolve import lookup
from grader.rules.scopes import Imported, Scope, Scopes, arguments_of

# Id of an expression; id of a scope and a name in it; or a word and the name of an attribute or function.
_Key = Hashable
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OBJECTS = ("self", "cls")  # what a method is called on, and nothing that it is given
_HAND_ON = {"values", "items", "keys", "get", "pop", "copy", "popitem", "__getitem__", "__next__"}


class Holders:
    """Asks it of the modules of a program."""

    def __init__(self, program: Program, scopes: dict[str, Scopes]) -> None:
        self._program = program
        self._scopes = scopes
        self._next: dict[_Key, list[_Key]] = {}
        self._by_text: dict[str, list[_Key]] = {}  # what is taken by a literal
        self._calls: list[tuple[int, int]] = []  # function and call
        self._types: list[tuple[int, int]] = []  # x and type(x)
        self._results: dict[int, str] = {}  # id of a function's scope -> its name
        for path, module in program.modules.items():
            self._read(path, module.tree)

    def of(self, name: str) -> set[int]:
        """Ids of the expressions that may be the top-level `name` of any module."""
        found: set[_Key] = set()
        seeds: list[_Key] = [("attribute", name), *self._by_text.get(name, ())]
        seeds += [
            (id(scopes.module), name) for scopes in self._scopes.values() if name in scopes.module.names
        ]
        while seeds:
            self._follow(seeds, found)
            made: set[_Key] = set()
            self._follow([call for function, call in self._calls if function in found], made)
            seeds = [kind for one, kind in self._types if one in made and kind not in found]
        return {key for key in found if isinstance(key, int)}

    def _follow(self, seeds: list[_Key], found: set[_Key]) -> None:
        pending = [seed for seed in seeds if seed not in found]
        found.update(pending)
        while pending:
            for key in self._next.get(pending.pop(), ()):
                if key not in found:
                    found.add(key)
                    pending.append(key)

    def _flow(self, source: _Key, target: _Key) -> None:
        self._next.setdefault(source, []).append(target)

    def _read(self, path: str, tree: ast.Module) -> None:
        scopes = self._scopes[path]
        for scope in scopes.all:
            for name, bindings in scope.names.items():
                for binding in bindings:
                    if isinstance(binding, Imported) and binding.name:
                        self._from_module(path, binding, binding.name, (id(scope), name))
                if scope.is_class:
                    self._flow((id(scope), name), ("attribute", name))
        pending: list[ast.AST] = [tree]
        while pending:
            node = pending.pop()
            self._node(node, scopes.of.get(id(node), scopes.module), scopes)
            pending += scopes.children(node)

    def _from_module(self, path: str, binding: Imported, name: str, key: _Key) -> None:
        target = self._program.locate(path, binding.module, binding.level)
        if target in self._scopes:
            self._flow((id(self._scopes[target].module), name), key)

    def _node(self, node: ast.AST, scope: Scope, scopes: Scopes) -> None:
        match node:
            case ast.Name(ctx=ast.Load()):
                home, _ = lookup(node.id, scope)
                self._flow((id(home or scopes.module), node.id), id(node))
                for star in () if home else scopes.module.stars:
                    self._from_module(scope.path, star, node.id, id(node))
            case ast.Attribute(ctx=ast.Load()):
                self._flow(("attribute", node.attr), id(node))
                if node.attr == "__class__":
                    self._types.append((id(node.value), id(node)))
            case ast.Call():
                self._call(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._function(node, scopes)
            case ast.ClassDef():
                self._flow(("given", node.name), ("given", "__init__"))
            case ast.Return(value=ast.expr() as value) if id(scope) in self._results:
                self._flow(id(value), ("result", self._results[id(scope)]))
            case _:
                self._hand_on(node, scope)

    def _hand_on(self, node: ast.AST, scope: Scope) -> None:
        """Values that stay what they are: in containers, by assignments and in loops."""
        for value in _parts(node):
            self._flow(id(value), id(node))
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            self._by_text.setdefault(str(node.slice.value), []).append(id(node))
        for target, value in _assignments(node):
            for place in _places(target):
                if isinstance(place, ast.Attribute):
                    self._flow(id(value), ("attribute", place.attr))
                else:
                    home, _ = lookup(place.id, scope)
                    self._flow(id(value), (id(home or scope.module()), place.id))

    def _call(self, call: ast.Call) -> None:
        """What goes in may come out, and is given to the function and to functions that go in too."""
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        self._calls.append((id(call.func), id(call)))
        for value in given:
            self._flow(id(value), id(call))
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                self._by_text.setdefault(value.value, []).append(id(call))
        for function in (call.func, *given):
            name = name_of(function)
            self._flow(id(call), ("given", name if name is not None else id(function)))
        if isinstance(call.func, ast.Attribute) and call.func.attr in _HAND_ON:
            self._flow(id(call.func.value), id(call))
        if isinstance(call.func, ast.Name) and call.func.id == "type" and call.args:
            self._types.append((id(call.args[0]), id(call)))
        self._flow(("result", name_of(call.func)), id(call))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scopes: Scopes) -> None:
        first = node.body if isinstance(node, ast.Lambda) else node.body[0]
        inner = scopes.of.get(id(first))
        if inner is None:
            return
        name: _Key = id(node)
        if not isinstance(node, ast.Lambda):
            name = self._results[id(inner)] = node.name
        for argument in arguments_of(node.args):
            if argument.arg not in _OBJECTS:
                self._flow(("given", name), (id(inner), argument.arg))


def name_of(function: ast.AST) -> str | None:
    """The last word of what is called, None of a lambda and the like."""
    return getattr(function, "id", None) or getattr(function, "attr", None)


def _parts(node: ast.AST) -> list[ast.expr]:
    """Of an expression: what it may be, or holds."""
    found: list[ast.expr] = []
    match node:
        case (
            ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values) | ast.BoolOp(values=values)
        ):
            found = values
        case ast.Dict():
            found = [*node.values, *(key for key in node.keys if key is not None)]
        case ast.Subscript(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
            found = [value]
        case ast.IfExp():
            found = [node.body, node.orelse]
        case ast.ListComp(elt=value) | ast.SetComp(elt=value) | ast.GeneratorExp(elt=value):
            found = [value]
        case ast.DictComp():
            found = [node.key, node.value]
    return found


def _places(target: ast.expr) -> Iterator[ast.Name | ast.Attribute]:
    """The names and attributes that a target writes; a container, where it is an item of one."""
    pending = [target]
    while pending:
        match pending.pop():
            case ast.Name() | ast.Attribute() as place:
                yield place
            case ast.Subscript(value=value) | ast.Starred(value=value):
                pending.append(value)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                pending += elements


def _assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets and what they get, or an element of it."""
    match node:
        case ast.Assign():
            yield from ((target, node.value) for target in node.targets)
        case (
            ast.AnnAssign(value=ast.expr() as value) | ast.AugAssign(value=value) | ast.NamedExpr(value=value)
        ):
            yield node.target, value
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield node.target, node.iter
        case ast.withitem(optional_vars=ast.expr() as target):
            yield target, node.context_expr
