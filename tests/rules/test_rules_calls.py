"""forbid-calls: every way to reach a forbidden function, and what must not be taken for one."""

import pytest
from rules_cases import lines, submission, violations

from grader.assignment import Rule
from grader.rules import check

CONV = "torch.nn.functional.conv2d"


def conv(files, **rule):
    return lines(files, "forbid-calls", CONV, "torch.conv2d", **rule)


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn.functional as F\nF.conv2d(x, w)",
        "from torch.nn import functional\nfunctional.conv2d(x, w)",
        "from torch.nn import functional as G\nG.conv2d(x, w)",
        "from torch.nn.functional import conv2d as c\nc(x, w)",
        "from torch.nn.functional import *\nconv2d(x, w)",
        "from torch.nn import *\nfunctional.conv2d(x, w)",
        "import torch\ntorch.nn.functional.conv2d(x, w)",
        "import torch as t\nt.conv2d(x, w)",
        "import torch.nn.functional\ntorch.conv2d(x, w)",
        "import torch.nn.functional as F\nmap(F.conv2d, xs)",
        "import torch.nn.functional as F\ngetattr(F, 'conv2d')(x, w)",
        "import torch.nn.functional as F\ngetattr(F, 'conv' + '2d')(x, w)",
        "import torch.nn.functional as F\ngetattr(F, f'conv{\"2d\"}')(x, w)",
        "import torch\ngetattr(getattr(torch, 'nn'), 'functional').conv2d(x)",
        "\n__import__('torch').conv2d(x, w)",
        "\n__import__('torch.nn.functional').nn.functional.conv2d(x, w)",
        "\n__import__('torch.nn.functional', fromlist=['x']).conv2d(x, w)",
        "import importlib\nimportlib.import_module('torch.nn.functional').conv2d(x, w)",
        "from importlib import import_module as load\nload('torch').conv2d(x, w)",
        "import sys\nsys.modules['torch'].conv2d(x, w)",
        "import torch.nn.functional as F\nvars(F)['conv2d'](x, w)",
        "import torch.nn.functional as F\nF.__dict__['conv2d'](x, w)",
        "import torch.nn.functional as F\n(G := F).conv2d(x, w)",
        "import torch.nn.functional as F\n(F if x else y).conv2d(x, w)",
        "import torch.nn.functional as F\n(x or F).conv2d(x, w)",
        "import torch.nn.functional as F\neval('F.conv2d(x, w)')",
        "import torch\nexec('import torch as t; t.conv2d(x, w)')",
        "import torch\nexec(compile('torch.conv2d(x, w)', 'f', 'exec'))",
        "import builtins, torch\nbuiltins.getattr(torch, 'conv2d')",
        "import torch\n__builtins__['getattr'](torch, 'conv2d')",
        "import sys\nsys.modules.get('torch').conv2d(x, w)",
        "import sys\nsys.modules.__getitem__('torch').conv2d(x, w)",
        "import torch.nn.functional as F\nvars(F).get('conv2d')(x, w)",
        "import torch.nn.functional as F\nF.__dict__.pop('conv2d')(x, w)",
        "import torch.nn.functional as F\nF.__getattribute__('conv2d')(x, w)",
        "import torch.nn.functional as F\nobject.__getattribute__(F, 'conv2d')(x, w)",
        "import importlib\nimportlib.import_module(name='torch').conv2d(x, w)",
        "import importlib\nimportlib.import_module('.functional', 'torch.nn').conv2d(x, w)",
        "import importlib\nimportlib.import_module('..nn.functional', package='torch.nn').conv2d(x, w)",
    ],
)
def test_ways_to_reach_it(source):
    assert set(conv(source)) == {2}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import torch.nn.functional as F\nc = F.conv2d\nc(x)", [2, 3]),
        ("import torch.nn.functional as F\ndef f(x):\n  G = F\n  return G.conv2d(x)", [4]),
        ("import torch\na, (b, c) = 1, (torch, 2)\nb.conv2d(x)", [3]),
        ("import torch\ndef f(x, m=torch):\n  return m.conv2d(x)", [3]),
        ("import torch\ndef f(x, *, m=torch):\n  return m.conv2d(x)", [3]),
        (
            "import torch\nclass A:\n def f(self):\n  self.t = torch\n def g(self):\n  self.t.conv2d(x)",
            [6],
        ),
        ("import torch\nclass A:\n  t = torch\n  def f(self):\n    return self.t.conv2d(x)", [5]),
        ("def f():\n  import torch as t\n  def g():\n    return t.conv2d(1)", [4]),
        ("def f():\n  global t\n  import torch as t\nt.conv2d(x)", [4]),
        (
            "def f():\n  t = None\n  def g():\n    nonlocal t\n    import torch as t\n  return t.conv2d(x)",
            [6],
        ),
        ("import torch\nname = 'conv2d'\ngetattr(torch, name)(x)", [3]),
        ("import torch\ng = getattr\ng(torch, 'conv2d')(x)", [3]),
        ("t.conv2d(x)\nt = u\nu = v\nv = t2\nimport torch as t2\nu = t", [1]),
        ("try:\n  import torch as t\nexcept ImportError:\n  t = None\nt.conv2d(x)", [5]),
        ("import torch\n[t.conv2d(x) for x in y if (t := torch)]", [2]),
        ("import torch\n[0 for x in y if (t := torch)]\nt.conv2d(x)", [3]),
        ("import torch.nn.functional as F\n[x for F in F.conv2d]", [2]),
        ("import torch\nf = lambda x: torch.conv2d(\n  x)", [2]),
        ("import torch\n@torch.conv2d\ndef f(): pass", [2]),
        ("import torch\nc = torch\nc = c.conv2d", [3]),
    ],
)
def test_aliases(source, found):
    assert conv(source) == found


