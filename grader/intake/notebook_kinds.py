"""Which statements at the top level of a notebook are not run, and why: by its syntax trees alone.

Imports, definitions and assignments stay. Everything else goes, and so do assignments that download, mount,
plot or train: there is no network, nobody looks, and training takes long.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import StrEnum

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_DRIVE = {"drive.mount", "files.upload", "files.download", "auth.authenticate_user"}
_DOWNLOADERS = {"requests", "wget", "gdown", "httpx"}  # modules
_DOWNLOADS = {
    *("urlretrieve", "urlopen", "download", "download_url", "load_state_dict_from_url"),
    *("download_and_extract_archive", "hf_hub_download", "snapshot_download"),
}
_PLOTTERS = {"matplotlib", "seaborn", "plotly", "bokeh", "altair", "IPython"}
_ADDRESS = ("http://", "https://", "ftp://")


class Kind(StrEnum):
    """Why a line is not run, as students read it."""

    COMMAND = "magics, shell lines and help"
    DRIVE = "mounts and other things of Colab"
    DOWNLOAD = "downloads"
    PLOT = "plots"
    TRAINING = "training"
    OTHER = "calls, loops and other lines that define nothing"


class Kinds:
    """Tells the statements of one notebook apart."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        statements = [statement for tree in trees for statement in tree.body]
        self._plotters = {"plt", "sns", *_aliases(statements, _PLOTTERS)}
        self._trainers = _trainers(statements)

    def of(self, statement: ast.stmt) -> Kind | None:
        """Why a statement is not run; None if it is. Of `if` and `try` ask for what is inside."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return Kind.DRIVE if _imports_colab(statement) else None
        if isinstance(statement, (*_DEFINITIONS, ast.Pass)) or is_text(statement):
            return None
        kind = self._by_calls(statement)
        return kind if isinstance(statement, _ASSIGNMENTS) else kind or Kind.OTHER

    def _by_calls(self, statement: ast.stmt) -> Kind | None:
        calls = list(_calls(statement))
        names = [dotted(call.func) for call in calls]
        if any(name in _DRIVE for name in names):
            return Kind.DRIVE
        if any(_downloads(call, name) for call, name in zip(calls, names, strict=True)):
            return Kind.DOWNLOAD
        if any(_leaf(name) in self._trainers or _leaf(name) == "backward" for name in names):
            return Kind.TRAINING
        targets = [dotted(target) for target in getattr(statement, "targets", [])]
        if any(name.partition(".")[0] in self._plotters for name in (*names, *targets) if "." in name):
            return Kind.PLOT
        return None


def is_text(statement: ast.stmt) -> bool:
    """Whether it is a lone constant, such as a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a name with attributes; what they are taken from is "" where it is another expression."""
    steps: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute):
            steps.append(node.attr)
        node = node.value
    steps.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(steps))


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    """Every call that running the statement makes."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            continue
        if isinstance(node, ast.Call):
            yield node
        pending.extend(ast.iter_child_nodes(node))


def _downloads(call: ast.Call, name: str) -> bool:
    if _leaf(name) in _DOWNLOADS or name.partition(".")[0] in _DOWNLOADERS:
        return True
    for keyword in call.keywords:
        if keyword.arg in ("download", "pretrained") and _is_true(keyword.value):
            return True
    return any(
        isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.startswith(_ADDRESS)
        for value in (*call.args, *(keyword.value for keyword in call.keywords))
    )


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _imports_colab(statement: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return (statement.module or "").startswith("google.colab")
    return all(name.name.startswith("google.colab") for name in statement.names)


def _aliases(statements: Iterable[ast.stmt], modules: set[str]) -> Iterator[str]:
    """The names under which `modules`, or anything of them, are imported."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            for name in statement.names:
                if name.name.partition(".")[0] in modules:
                    yield name.asname or name.name.partition(".")[0]
        elif isinstance(statement, ast.ImportFrom) and (statement.module or "").partition(".")[0] in modules:
            yield from (name.asname or name.name for name in statement.names)


def _trainers(statements: Iterable[ast.stmt]) -> set[str]:
    """Functions and methods that call both `backward` and an optimizer's `step`, themselves or through others
    of this notebook.
    """
    reach: dict[str, set[str]] = {}
    for function in _functions(statements):
        called = {_leaf(dotted(call.func)) for node in function.body for call in _calls(node)}
        reach.setdefault(function.name, set()).update(called)
    callers: dict[str, set[str]] = {}
    for name, called in reach.items():
        for callee in called:
            callers.setdefault(callee, set()).add(name)
    return _reaching("backward", callers) & _reaching("step", callers)


def _reaching(goal: str, callers: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    pending = [goal]
    while pending:
        new = callers.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def _functions(statements: Iterable[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement
        elif isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body)
