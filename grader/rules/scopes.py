"""Which names a module binds, in which scope, and to what, whatever the order of execution."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.intake.syntax import parse
from grader.rules.origins import RUN_FUNCTIONS

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LEAVES = frozenset({ast.Name, ast.Constant})
_BINDING = frozenset(
    {
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Import,
        ast.ImportFrom,
        ast.Assign,
        ast.AnnAssign,
    }
    | {ast.NamedExpr, ast.Name, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping}
    | {ast.Global, ast.Nonlocal}
)  # what `_bind` looks at
_EXPRESSIONS = (
    *(ast.Name, ast.Attribute, ast.Subscript, ast.Call),
    *(ast.NamedExpr, ast.IfExp, ast.BoolOp),
)


@dataclass(frozen=True)
class Imported:
    """`import module` (name ""), `from module import name`; `level` counts the leading dots."""

    module: str
    name: str = ""
    level: int = 0


@dataclass(frozen=True)
class Assigned:
    """`x = value`, in the scope where `value` is evaluated."""

    value: ast.expr
    scope: Scope


@dataclass(frozen=True)
class Defined:
    """Bound to something that is not followed: a function or class, which is `node`; a loop variable..."""

    node: ast.AST | None = None


Binding = Imported | Assigned | Defined


@dataclass(eq=False)
class Scope:
    """The names of a module, class body, function or comprehension."""

    path: str
    parent: Scope | None = None
    is_class: bool = False
    is_comprehension: bool = False
    names: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[Imported] = field(default_factory=list)
    declared: dict[str, Scope] = field(default_factory=dict)  # by global and nonlocal

    def bind(self, name: str, binding: Binding) -> None:
        """Add a binding, where a declaration says so in another scope."""
        self.declared.get(name, self).names.setdefault(name, []).append(binding)

    def module(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def enclosing_function(self) -> Scope:
        """Where `nonlocal` binds, and `:=` inside a comprehension."""
        scope = self
        while scope.parent is not None and (scope.is_class or scope.is_comprehension):
            scope = scope.parent
        return scope


@dataclass
class Scopes:
    """The scopes of one module.

    all:         every scope, the module's first.
    of:          id of a node -> its scope.
    expressions: those that may refer to something, with their scopes, in the order of the text.
    fields:      attribute and value of each `x.attribute = value`.
    texts:       id of a call of exec, eval or compile -> the trees of the literal that it is given.
    """

    module: Scope
    all: list[Scope] = field(default_factory=list)
    expressions: list[tuple[ast.expr, Scope]] = field(default_factory=list)
    of: dict[int, Scope] = field(default_factory=dict)
    fields: list[tuple[str, ast.expr]] = field(default_factory=list)
    texts: dict[int, list[ast.AST]] = field(default_factory=dict)

    _children: dict[int, list[ast.AST]] = field(default_factory=dict)

    def children(self, node: ast.AST) -> list[ast.AST]:
        """Child nodes, and what a literal given to exec or eval contains."""
        known = self._children.get(id(node))
        if known is None:
            known = self._children[id(node)] = [*_child_nodes(node), *self.texts.get(id(node), ())]
        return known


def _child_nodes(node: ast.AST) -> list[ast.AST]:
    """As ast.iter_child_nodes, but without Load and Store, which every name has and nobody asks for."""
    if type(node) in _LEAVES:
        return []
    children: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            children += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            children.append(value)
    return children


def build_scopes(path: str, tree: ast.Module) -> Scopes:
    """Walk the whole tree, without recursion."""
    builder = _Builder(Scopes(Scope(path)))
    builder.walk(tree)
    return builder.scopes


class _Builder:
    def __init__(self, scopes: Scopes) -> None:
        self.scopes = scopes
        self._stack: list[tuple[ast.AST, Scope]] = []
        self._bound: set[int] = set()  # names whose binding is already recorded

    def walk(self, tree: ast.Module) -> None:
        self.scopes.all.append(self.scopes.module)
        self._stack = [(tree, self.scopes.module)]
        while self._stack:
            node, scope = self._stack.pop()
            self.scopes.of[id(node)] = scope
            if isinstance(node, _EXPRESSIONS):
                self.scopes.expressions.append((node, scope))
            if type(node) in _BINDING:
                self._bind(node, scope)
            self._descend(node, scope)

    def _push(self, nodes: Sequence[ast.AST | None], scope: Scope) -> None:
        self._stack += [(node, scope) for node in reversed(nodes) if node is not None]

    def _inner(self, scope: Scope, *, is_class: bool = False, is_comprehension: bool = False) -> Scope:
        inner = Scope(scope.path, scope, is_class, is_comprehension)
        self.scopes.all.append(inner)
        return inner

    def _descend(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, _FUNCTIONS):
            self._function(node, scope)
        elif isinstance(node, ast.ClassDef):
            inner = self._inner(scope, is_class=True)
            self._push([*node.decorator_list, *node.bases, *node.keywords], scope)
            self._push(node.body, inner)
        elif isinstance(node, _COMPREHENSIONS):
            inner = self._inner(scope, is_comprehension=True)
            first = node.generators[0]
            inside = [child for child in ast.iter_child_nodes(node) if child is not first]
            self._push([*inside, first.target, *first.ifs], inner)
            self._push([first.iter], scope)
            self.scopes.of[id(first)] = inner
        else:
            if isinstance(node, ast.Call):
                self._text(node)
            self._push(self.scopes.children(node), scope)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> None:
        inner = self._inner(scope)
        arguments = node.args
        self.scopes.of[id(arguments)] = scope
        for argument in arguments_of(arguments):
            inner.bind(argument.arg, Defined())
            self.scopes.of[id(argument)] = scope
            self._push([argument.annotation], scope)
        for argument, default in _defaults(arguments):
            inner.bind(argument.arg, Assigned(default, scope))
            self._push([default], scope)
        if isinstance(node, ast.Lambda):
            self._push([node.body], inner)
        else:
            self._push([*node.decorator_list, node.returns], scope)
            self._push(node.body, inner)

    def _text(self, call: ast.Call) -> None:
        """Parse a literal that is given to exec, eval or compile; its names count as if they stood there."""
        first = call.args[0] if call.args else None
        if not (_runs_text(call.func) and isinstance(first, ast.Constant) and isinstance(first.value, str)):
            return
        parsed = parse(first.value.strip(" \t").encode("utf-8", "replace"), "text")
        if parsed.tree is None:
            return
        for node in ast.walk(parsed.tree):
            if hasattr(node, "lineno"):
                node.lineno = call.lineno
        self.scopes.texts[id(call)] = list(parsed.tree.body)

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope.bind(node.name, Defined(node))
            case ast.Import() | ast.ImportFrom():
                _bind_import(node, scope)
            case ast.Assign():
                for target in node.targets:
                    self._assign(target, node.value, scope)
            case ast.AnnAssign(value=ast.expr() as value):
                self._assign(node.target, value, scope)
            case ast.NamedExpr():
                self._assign(node.target, node.value, scope)
            case ast.Name(ctx=ast.Store() | ast.Del()) if id(node) not in self._bound:
                scope.bind(node.id, Defined())
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                scope.bind(name, Defined())
            case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                scope.bind(name, Defined())
            case ast.Global():
                scope.declared.update(dict.fromkeys(node.names, scope.module()))
            case ast.Nonlocal() if scope.parent is not None:
                scope.declared.update(dict.fromkeys(node.names, scope.parent.enclosing_function()))

    def _assign(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        """Bind names to values, element by element where both sides are written out."""
        pairs = [(target, value)]
        while pairs:
            left, right = pairs.pop()
            if isinstance(left, ast.Name):
                home = scope.enclosing_function() if scope.is_comprehension else scope
                home.bind(left.id, Assigned(right, scope))
                self._bound.add(id(left))
            elif isinstance(left, ast.Attribute):
                self.scopes.fields.append((left.attr, right))
            elif isinstance(left, ast.Tuple | ast.List) and isinstance(right, ast.Tuple | ast.List):
                starred = any(isinstance(element, ast.Starred) for element in [*left.elts, *right.elts])
                if not starred and len(left.elts) == len(right.elts):
                    pairs += zip(left.elts, right.elts, strict=True)


def _runs_text(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="builtins"), attr=name):
            return name in RUN_FUNCTIONS
    return False


def arguments_of(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters."""
    stars = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]


def _defaults(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    late = positional[len(positional) - len(arguments.defaults) :]
    pairs = [*zip(late, arguments.defaults, strict=True)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return pairs + [(argument, default) for argument, default in keywords if default is not None]


def _bind_import(node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    for alias in node.names:
        if isinstance(node, ast.Import):
            top = alias.name.split(".")[0]
            scope.bind(alias.asname or top, Imported(alias.name if alias.asname else top))
        elif alias.name == "*":
            scope.module().stars.append(Imported(node.module or "", level=node.level))
        else:
            scope.bind(alias.asname or alias.name, Imported(node.module or "", alias.name, node.level))
