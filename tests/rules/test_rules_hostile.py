"""Nothing in a submission makes the rules raise, run or hang, and aliases agree with Python itself."""

import sys
import types
from contextlib import suppress
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_cases import lines, submission, violations

from grader.assignment import Rule
from grader.rules import check

RULES = (
    Rule(id="a", kind="forbid-imports", names=("torch.nn",)),
    Rule(id="b", kind="allow-imports", names=("stdlib",)),
    Rule(
        id="c", kind="forbid-calls", names=("torch.nn.functional.conv2d", ".backward", "dynamic", "torch.c*")
    ),
    Rule(id="d", kind="forbid-calls", names=("torch.conv2d",), scope="f"),
    Rule(id="e", kind="require-names", names=("f", "A.b")),
    Rule(id="f", kind="signature", names=("f(a, b=1)", "A.b(self)")),
)


CHAIN = "".join(f"a{n + 1} = a{n}\n" for n in range(2000))


def test_no_rules_no_violations():
    assert check(submission("import torch"), ()) == ()


@pytest.mark.parametrize(
    "source", ["def (", b"\0\xff", b"\xff\xfe\0", "x = " + "9" * 10_000, "# coding: punycode\ndef ("]
)
def test_what_does_not_parse_is_skipped(source):
    assert check(submission(source), RULES) == ()
    files = {"solution.py": "def f(a, b=1): pass\nclass A:\n  def b(self): pass", "other.py": source}
    assert check(submission(files), RULES) == ()


@pytest.mark.parametrize(
    "source", ["-" * 20_000 + "1", "x" + ".a" * 20_000, "1" + "+1" * 20_000, "a\n" * 200_001]
)
def test_what_python_gives_up_on_cannot_hide_behind_that(source):
    files = {"solution.py": "", "deep.py": source}
    (found,) = violations(files, "forbid-calls", "torch.conv2d")
    assert (found.file, found.line) == ("deep.py", 0)
    assert "too long or nested too deeply" in found.message


def test_many_files_share_one_budget(monkeypatch):
    monkeypatch.setattr("grader.rules.program.MAX_TOKENS", 8)
    files = {"solution.py": "a = 1", "a.py": "a = 1", "b.py": "a = b = 1"}
    found = violations(files, "forbid-calls", "torch.conv2d")
    assert [(v.file, v.line) for v in found] == [("b.py", 0)]


@pytest.mark.parametrize(
    "source",
    [
        "import torch\na0 = torch\n" + CHAIN + "a2000.conv2d",
        "a2000.conv2d\n" + "\n".join(reversed(CHAIN.splitlines())) + "\nimport torch as a0",
        "import torch\nt = torch\n" + "t = t or t.x or t.y or t.z\n" * 500 + "t.conv2d",
        "import torch as a, torch as b\n" + "a = b if a else a\nb = a.x or b.y\n" * 500 + "a.conv2d",
    ],
)
def test_long_and_circular_aliases_are_followed(source):
    number = next(n for n, line in enumerate(source.splitlines(), 1) if "conv2d" in line)
    assert lines(source, "forbid-calls", "torch.conv2d") == [number]


@pytest.mark.parametrize(
    "source",
    [
        "f = f\nf()",
        "s = s + s\ngetattr(x, s)",
        "s = 'a'\n" + "s = s + s\n" * 100 + "getattr(x, s)",
        "".join(f"s{n + 1} = s{n} + s{n}\n" for n in range(100)) + "s0 = 'a'\ngetattr(x, s100)",
        "class A(A): pass\nclass B(C): pass\nclass C(B): pass",
        "from solution import *\nfrom solution import f\nimport solution as solution\nsolution.solution.x",
        "from . import *\nfrom .. import x\nfrom .... import *\nfrom .x import y",
        "def f(a, b=1, *c, d, **e): pass",
        "def f(*, f=f): pass",
        "global f\nnonlocal g\ndel f",
        "match x:\n  case {'a': [f, *g], **h} as i: pass",
        "eval('eval(\"eval(1)\")')",
        "def f(a={}): pass".format("[" * 90 + "]" * 90),
        "A.b = lambda self: 0\nclass A: A.b = 1",
        "import a.b.c as d, e\nfrom f.g import h as i",
    ],
)
def test_odd_sources(source):
    check(submission(source), RULES)
    check(submission({"pkg/solution.py": source, "pkg/__init__.py": source}, "pkg/solution.py"), RULES)


