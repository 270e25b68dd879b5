"""What every expression of a submission may refer to.

Origins (see `origins`) flow from imports and builtins through names, attributes and a few calls until nothing
changes. All bindings of a name count, whatever the order of execution. An attribute that is assigned anywhere
(`self.f = F`) is taken for that attribute of every object. There is no recursion, and the vocabulary is
finite, so hostile source can neither exhaust the stack nor run forever.

"<file>.name", a definition of the submission's own, is known of the expressions that name it and flows no
further: `reach` goes from definition to definition itself.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Set

from grader.rules.origins import DICT, IMPORT_FUNCTIONS, Vocabulary, own, split_own
from grader.rules.program import Program
from grader.rules.scopes import Assigned, Binding, Imported, Scope, Scopes, build_scopes

# Id of an expression; or id of a scope and a name in it; or 0 and the name of an attribute.
Key = int | tuple[int, str]
_NONE: frozenset[str] = frozenset()
_MAX_PIECES = 64  # parts of a literal put together by +
_BY_ATTRIBUTE = frozenset({"__getattribute__", "__getattr__"})
_BY_KEY = _BY_ATTRIBUTE | {"get", "__getitem__", "pop", "setdefault"}


class Resolver:
    """Resolves the expressions of all modules of a program, as far as `vocabulary` cares."""

    def __init__(self, program: Program, vocabulary: Vocabulary) -> None:
        self.program = program
        self.scopes: dict[str, Scopes] = {
            path: build_scopes(path, module.tree) for path, module in program.modules.items()
        }
        self._vocabulary = vocabulary
        self._values: dict[Key, frozenset[str]] = {}
        self._copies: dict[Key, set[Key]] = {}  # where a value flows on unchanged
        self._watchers: dict[Key, list[tuple[ast.expr, Scope]]] = {}  # what a change makes worth another look
        self._changed: deque[Key] = deque()
        self._stars: dict[str, list[Imported]] = {}
        self._definitions: dict[Key, set[str]] = {}
        self._fields: set[str] = set()  # names of attributes that are assigned somewhere
        for scopes in self.scopes.values():
            self._start_fields(scopes)
        for scopes in self.scopes.values():
            for scope in scopes.all:
                self._start_scope(scope)
            for node, scope in scopes.expressions:
                self._start(node, scope)
        self._settle()

    def origins(self, node: ast.AST) -> frozenset[str]:
        """What an expression may refer to; empty where no rule cares."""
        return self._values.get(id(node), _NONE)

    def literal(self, expression: ast.expr | None, scope: Scope) -> str | None:
        """The text of a string literal, also put together by + or given a name once; None if it is none."""
        pending = [(expression, scope)]
        pieces: list[str] = []
        for _ in range(_MAX_PIECES):
            if not pending:
                return "".join(pieces)
            node, where = pending.pop()
            match node:
                case ast.Constant(value=str() as text):
                    pieces.append(text)
                case ast.BinOp(op=ast.Add()):
                    pending += [(node.right, where), (node.left, where)]
                case ast.JoinedStr():
                    pending += [(value, where) for value in reversed(node.values)]
                case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                    pending.append((inner, where))
                case ast.Name():
                    _, bindings = lookup(node.id, where)
                    if len(bindings) != 1 or not isinstance(bindings[0], Assigned):
                        return None
                    pending.append((bindings[0].value, bindings[0].scope))
                case _:
                    return None
        return None

    def _settle(self) -> None:
        while self._changed:
            key = self._changed.popleft()
            for target in tuple(self._copies.get(key, ())):
                self._add(target, self._values[key])
            for node, scope in self._watchers.get(key, ()):
                self._evaluate(node, scope)

    def _add(self, key: Key, origins: Set[str]) -> None:
        if isinstance(key, tuple):
            origins = {origin for origin in origins if not _is_definition(origin)}
        known = self._values.get(key, _NONE)
        if not origins <= known:
            self._values[key] = known | origins
            self._changed.append(key)

    def _learn(self, key: Key, origin: str) -> None:
        self._add(key, self._vocabulary.keep(origin))

    def _copy(self, source: Key, target: Key) -> None:
        self._copies.setdefault(source, set()).add(target)
        self._add(target, self._values.get(source, _NONE))

    def _watch(self, source: ast.expr, node: ast.expr, scope: Scope) -> None:
        self._watchers.setdefault(id(source), []).append((node, scope))

    def _start_fields(self, scopes: Scopes) -> None:
        """Attributes are assigned by `x.name = ...` and in the bodies of classes."""
        stored: list[tuple[str, Key]] = [(name, id(value)) for name, value in scopes.fields]
        stored += [
            (name, (id(scope), name)) for scope in scopes.all if scope.is_class for name in scope.names
        ]
        for name, key in stored:
            self._fields.add(name)
            self._copy(key, (0, name))

    def _start_scope(self, scope: Scope) -> None:
        for name, bindings in scope.names.items():
            key = (id(scope), name)
            for binding in bindings:
                if isinstance(binding, Imported):
                    self._import(key, binding, scope.path)
                elif isinstance(binding, Assigned):
                    self._copy(id(binding.value), key)

    def _start(self, node: ast.expr, scope: Scope) -> None:
        match node:
            case ast.Name():
                self._start_name(node, scope)
            case ast.Attribute() | ast.Subscript():
                self._watch(node.value, node, scope)
                if isinstance(node, ast.Attribute) and node.attr in self._fields:
                    self._copy((0, node.attr), id(node))
            case ast.Call():
                for watched in (node.func, *node.args[:1]):
                    self._watch(watched, node, scope)
                if isinstance(node.func, ast.Attribute) and node.func.attr in _BY_KEY:
                    self._watch(node.func.value, node, scope)
            case ast.NamedExpr():
                self._copy(id(node.value), id(node))
            case ast.IfExp():
                self._copy(id(node.body), id(node))
                self._copy(id(node.orelse), id(node))
            case ast.BoolOp():
                for value in node.values:
                    self._copy(id(value), id(node))

    def _start_name(self, node: ast.Name, scope: Scope) -> None:
        home, bindings = lookup(node.id, scope)
        key = (id(home or scope.module()), node.id)
        self._copy(key, id(node))
        if key not in self._definitions:
            if home is None:  # a builtin, or from a star import
                self._learn(key, node.id)
                self._from_stars(key, node.id, scope.path, set())
            self._definitions[key] = self._defined_as(node.id, home, bindings, scope.path)
        self._add(id(node), self._definitions[key])

    def _defined_as(self, name: str, home: Scope | None, bindings: list[Binding], path: str) -> set[str]:
        """Which definitions of the submission a name means, one step away."""
        if home is None:
            return {f"{own(path)}.{name}"} if self._stars_of(path) else set()
        found = set()
        for binding in bindings:
            if isinstance(binding, Imported):
                target = self.program.locate(path, binding.module, binding.level) if binding.name else None
                if target is not None:
                    found.add(f"{own(target)}.{binding.name}")
            elif home.parent is None:
                found.add(f"{own(path)}.{name}")
        return found

    def _evaluate(self, node: ast.expr, scope: Scope) -> None:
        if isinstance(node, ast.Attribute):
            self._members(node, node.value, node.attr)
        elif isinstance(node, ast.Call):
            self._call(node, scope)
        elif isinstance(node, ast.Subscript):
            self._item(node, scope)

    def _members(self, node: ast.expr, value: ast.expr, name: str) -> None:
        for origin in self.origins(value):
            self._member(id(node), origin, name)

    def _member(self, key: Key, origin: str, name: str) -> None:
        """Let `key` refer to attribute `name` of `origin`."""
        place = split_own(origin)
        if place is None:
            in_builtins = origin in ("builtins", "__builtins__")
            self._learn(key, name if in_builtins else origin if "*" in origin else f"{origin}.{name}")
        elif place[1]:
            self._learn(key, origin)  # of a class or object: it lies inside that definition
        elif name == DICT[1:]:
            self._learn(key, origin + DICT)
        else:
            self._learn(key, f"{origin}.{name}")
            self._own_member(key, place[0], name, set())

    def _own_member(self, key: Key, path: str, name: str, seen: set[str]) -> None:
        below = self.program.submodule(path, name)
        if below is not None:
            self._learn(key, own(below))
        scopes = self.scopes.get(path)
        if scopes is None or path in seen:
            return
        seen.add(path)
        if name in scopes.module.names:
            self._copy((id(scopes.module), name), key)
        self._from_stars(key, name, path, seen)

    def _from_stars(self, key: Key, name: str, path: str, seen: set[str]) -> None:
        for star in self._stars_of(path):
            if not star.level:
                self._learn(key, f"{star.module}.{name}")
            target = self.program.locate(path, star.module, star.level)
            if target is not None:
                self._own_member(key, target, name, seen)

    def _stars_of(self, path: str) -> list[Imported]:
        """The star imports of a module, each once, without those that no rule can care for."""
        if path not in self._stars:
            self._stars[path] = [
                star
                for star in dict.fromkeys(self.scopes[path].module.stars)
                if self._vocabulary.keep(star.module) or self.program.locate(path, star.module, star.level)
            ]
        return self._stars[path]

    def _import(self, key: Key, binding: Imported, importer: str) -> None:
        """A library's module, a file of the submission, or either: both are kept."""
        path = self.program.locate(importer, binding.module, binding.level)
        modules = [] if binding.level else [binding.module]
        modules += [] if path is None else [own(path)]
        for module in modules:
            if binding.name:
                self._member(key, module, binding.name)
            else:
                self._learn(key, module)

    def _call(self, call: ast.Call, scope: Scope) -> None:
        functions = self.origins(call.func)
        if "getattr" in functions and len(call.args) >= 2:
            name = self.literal(call.args[1], scope)
            if name is not None:
                self._members(call, call.args[0], name)
        if "vars" in functions and call.args:
            self._members(call, call.args[0], DICT[1:])
        if functions & IMPORT_FUNCTIONS:
            name = self.imported(call, scope)
            if name is not None:
                self._import_call(call, name, scope.path)
        if isinstance(call.func, ast.Attribute) and call.func.attr in _BY_KEY and call.args:
            self._call_by_key(call, call.func, scope)

    def imported(self, call: ast.Call, scope: Scope) -> str | None:
        """The module that a call of `import_module` or `__import__` names; None if by no literal."""
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        name = self.literal(call.args[0] if call.args else given.get("name"), scope)
        package = self.literal(call.args[1] if len(call.args) > 1 else given.get("package"), scope)
        if name is None or not name.startswith(".") or not package:
            return name
        dotted = name.lstrip(".")
        base = package.split(".")[: len(package.split(".")) - (len(name) - len(dotted) - 1)]
        return ".".join([*base, dotted])

    def _call_by_key(self, call: ast.Call, function: ast.Attribute, scope: Scope) -> None:
        """`F.__getattribute__("conv2d")`, `object.__getattribute__(F, "conv2d")`, `vars(F).get("conv2d")`."""
        name = self.literal(call.args[-1 if function.attr in _BY_ATTRIBUTE else 0], scope)
        if name is not None and function.attr in _BY_ATTRIBUTE:
            self._members(call, function.value if len(call.args) == 1 else call.args[0], name)
        elif name is not None:
            self._entry(call, function.value, name, scope)

    def _import_call(self, call: ast.Call, name: str, importer: str) -> None:
        """`import_module("a.b")` gives a.b; `__import__("a.b")` gives a, or a.b with a from-list."""
        dotted = name.lstrip(".")
        has_list = len(call.args) > 3 or any(keyword.arg in ("fromlist", None) for keyword in call.keywords)
        modules = set()
        if "importlib.import_module" in self.origins(call.func) or has_list:
            modules.add(dotted)
        if self.origins(call.func) & {"__import__", "importlib.__import__"}:
            modules.add(dotted.partition(".")[0])
        for module in modules:
            self._import(id(call), Imported(module, level=len(name) - len(dotted)), importer)

    def _item(self, node: ast.Subscript, scope: Scope) -> None:
        """`sys.modules["torch"]`, `vars(F)["conv2d"]`, `F.__dict__["conv2d"]`."""
        if self.origins(node.value):
            name = self.literal(node.slice, scope)
            if name is not None:
                self._entry(node, node.value, name, scope)

    def _entry(self, node: ast.expr, mapping: ast.expr, name: str, scope: Scope) -> None:
        for origin in self.origins(mapping):
            if origin == "sys.modules":
                self._import(id(node), Imported(name), scope.path)
            elif origin == "__builtins__" or origin.endswith(DICT):
                self._member(id(node), origin.removesuffix(DICT), name)


def _is_definition(origin: str) -> bool:
    place = split_own(origin)
    return place is not None and place[1] != ""


def lookup(name: str, scope: Scope) -> tuple[Scope | None, list[Binding]]:
    """The scope that binds `name` as seen from `scope`, and its bindings; (None, []) for a builtin."""
    current: Scope | None = scope
    while current is not None:
        where = current.declared.get(name, current)
        if (current is scope or not current.is_class) and name in where.names:
            return where, where.names[name]
        current = current.parent
    return None, []
