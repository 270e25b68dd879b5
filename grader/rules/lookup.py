"""Finds the definition of a name from the entry module on: through own imports, aliases and base classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from grader.rules.program import Program
from grader.rules.reach import top_level
from grader.rules.resolve import Resolver
from grader.rules.scopes import Imported

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_MAX_STEPS = 200  # imports, aliases and base classes followed for one name


@dataclass(frozen=True)
class Found:
    """Where a name is bound. `node` is None where it is bound to something that is not followed."""

    path: str
    line: int = 0
    node: ast.ClassDef | Function | None = None


class Lookup:
    """Looks names up in one module, `entry`: "" where there is no code."""

    def __init__(self, resolver: Resolver, entry: str) -> None:
        self._program: Program = resolver.program
        self._scopes = resolver.scopes
        self._tops = {path: top_level(module.tree.body) for path, module in self._program.modules.items()}
        self.entry = entry

    def find(self, dotted: str) -> Found | None:
        """The last definition of `name` or `Class.method`; None if there is surely none."""
        name, _, method = dotted.partition(".")
        found = self._name(self.entry, name)
        if method and found is not None and isinstance(found.node, ast.ClassDef):
            return self._method(found.path, found.node, method)
        return found

    def find_callable(self, dotted: str) -> Found | None:
        """As `find`; for a class its `__init__`, where it has one of its own."""
        found = self.find(dotted)
        if found is not None and isinstance(found.node, ast.ClassDef):
            return self._method(found.path, found.node, "__init__") or Found(found.path, found.line)
        return found

    def _name(self, path: str, name: str) -> Found | None:
        pending = [(path, name)]
        seen: set[tuple[str, str]] = set()
        while pending and len(seen) < _MAX_STEPS:
            place = pending.pop()
            if place in seen:
                continue
            seen.add(place)
            for step in self._here(*place):
                if isinstance(step, Found):
                    return step
                pending.append(step)
        return None

    def _here(self, path: str, name: str) -> Iterator[Found | tuple[str, str]]:
        """The definition of `name` in one module, or the modules and names where to look instead."""
        if path not in self._program.modules:
            if path.endswith("/") or path in self._program.sources:
                yield Found(path)  # a folder, or a file that does not parse: the name may be there
            return
        for statement in reversed(self._tops[path].get(name, [])):
            if isinstance(statement, _Definition):
                yield Found(path, statement.lineno, statement)
                return
            if _assigns(statement, name):
                yield from self._assigned(path, statement)
                return
        yield from self._imported(path, name)

    def _assigned(self, path: str, statement: ast.stmt) -> Iterator[Found | tuple[str, str]]:
        """`name = other` and `name = lambda ...` are followed; anything else is taken as it is."""
        value = getattr(statement, "value", None)
        alias = value.id if isinstance(value, ast.Name) else None
        if isinstance(value, ast.Lambda):
            yield Found(path, statement.lineno, value)
        elif alias in self._tops[path]:
            yield path, alias
        else:
            yield Found(path, statement.lineno)

    def _imported(self, path: str, name: str) -> Iterator[Found | tuple[str, str]]:
        scope = self._scopes[path].module
        for binding in scope.names.get(name, ()):
            if not isinstance(binding, Imported):
                yield Found(path)  # by a loop, a `with` or a `global`
                continue
            target = self._program.locate(path, binding.module, binding.level)
            if target is not None and (
                not binding.name or self._program.submodule(target, binding.name) is not None
            ):
                yield Found(path)  # a module of the submission
            elif target is not None:
                yield target, binding.name
        for star in scope.stars:
            target = self._program.locate(path, star.module, star.level)
            if target is not None:
                yield target, name

    def _method(self, path: str, class_: ast.ClassDef, method: str) -> Found | None:
        pending = [(path, class_)]
        seen: set[int] = set()
        while pending and len(seen) < _MAX_STEPS:
            where, node = pending.pop(0)
            if id(node) in seen:
                continue
            seen.add(id(node))
            found = self._in_class(where, node, method)
            if found is not None:
                return found
            for base in node.bases:
                above = self._name(where, base.id) if isinstance(base, ast.Name) else None
                if above is not None and isinstance(above.node, ast.ClassDef):
                    pending.append((above.path, above.node))
        return None

    def _in_class(self, path: str, node: ast.ClassDef, method: str) -> Found | None:
        for statement in reversed(top_level(node.body).get(method, [])):
            function = statement if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) else None
            return Found(path, statement.lineno, function)
        for statement in self._tops[path].get(node.name, []):
            if any(
                isinstance(target, ast.Attribute) and target.attr == method for target in _targets(statement)
            ):
                return Found(path, statement.lineno)  # Class.method = function
        return None


def _targets(statement: ast.stmt) -> list[ast.expr]:
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    return [target for target in targets if target is not None]


def _assigns(statement: ast.stmt, name: str) -> bool:
    """Whether a statement binds `name` itself, and not an attribute or item of it."""
    nodes = (node for target in _targets(statement) for node in ast.walk(target))
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store) for node in nodes
    )
