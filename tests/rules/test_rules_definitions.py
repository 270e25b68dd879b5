"""require-names and signature."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_cases import lines, submission, violations

from grader.assignment import Rule
from grader.errors import SpecError
from grader.rules import check

FILES = {
    "solution.py": """\
        import torch
        from torch import nn
        from torch.nn import Conv2d
        from helper import imported, Shared, absent
        from broken import anything
        from package import part
        from stars import *
        import helper as module
        def f(): pass
        async def g(): pass
        x = y = 1
        (a, [b, *c]) = z
        annotated: int = 1
        for loop in []: pass
        with open(1) as handle: pass
        if x:
            def conditional(): pass
        try:
            import torch as t
        except ImportError:
            def fallback(): pass
        class Base:
            def inherited(self): pass
        class Net(Base, nn.Module):
            constant = 1
            def forward(self): pass
            def __init__(self): self.attribute = 1
            if 1:
                def maybe(self): pass
        Net.attached = f
        class Child(Shared): pass
        Alias = Net
        made = make()
        nn.Thing = 1
        def outer():
            def local(): pass
            global declared
            declared = 1
        """,
    "helper.py": "from deeper import imported\nclass Shared:\n  def shared(self): pass",
    "deeper.py": "def imported(): pass",
    "broken.py": "def (",
    "package/part.py": "",
    "stars.py": "from helper import *\nstarred = 1",
}
PRESENT = [
    *(
        "f",
        "g",
        "x",
        "y",
        "a",
        "b",
        "c",
        "annotated",
        "loop",
        "handle",
        "conditional",
        "fallback",
        "declared",
    ),
    *("imported", "Shared", "anything", "part", "module", "starred", "Alias", "made"),
    *("Net", "Net.forward", "Net.constant", "Net.inherited", "Net.maybe", "Net.attached", "Child.shared"),
    *("Alias.forward", "made.anything"),
]
MISSING = [
    "nope",
    "Conv2d",
    "nn",
    "t",
    "torch",
    "absent",
    "local",
    "Net.nope",
    "Net.attribute",
    "Alias.nope",
    "Child.nope",
    "z",
    "Thing",
]


@pytest.mark.parametrize("name", PRESENT)
def test_present(name):
    assert lines(FILES, "require-names", name) == []


@pytest.mark.parametrize("name", MISSING)
def test_missing(name):
    (found,) = violations(FILES, "require-names", name)
    assert (found.file, found.line, found.text) == ("solution.py", 0, "")
    assert found.message == f"`{name}` is missing: define it in `solution.py`."


def test_only_the_entry_counts():
    assert len(lines({"solution.py": "", "other.py": "def f(): pass"}, "require-names", "f")) == 1


def test_no_code_at_all_and_code_that_does_not_parse():
    (found,) = violations({"answers.toml": ""}, "require-names", "f", entry=None)
    assert found.message == "`f` is missing: define it."
    assert lines("def (", "require-names", "f") == []


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ("f(a, b=1)", "def f(a, b=1): pass"),
        ("f(a, b=1)", "def f(a: int, b: 'float' = 1.0) -> None: pass"),
        ("f(a, b=1)", "async def f(a=0, b=1, c=2, *args, d=3, **kwargs): pass"),
        ("f(a, b=1)", "f = lambda a, b=1: a"),
        ("f(a, b=1)", "def g(a, b=1): pass\nf = g"),
        ("f(a, b=1)", "from helper import f"),
        ("f(a, b=1)", "f = jit(g)"),
        ("f(a, b=1)", "def f(b): pass\ndef f(a, b=1): pass"),
        ("f(a, b=(1, -2))", "def f(a, b=( 1,-2 )): pass"),
        ("f(x=torch.float32)", "def f(x=torch . float32): pass"),
        ("f(a, *, b)", "def f(a, b=0): pass"),
        ("f(a, *, b=1)", "def f(a, *, c=0, b=1): pass"),
        ("f(*args)", "def f(*rest): pass"),
        ("f(a, /)", "def f(a, /): pass"),
        ("Net.forward(self, x)", "class Net:\n  def forward(self, x): pass"),
        ("Net.forward(self, x)", "class Net:\n  @staticmethod\n  def forward(x): pass"),
        ("Net.forward(x)", "class Net:\n  def forward(self, x): pass"),
        ("Net.forward(ctx, x, k)", "class Net:\n  @staticmethod\n  def forward(ctx, x, k): pass"),
        ("Net.make(x)", "class Net:\n  @classmethod\n  def make(cls, x): pass"),
        ("Net.forward(self, x)", "class Base:\n  def forward(self, x): pass\nclass Net(Base): pass"),
        ("Net(a, b=1)", "class Net:\n  def __init__(self, a, b=1): pass"),
        ("Net(a, b=1)", "class Net(nn.Module): pass"),
    ],
)
def test_signature_that_serves(wanted, actual):
    files = {"solution.py": actual, "helper.py": "def f(a, b=1): pass"}
    assert lines(files, "signature", wanted) == []


@pytest.mark.parametrize(
    ("wanted", "actual", "shown"),
    [
        ("f(a, b=1)", "def f(b, a=1): pass", "f(b, a=1)"),
        ("f(a, b=1)", "def f(a, b): pass", "f(a, b)"),
        ("f(a, b=1)", "def f(a, b=2): pass", "f(a, b=2)"),
        ("f(a, b=1)", "def f(a): pass", "f(a)"),
        ("f(a, b=1)", "def f(a, *, b=1): pass", "f(a, *, b=1)"),
        ("f(a)", "def f(a, b): pass", "f(a, b)"),
        ("f(a)", "def f(a, *, b): pass", "f(a, *, b)"),
        ("f(a)", "def f(*args, **kwargs): pass", "f(*args, **kwargs)"),
        ("f(a)", "def f(a, /): pass", "f(a, /)"),
        ("f(*args)", "def f(a=1): pass", "f(a=1)"),
        ("f(a, *, b)", "def f(a): pass", "f(a)"),
        ("f(b=True)", "def f(b=False): pass", "f(b=False)"),
        ("Net.forward(self, x)", "class Net:\n  def forward(self, y): pass", "Net.forward(y)"),
        ("Net.forward(ctx, x)", "class Net:\n  def forward(self, x): pass", "Net.forward(x)"),
        ("Net(a)", "class Net:\n  def __init__(self): pass", "Net()"),
    ],
)
def test_signature_that_does_not_serve(wanted, actual, shown):
    (found,) = violations(actual, "signature", wanted)
    assert found.message == f"`{shown}` must be callable as `{wanted}`."
    assert found.line == actual[: actual.index("def f" if "def f" in actual else "def _")].count("\n") + 1


@pytest.mark.parametrize("source", ["", "def g(a): pass", "from torch import f", "class f2: pass"])
def test_signature_of_what_is_missing(source):
    (found,) = violations(source, "signature", "f(a)")
    assert (found.line, found.message) == (0, "`f` is missing: define it as `f(a)`.")


@pytest.mark.parametrize("text", ["f(a", "f", "f(a b)", "1f()", "", "a b(x)", "f(x): return (1"])
def test_a_rule_that_is_no_signature_is_the_authors_fault(text):
    with pytest.raises(SpecError, match="is not a signature"):
        violations("def f(a): pass", "signature", text)


NAMES = st.sampled_from("abcd")


@st.composite
def signatures(draw):
    """A list of parameters as text: some without default, then some with one, then keywords."""
    names = draw(st.permutations("abcd"))[: draw(st.integers(0, 4))]
    split = draw(st.integers(0, len(names)))
    star = draw(st.integers(split, len(names)))
    parts = [*names[:split], *(f"{name}={draw(st.integers(0, 1))}" for name in names[split:star])]
    keywords = [name + draw(st.sampled_from(["", "=0", "=1"])) for name in names[star:]]
    return ", ".join([*parts, *(["*", *keywords] if keywords else [])])


@given(signatures(), signatures())
def test_serves_as_inspect_says(wanted, actual):
    """Oracle: each call that fits the wanted signature binds to the actual one and means the same."""
    rule = Rule(id="r", kind="signature", names=(f"f({wanted})",))
    serves = not check(submission(f"def f({actual}): pass"), (rule,))
    want, have = (inspect.signature(eval(f"lambda {text}: 0")) for text in (wanted, actual))  # noqa: S307
    assert serves == all(_same(have, want, *call) for call in _calls(want))


def _calls(want):
    """Calls by position and by name, with and without each default."""
    positional = [p for p in want.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = [p for p in want.parameters.values() if p.kind is p.KEYWORD_ONLY]
    least = sum(p.default is p.empty for p in positional)
    needed = {p.name: p.name for p in keywords if p.default is p.empty}
    every = {p.name: p.name for p in keywords}
    for named in (needed, every):
        for count in range(least, len(positional) + 1):
            yield tuple(p.name for p in positional[:count]), named
            yield (), {p.name: p.name for p in positional[:count]} | named


def _same(have, want, args, kwargs):
    bound = []
    for signature in (have, want):
        try:
            arguments = signature.bind(*args, **kwargs)
        except TypeError:
            return False
        arguments.apply_defaults()
        bound.append(
            {name: arguments.arguments[name] for name in want.parameters if name in arguments.arguments}
        )
    return bound[0] == bound[1]
