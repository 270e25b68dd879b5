"""Runs what can be run of a file that fails, or takes too long, at import: imports, definitions and
assignments.

Each statement runs by itself under an alarm. One that fails, hangs or is not a definition is skipped and
named, and the rest still counts.
"""

from __future__ import annotations
import __future__ as future_features

import ast
import signal
import time
import types
from dataclasses import dataclass
from pathlib import Path

_IMPORT_SECONDS = 10.0
_STATEMENT_SECONDS = 1.0
_ALL_SECONDS = 5.0  # of all statements of a file together that are no imports
_LEAST_SECONDS = 0.1  # of each, even if these are used up
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Pass)


@dataclass(frozen=True)
class Skipped:
    """A top-level statement that was left out."""

    line: int
    source: str
    reason: str


class _TooLong(BaseException):
    """Raised by the alarm; not an Exception, so that a bare `except Exception` of theirs does not
    swallow it.
    """


def run(path: Path, module: types.ModuleType) -> list[Skipped]:
    """Run the definitions of a file in `module`'s namespace; what was skipped.

    Raises:
        SyntaxError: there is no tree to salvage anything from.
    """
    source = path.read_bytes()
    tree = ast.parse(source, str(path))
    flags = _future_flags(tree)
    lines = source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    skipped = []
    patience = _Patience()
    for statement in tree.body:
        reason = _run_statement(statement, str(path), module, flags, patience)
        if reason:
            text = lines[statement.lineno - 1].strip() if statement.lineno <= len(lines) else ""
            skipped.append(Skipped(statement.lineno, text[:200], reason))
    return skipped


class _Patience:
    """How long a statement may take: all but imports together have a limit too."""

    def __init__(self) -> None:
        self._left = _ALL_SECONDS

    def of(self, statement: ast.stmt) -> float:
        """Seconds."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return _IMPORT_SECONDS
        return min(_STATEMENT_SECONDS, max(self._left, _LEAST_SECONDS))

    def spend(self, seconds: float) -> None:
        """What a statement took that is no import."""
        self._left -= seconds


def _run_statement(
    statement: ast.stmt, filename: str, module: types.ModuleType, flags: int, patience: _Patience
) -> str:
    """Run one; the reason why it was skipped, or ''."""
    if _is_docstring(statement) or _is_main_guard(statement):
        return ""
    if not _is_definition(statement):
        return "only imports, definitions and assignments are run"
    seconds, began = patience.of(statement), time.monotonic()
    try:
        code = compile(ast.Module([statement], []), filename, "exec", flags=flags, dont_inherit=True)
        with _Alarm(seconds):
            exec(code, module.__dict__)  # noqa: S102 - inside the sandbox, where running it is the point
    except _TooLong:
        return f"it took longer than {seconds:.2g} s"
    except BaseException as error:  # SystemExit at import must not end the harness
        return _described(error)
    finally:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            patience.spend(time.monotonic() - began)
    return ""


def _described(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"[:200]
        return text.encode("utf-8", "replace").decode()
    except BaseException:  # their __str__ raised
        return type(error).__name__


def _is_definition(statement: ast.stmt) -> bool:
    """Whether it is one, or holds nothing else. A chain of `elif` can be deeper than Python's own stack."""
    pending = [statement]
    while pending:
        statement = pending.pop()
        if isinstance(statement, ast.If | ast.Try):
            pending += [*statement.body, *statement.orelse]
            if isinstance(statement, ast.Try):
                pending += statement.finalbody
                pending += (line for handler in statement.handlers for line in handler.body)
        elif not (isinstance(statement, _DEFINITIONS + _SIMPLE) or _is_docstring(statement)):
            return False
    return True


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_main_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in {
        node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name)
    }


def _future_flags(tree: ast.Module) -> int:
    flags = 0
    for statement in tree.body:
        if not isinstance(statement, ast.ImportFrom) or statement.level:  # `.__future__` is a file of theirs
            continue
        if statement.module == "__future__":
            for name in statement.names:
                flags |= getattr(getattr(future_features, name.name, None), "compiler_flag", 0)
    return flags


class _Alarm:
    """Raises `_TooLong` in the main thread after some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        def ring(_number: int, _frame: types.FrameType | None) -> None:
            raise _TooLong

        self._before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
