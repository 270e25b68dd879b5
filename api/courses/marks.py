"""Which marks the tests of a spec carry, read from syntax trees: nothing of a spec runs in the service."""

from __future__ import annotations

import ast
from pathlib import Path

_HOLDERS = {"mark", "marks", "spec"}  # pytest.mark.slow, grader.spec.marks.slow, grader.spec.slow


def marks_of(folder: Path) -> frozenset[str]:
    """Names such as "slow" or "gpu" that the test files of `folder` take from pytest or `grader.spec`.

    A name that is imported counts as used: a stage without tests costs a moment, a missing one costs points.

    Raises:
        SyntaxError, UnicodeDecodeError: a test file is no Python.
    """
    found: set[str] = set()
    for path in sorted([*folder.glob("test_*.py"), *folder.glob("*_test.py"), *folder.glob("conftest.py")]):
        for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
            found |= _named(node)
    return frozenset(found)


def _named(node: ast.AST) -> set[str]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grader.spec"):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.Attribute) and _last_name(node.value) in _HOLDERS:
        return {node.attr}
    return set()


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