@pytest.mark.parametrize(
    "source",
    [
        "import torch\n'torch.conv2d'  # torch.conv2d(x)",
        "from torch.nn.functional import conv2d",
        "import torch.nn.functional as F\nF.conv1d(x); F.relu(x); F.conv2d_input",
        "class Net:\n  def conv2d(self): pass\nNet().conv2d()",
        "def conv2d(x): pass\nconv2d(1)",
        "def f(F):\n  return F.conv2d(x)",
        "import torch.nn.functional as F\n[F.conv2d for F in layers]\nlambda F: F.conv2d",
        "import torch.nn.functional as F\ndef f():\n  for F in layers: F.conv2d(x)",
        "import torch.nn.functional as F\ndef f():\n  with open(x) as F: F.conv2d",
        "import torch.nn.functional as F\nF.conv2d = None",
        "class A:\n  import torch as t\n  def f(self): return t.conv2d",
        "from __future__ import annotations\nimport torch\n"
        "def f(x: torch.conv2d, *y: torch.conv2d) -> torch.conv2d: z: torch.conv2d",
        "import torch\ndef f(x: 'torch.conv2d'): pass",
        "import torch\nx = re.compile('torch.conv2d')\nmodel.eval('torch.conv2d')",
        "x = mine.torch.conv2d",
        "getattr(torch2, 'conv2d')",
    ],
)
def test_what_is_no_use(source):
    assert conv(source) == []


def test_a_flag_of_their_own_does_not_hide_anything():
    assert conv("import torch\nTYPE_CHECKING = True\nif TYPE_CHECKING:\n  torch.conv2d(x)") == [4]
    hidden = "from typing import TYPE_CHECKING\nimport torch\n{}\nif TYPE_CHECKING:\n  torch.conv2d(x)"
    assert conv(hidden.format("TYPE_CHECKING = 1")) == [5]
    assert conv(hidden.format("typing.TYPE_CHECKING = 1")) == [5]
    assert conv("from typing import TYPE_CHECKING as T\nimport torch\nif T: pass\nelse: torch.conv2d(x)") == [
        4
    ]


