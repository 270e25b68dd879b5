"""What is written in a file but never runs: imports for type checkers, and annotations that stay text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.rules.resolve import Resolver, lookup
from grader.rules.scopes import Imported, Scope, Scopes

_FLAG = "TYPE_CHECKING"
_OF_TYPING = (Imported("typing", _FLAG), Imported("typing"))
_WORDS = {_FLAG, "typing"}  # who spells them as a text means to get at them in some other way
_MOST_PUT_TOGETHER = 2_000  # texts put together that are looked at

# What may have children that never run.
CONDITIONAL = frozenset({ast.If, ast.FunctionDef, ast.AsyncFunctionDef, ast.arg, ast.AnnAssign})


class Idle:
    """Knows it of the modules of a resolver's program."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        modules = resolver.program.modules
        self._unannotated = {path for path, module in modules.items() if _postpones_annotations(module.tree)}
        self._may_be_set: bool | None = None  # found out when somebody asks

    def below(self, node: ast.AST, scope: Scope) -> set[int]:
        """Ids of those children of a `CONDITIONAL` node that never run.

        Of what stands under `if TYPE_CHECKING:` only the imports, and only while the flag surely stays false.
        """
        if isinstance(node, ast.If):
            imports = {id(line) for line in node.body if isinstance(line, ast.Import | ast.ImportFrom)}
            return imports if imports and self._is_false(node.test, scope) else set()
        if scope.path in self._unannotated:
            notes = (getattr(node, "annotation", None), getattr(node, "returns", None))
            return {id(note) for note in notes if note is not None}
        return set()

    def _is_false(self, test: ast.expr, scope: Scope) -> bool:
        """Whether a test is `TYPE_CHECKING` or `typing.TYPE_CHECKING`, and that the one of the library."""
        wanted = _OF_TYPING[0]
        name = test
        if isinstance(test, ast.Attribute) and test.attr == _FLAG:
            wanted, name = _OF_TYPING[1], test.value
        if not isinstance(name, ast.Name) or self._resolver.origins(test) != {f"typing.{_FLAG}"}:
            return False
        home, bindings = lookup(name.id, scope)
        if home is None or home.stars or any(binding != wanted for binding in bindings):
            return False
        if self._may_be_set is None:
            self._may_be_set = any(map(self._may_set, self._resolver.scopes))
        return not self._may_be_set

    def _may_set(self, path: str) -> bool:
        """Whether a module may make the flag true, of `typing` itself or of what is taken for it."""
        scopes = self._resolver.scopes[path]
        bound = (binding for scope in scopes.all for binding in scope.names.get(_FLAG, ()))
        if any(binding != _OF_TYPING[0] for binding in bound):
            return True
        put_together = 0
        for node in _nodes(self._resolver.program.modules[path].tree, scopes):
            if isinstance(node, ast.BinOp | ast.JoinedStr):
                put_together += 1
                text = self._resolver.literal(node, scopes.of.get(id(node), scopes.module))
                if text in _WORDS or put_together > _MOST_PUT_TOGETHER:
                    return True
            elif _names_it(node):
                return True
        return False


def _names_it(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=attr, ctx=ast.Store() | ast.Del()):
            return attr == _FLAG
        case ast.keyword(arg=str() as name):
            return name == _FLAG
        case ast.Constant(value=str() as text):
            return text in _WORDS
    return False


def _nodes(tree: ast.Module, scopes: Scopes) -> Iterator[ast.AST]:
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending += scopes.children(node)


def _postpones_annotations(tree: ast.Module) -> bool:
    """By the library's own `__future__`: one that is imported with dots is a file of theirs."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and node.level == 0
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )
