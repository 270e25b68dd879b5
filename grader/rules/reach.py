"""What a rule looks at: everything that can run, or a class or function and what it refers to."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from grader.rules.idle import CONDITIONAL, Idle
from grader.rules.origins import split_own
from grader.rules.patches import Part, Patches
from grader.rules.program import Module
from grader.rules.resolve import Resolver
from grader.rules.scopes import Imported, Scope

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = (ast.stmt, ast.ExceptHandler, ast.match_case)


@dataclass(frozen=True, slots=True)
class Place:
    """A node that can run, with its scope and file."""

    node: ast.AST
    scope: Scope
    module: Module

    @property
    def line(self) -> int:
        """The line of the node, 0 if it has none."""
        return int(getattr(self.node, "lineno", 0))


def top_level(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """The statements of a body that define or assign each name, inside `if`, `try` and `with` too."""
    found: dict[str, list[ast.stmt]] = {}
    pending: list[ast.AST] = list(reversed(body))
    while pending:
        node = pending.pop()
        if isinstance(node, _DEFINITIONS):
            found.setdefault(node.name, []).append(node)
            continue
        if isinstance(node, ast.stmt):
            for name in _assigned(node):
                found.setdefault(name, []).append(node)
        inside = [child for child in ast.iter_child_nodes(node) if isinstance(child, _BLOCKS)]
        pending += reversed(inside)
    return found


class Reach:
    """Finds places in the modules of a resolver's program."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        modules = resolver.program.modules
        self.defined = {path: top_level(module.tree.body) for path, module in modules.items()}
        self._idle = Idle(resolver)
        self._places: dict[str | None, list[Place]] = {}

    @cached_property
    def _patches(self) -> Patches:
        return Patches(self._resolver)

    def places(self, scope: str | None) -> list[Place]:
        """All places, or those inside every top-level `scope` and what that refers to in the submission."""
        if scope not in self._places:
            self._places[scope] = list(self._everywhere() if scope is None else self._below(scope))
        return self._places[scope]

    def _everywhere(self) -> Iterator[Place]:
        for module in self._resolver.program.modules.values():
            yield from self._walk(module.tree, module)

    def _below(self, scope: str) -> Iterator[Place]:
        parts = deque(self._patches.onto(scope))
        pending = [(path, scope) for path in sorted(self.defined)]
        done = set(pending)
        seen: set[int] = set()
        on_libraries = self._patches.on_libraries()
        while pending or parts:
            fresh: set[tuple[str, str]] = set()
            if not parts:
                path, name = pending.pop()
                fresh.update(self._passed_on(path, name))
                parts.extend(Part(statement, path) for statement in self.defined[path].get(name, ()))
            elif id((part := parts.popleft()).node) not in seen:
                seen.add(id(part.node))
                for place in self._walk(part.node, self._resolver.program.modules[part.path]):
                    yield place
                    fresh.update(self._targets(place))
                    parts += on_libraries.pop(_read(place.node), ())
            fresh = {target for target in fresh if target[0] in self.defined} - done
            done |= fresh
            pending += sorted(fresh)

    def _targets(self, place: Place) -> list[tuple[str, str]]:
        """Definitions of the submission that a place names, as (path, name)."""
        origins = self._resolver.origins(place.node)
        places = [split_own(origin) for origin in origins] if origins else []
        return [target for target in places if target is not None]

    def _passed_on(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        """Where a module has `name` from, if it imports it from another one of the submission."""
        scope = self._resolver.scopes[path].module
        for binding in [*scope.names.get(name, ()), *scope.stars]:
            if isinstance(binding, Imported):
                target = self._resolver.program.locate(path, binding.module, binding.level)
                if target is not None:
                    yield target, binding.name or name

    def _walk(self, root: ast.AST, module: Module) -> Iterator[Place]:
        """Every node below `root` that can run, in the order of the text."""
        scopes = self._resolver.scopes[module.path]
        pending = [root]
        while pending:
            node = pending.pop()
            scope = scopes.of.get(id(node), scopes.module)
            yield Place(node, scope, module)
            children = scopes.children(node)
            if type(node) in CONDITIONAL and (idle := self._idle.below(node, scope)):
                children = [child for child in children if id(child) not in idle]
            pending += reversed(children)


def _read(node: ast.AST) -> str:
    """The attribute that a node reads, "" if it reads none."""
    return node.attr if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) else ""


def _assigned(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement assigns; `X` also for `X.attribute = ...`."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    pending: list[ast.AST | None] = list(targets)
    while pending:
        target = pending.pop()
        if isinstance(target, ast.Attribute | ast.Subscript):
            pending.append(target.value)
        elif isinstance(target, ast.Tuple | ast.List | ast.Starred):
            pending += ast.iter_child_nodes(target)
        elif isinstance(target, ast.Name):
            yield target.id