def test_annotations_that_are_evaluated_count():
    assert conv("import torch\ndef f(x: torch.conv2d): pass") == [2]


def test_method_of_anything():
    source = "loss.backward()\nf = loss.backward\ngetattr(loss, 'backward')()\nbackward()\n"
    source += "class A:\n  def backward(self): pass\nx.backward = 1\nx.backwards()"
    assert lines(source, "forbid-calls", ".backward") == [1, 2, 3]


def test_what_is_below_and_patterns():
    source = "import torch\ntorch.func.grad(f)\ntorch.conv2d(x)\ntorch.conv_transpose1d(x)\n"
    source += "torch.relu(x)\ntorch.functional"
    assert lines(source, "forbid-calls", "torch.func") == [2]
    assert lines(source, "forbid-calls", "torch.conv*") == [3, 4]
    assert lines(source, "forbid-calls", "torch.conv_*", "torch.relu") == [4, 5]


def test_builtins():
    source = "print(1)\nmy.print(2)\nsorted(x)\nimport builtins as b\nb.print(3)"
    assert lines(source, "forbid-calls", "print") == [1, 5]
    assert lines("def print(x): pass\nprint(1)", "forbid-calls", "print") == []


DYNAMIC = """\
import torch
eval("1 + 1")
eval(text)
getattr(torch, "relu")
getattr(torch, text)
torch.compile(text)
e = exec
e("1")
map(eval, texts)
__import__("numpy")
__import__(text)
import importlib
importlib.import_module(text)
re.compile(text)
model.eval()
exec("not python (")
torch.__dict__
self.__dict__
"""


def test_dynamic_is_reported_only_where_the_rule_asks():
    assert lines(DYNAMIC, "forbid-calls", "dynamic", "torch.conv2d") == [3, 5, 7, 8, 9, 11, 13, 16, 17]
    assert lines(DYNAMIC, "forbid-calls", "torch.conv2d") == []
    assert lines(DYNAMIC, "forbid-calls", "eval") == [2, 3, 9]
    assert lines(DYNAMIC, "forbid-calls", "getattr") == [4, 5]


def test_a_parameter_is_no_literal():
    source = "def f(x, name='relu'):\n  return getattr(x, name)"
    assert lines(source, "forbid-calls", "dynamic") == [2]


PACKAGE = {
    "pkg/__init__.py": "",
    "pkg/ops.py": """\
        import torch.nn.functional as F
        conv = F.conv2d
        def mine(x):
            return F.conv2d(x)
        def other(x):
            return F.conv2d(x)
    """,
    "pkg/shared.py": "from torch.nn import functional as nothing_special",
    "pkg/solution.py": """\
        from . import shared
        from .ops import mine, conv as c
        from .ops import *
        import pkg.shared as again
        class Wanted:
            def f(self, x):
                return mine(x)
            def g(self, x):
                return shared.nothing_special.conv2d(x)
            def h(self, x):
                return again.nothing_special.conv2d(x)
        def elsewhere(x):
            return c(x)
        def star(x):
            return other(x)
    """,
}


def test_all_files_are_checked_and_aliases_lead_through_them():
    found = lines(PACKAGE, "forbid-calls", CONV, entry="pkg/solution.py")
    assert found == [("pkg/ops.py", 2), ("pkg/ops.py", 4), ("pkg/ops.py", 6), 9, 11, 13]


def test_packages_pass_names_on():
    files = {
        "solution.py": "import torch\nfrom pkg import f, sub\nimport pkg.sub as s\ndef Mine(): f(sub.g, s.h)",
        "pkg/__init__.py": "from .ops import f",
        "pkg/ops.py": "import torch\ndef f(): torch.conv2d\ndef unused(): torch.conv2d",
        "pkg/sub/__init__.py": "from torch import conv2d as g\nfrom .. import ops\nh = ops.f",
    }
    assert conv(files, scope="Mine") == [("pkg/ops.py", 2), 4]
    assert lines(files, "require-names", "f", "sub", "s", "Mine") == []