def test_star_imports_in_circles():
    stars = "".join(f"from m{n} import *\n" for n in range(30))
    files = {f"m{n}.py": f"{stars}x\ny" for n in range(30)}
    check(submission({**files, "solution.py": "from m0 import *\nx.y"}), RULES)


def test_nothing_is_executed(tmp_path):
    marker = tmp_path / "ran"
    source = f"open({str(marker)!r}, 'w')\nexec(\"open({str(marker)!r}, 'w')\")\n__import__('antigravity')"
    before = set(sys.modules)
    check(submission(source), RULES)
    assert not marker.exists()
    assert "antigravity" not in set(sys.modules) - before


WORDS = [
    *("import torch", "from . import", "as", "torch", "f", "F", "=", ".", "(", ")", ":", "\n", "\n  ", ","),
    *("def f(a)", "class A", "if", "else", "lambda", "[", "]", "for F in", "*", "1", "global f", "return"),
    *("getattr", "'conv2d'", "exec"),
]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_random_words(source):
    check(submission(source), RULES)


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
def test_random_bytes(source):
    check(submission(source), RULES)


@pytest.mark.parametrize("name", ["argparse", "dataclasses", "typing", "inspect", "ast", "enum"])
def test_real_modules(name):
    module = __import__(name)
    with open(module.__file__, "rb") as stream:  # noqa: PTH123
        source = stream.read()
    found = check(submission({"solution.py": source}), RULES)
    assert {violation.rule_id for violation in found if violation.rule_id in ("a", "b", "d")} == set()


class Spy(types.ModuleType):
    """A fake torch that remembers whether conv2d was read from it."""

    def __init__(self):
        super().__init__("torch")
        self.read = False

    def __getattribute__(self, name):
        if name == "conv2d":
            object.__setattr__(self, "read", True)
        return object.__getattribute__(self, name)

    def conv2d(self):
        return None


MODULES = st.sampled_from(["torch", "t", "u", "v"])
STEPS = st.one_of(
    st.builds("import torch as {}".format, MODULES),
    st.builds("{} = {}".format, MODULES, MODULES),
    st.builds("{}, {} = {}, {}".format, MODULES, MODULES, MODULES, MODULES),
    st.builds("({} := {})".format, MODULES, MODULES),
    st.builds("{} = {} if 1 else 0".format, MODULES, MODULES),
    st.builds("{}.other = {}".format, MODULES, MODULES),
    st.builds("{} = {}.other".format, MODULES, MODULES),
    st.builds("{} = getattr({}, 'other')".format, MODULES, MODULES),
    st.builds("{}.conv2d".format, MODULES),
    st.builds("getattr({}, 'conv' + '2d')".format, MODULES),
    st.builds("[{}.conv2d for {} in [1]]".format, MODULES, st.just("x")),
)


@given(st.lists(STEPS, min_size=1, max_size=8))
def test_what_python_reads_is_found(steps):
    """Oracle: run the program with a fake torch. If conv2d is read, the rule must say so."""
    if _reads(steps):
        assert lines("\n".join(steps), "forbid-calls", "torch.conv2d")


def _reads(program):
    spy = Spy()
    code = compile("\n".join(program), "program", "exec")
    with mock.patch.dict(sys.modules, {"torch": spy}), suppress(NameError, AttributeError, TypeError):
        exec(code, {})  # noqa: S102
    return spy.read
