"""Running a file statement by statement: what counts as a definition, and how annotations are read."""

import types

import pytest

from grader.harness import salvage


def run(tmp_path, source):
    path = tmp_path / "solution.py"
    path.write_text(source)
    module = types.ModuleType("solution")
    return salvage.run(path, module), module


def test_a_long_chain_of_elif_loses_nothing_else(tmp_path):
    chain = "if a:\n    pass\n" + "elif a:\n    pass\n" * 1100
    _, module = run(tmp_path, f"a = 0\n{chain}B = 2\n")
    assert module.B == 2


def test_loops_inside_branches_are_skipped(tmp_path):
    skipped, module = run(
        tmp_path, "if 1:\n    try:\n        for i in []: pass\n    finally:\n        b = 1\nc = 2\n"
    )
    assert [one.line for one in skipped] == [1]
    assert module.c == 2


@pytest.mark.parametrize("level", ["", "."])
def test_only_the_real_future_postpones_annotations(tmp_path, level):
    _, module = run(tmp_path, f"from {level}__future__ import annotations\ndef f(x: int): pass\n")
    assert module.f.__annotations__ == {"x": int if level else "int"}