def test_a_rule_on_a_library_does_not_blur_its_members():
    rules = (
        Rule(id="all", kind="forbid-imports", names=("torch",)),
        Rule(id="one", kind="forbid-calls", names=("torch.conv2d", "torch.nn.functional.conv2d")),
    )
    source = "import torch\ntorch.mine.conv2d\ntorch.nn.functional.conv2d\ntorch.conv2d"
    found = check(submission(source), rules)
    assert [(violation.rule_id, violation.line) for violation in found] == [
        ("all", 1),
        ("one", 3),
        ("one", 4),
    ]


def test_scope_follows_the_submissions_own_functions_into_other_files():
    def scoped(scope):
        return lines(PACKAGE, "forbid-calls", CONV, scope=scope, entry="pkg/solution.py")

    assert scoped("Wanted") == [("pkg/ops.py", 4), 9, 11]
    assert scoped("elsewhere") == [("pkg/ops.py", 2), 13]
    assert scoped("star") == [("pkg/ops.py", 6)]
    assert scoped("absent") == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("class Mine:\n  def f(self): return F.conv2d(x)", [4]),
        ("class Other:\n  def f(self): return F.conv2d(x)\nclass Mine: pass", []),
        ("def helper(): return F.conv2d(x)\nclass Mine:\n  f = helper", [3]),
        ("def a(): return b()\ndef b(): return F.conv2d(x)\ndef Mine(): a()", [4]),
        ("def a(): return F.conv2d(x)\ndef Mine(): a = 1; return a", []),
        ("OPS = {'c': F.conv2d}\ndef Mine(): return OPS['c']", [3]),
        ("class Base:\n  def f(self): F.conv2d(x)\nclass Mine(Base): pass", [4]),
        ("class _Mine:\n  def f(self): F.conv2d(x)\nMine = _Mine", [4]),
        ("class Mine: pass\nMine.f = F.conv2d", [4]),
        ("if x:\n  def Mine(): pass\nelse:\n  def Mine(): F.conv2d(x)", [6]),
        ("def Mine(): a = F; Mine(); return a.conv2d", [3]),
        ("F.conv2d(x)\ndef Mine(): pass", []),
        ("def outer():\n  def Mine(): F.conv2d(x)", []),
    ],
)
def test_scope(body, found):
    assert conv(f"import torch.nn.functional as F\n\n{body}", scope="Mine") == found


def test_the_sandboxs_torch_wins_over_a_file_of_that_name():
    files = {"solution.py": "import torch\ntorch.conv2d(x)", "torch.py": ""}
    assert conv(files) == [2]


def test_a_violation_carries_what_the_rule_says():
    (found,) = violations(
        "import torch\nif 1:\n    y = torch.conv2d(x)" + " " * 300 + "# end",
        "forbid-calls",
        "torch.conv2d",
        message="Write it yourself.",
        points=3.0,
        zero_parts=("conv",),
    )
    assert (found.rule_id, found.file, found.line, found.points, found.zero_parts) == (
        "r",
        "solution.py",
        3,
        3.0,
        ("conv",),
    )
    assert found.message == "Write it yourself. `torch.conv2d` may not be used here."
    assert found.text == ("y = torch.conv2d(x)" + " " * 300)[:200]
    (plain,) = violations("import torch\ntorch.conv2d", "forbid-calls", "torch.conv2d")
    assert plain.message == "`torch.conv2d` may not be used here."


def test_the_same_line_is_reported_once_and_many_are_cut():
    assert conv("import torch\ntorch.conv2d(torch.conv2d(x))") == [2]
    assert len(conv("import torch\n" + "torch.conv2d\n" * 500)) == 20
