"""A rule with a scope sees what is put into its class or function from outside, and leaves others alone."""

from __future__ import annotations

import pytest
from rules_cases import lines

START = "import torch\nclass Mine: pass\ndef s(self): self.x.backward()\n"


def found(source, **rule):
    return lines(START + source, "forbid-calls", ".backward", scope="Mine", **rule)


@pytest.mark.parametrize(
    "source",
    [
        "Mine.f = s",
        "B = Mine\nB.f = s",
        "B = C = Mine\nB.f = s",
        "B, c = Mine, 1\nB.f = s",
        "(B := Mine).f = s",
        "(Mine if 1 else 0).f = s",
        "[Mine][0].f = s",
        "{'a': Mine}['a'].f = s",
        "kinds = {'a': Mine}\nkinds['a'].f = s",
        "kinds = {}\nkinds['a'] = Mine\nkinds.get('a').f = s",
        "for c in (Mine,):\n  c.f = s",
        "for n, c in enumerate([Mine]):\n  c.f = s",
        "for n, c in {'a': Mine}.items():\n  c.f = s",
        "for c in (Mine,):\n  for f in (s,):\n    c.f = f",
        "for Mine.f in (s,): pass",
        "setattr(Mine, 'f', s)",
        "set_ = setattr\nset_(Mine, 'f', s)",
        "import builtins\nbuiltins.setattr(Mine, 'f', s)",
        "type.__setattr__(Mine, 'f', s)",
        "[setattr(c, 'f', s) for c in (Mine,)]",
        "list(map(setattr, [Mine], ['f'], [s]))",
        "list(map(lambda c: setattr(c, 'f', s), [Mine]))",
        "from functools import partial\npartial(setattr, Mine, 'f')(s)",
        "from unittest import mock\nmock.patch.object(Mine, 'f', s).start()",
        "type(Mine()).f = s",
        "m = Mine()\nm.__class__.f = s",
        "Mine.g.__code__ = s.__code__",
        "Mine.table['f'] = s",
        "Mine.table.append(s)",
        "def patch(c, f): c.f = f\npatch(Mine, s)",
        "def patch(c, f): c.f = f\ndef again(c, f): patch(c, f)\nagain(Mine, s)",
        "def patch(f): Mine.f = f\npatch(f=s)",
        "def into(c):\n  def put(f): c.f = f\n  return put\ninto(Mine)(s)",
        "def get(): return Mine\nget().f = s",
        "class Patcher:\n  def __init__(self, c): c.f = s\nPatcher(Mine)",
        "class Box: kind = Mine\nBox.kind.f = s",
        "def f():\n  def inner(self): s(self)\n  Mine.f = inner\nf()",
        "def f():\n  g = s\n  for c in [Mine]: setattr(c, 'f', g)\nf()",
        "import sys\nsetattr(sys.modules[__name__], 'Mine', s)",
        "import sys\nsys.modules[__name__].Mine.f = s",
        "globals()['Mine'] = s",
        "globals()['Mine'].f = s",
        "globals().update(Mine=s)",
        "def f():\n  global Mine\n  Mine = s\nf()",
        "exec('Mine.f = s')",
    ],
)
def test_ways_to_put_something_in(source):
    assert 3 in found(source)


def test_a_decorator_may_put_it_in():
    source = "def into(c):\n  def put(f): c.f = f\n  return put\n@into(Mine)\ndef t(self): self.x.backward()"
    assert 8 in found(source)


def test_a_patch_may_stand_in_another_file():
    files = {
        "nets.py": "class Mine: pass\n",
        "solution.py": "import nets\nfrom nets import Mine as M\ndef s(self): self.x.backward()\nM.f = s\n",
        "other.py": "import nets as n\ndef t(self): self.x.backward()\nk = n.Mine\nk.f = t\n",
    }
    assert lines(files, "forbid-calls", ".backward", scope="Mine") == [("other.py", 2), 3]


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.Tensor.go = torch.Tensor.backward",
        "import torch\nsetattr(torch.Tensor, 'go', torch.Tensor.backward)",
        "from torch import Tensor as T\nT.go = lambda x: x.backward()",
        "import torch\ndef s(x): x.backward()\ntorch.Tensor.go = s",
        "import torch\ndef f():\n  def s(x): x.backward()\n  torch.Tensor.go = s\nf()",
    ],
)
def test_a_method_of_a_library_under_another_name(source):
    number = next(n for n, line in enumerate(source.splitlines(), 1) if "backward" in line)
    inside = "\nclass Mine:\n  def f(self, x): x.{}()"
    assert lines(source + inside.format("go"), "forbid-calls", ".backward", scope="Mine") == [number]
    assert lines(source + inside.format("mean"), "forbid-calls", ".backward", scope="Mine") == []


HONEST = [
    "for c in (Mine, Other):\n  n = c()\n  n.loss.backward()",
    "def train(c):\n  n = c()\n  n.history = s(n)\n  s(n)\ntrain(Mine); train(Other)",
    "def compare(f, g): return f(1) - g(1)\ncompare(Mine.apply, s)",
    "def main():\n  Mine.count = 0\n  s(Other())\nmain()",
    "Other.f = s",
    "for c in (Other,):\n  c.f = s\nsetattr(Other, 'g', s)",
    "kinds = {'a': Mine}\nkinds['b'] = s\nkinds.update(c=s)",
    "results = [Mine]\nresults.append(s)",
    "results = {}\nresults['Mine'] = s\nresults.update(Mine=s)",
    "m = Mine()\nm.f = s",
    "o = Other()\no.f = s\no.__class__.f = s\ntype(o).g = s",
    "class Sub(Mine):\n  def f(self): self.x.backward()",
    "assert isinstance(s, Mine), s",
    "import torch\ntorch.backends.cudnn.benchmark = s(torch)",
    "print(Mine, s)\ntorch.allclose(Mine.apply(1), s(1))",
    "class Third:\n  def __init__(self, kind): self.kind = kind; self.f = s\nThird(Mine)",
    "Mine.name = 'mine'\ns(1)",
]


@pytest.mark.parametrize("source", HONEST)
def test_honest_code_is_left_alone(source):
    assert found(f"class Other: pass\n{source}") == []


def test_comparing_with_the_librarys_own():
    source = """\
        import torch, torch.nn as nn, torch.nn.functional as F
        class Conv(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                ctx.saved = x
                return F.unfold(x, 3) @ w
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 1, 3)
        def difference(ours, theirs, x, w):
            return (ours(x, w) - theirs(x, w)).abs().max()
        def check():
            x = torch.rand(1, 1, 5, 5, requires_grad=True)
            layer = nn.Conv2d(1, 1, 3)
            layer.weight.data = torch.ones(1, 1, 3, 3)
            for f in (Conv.apply, F.conv2d):
                f(x, layer.weight).sum().backward()
            return difference(Conv.apply, F.conv2d, x, layer.weight)
        if __name__ == "__main__":
            check()
            Conv.tested = True
    """
    assert lines(source, "forbid-calls", "torch.nn.functional.conv2d", "torch.nn.Conv2d", scope="Conv") == []


@pytest.mark.parametrize(
    "source",
    [
        "x = x\ny.x = x\nx.y = y\nMine.f = Mine",
        "def f(a): f(f(a)); return f\nf(Mine).f = f",
        "".join(f"def f{n}(c): f{n + 1}(c)\n" for n in range(800)) + "def f800(c): c.f = s\nf0(Mine)",
        "".join(f"def f(c{n}): f(c{n}, Mine)\n" for n in range(800)),
        "".join(f"Mine.f{n} = s\n" for n in range(1500)),
        "Mine" + ".f" * 3000 + " = 1",
    ],
)
def test_odd_and_long_ones_end(source):
    found(source)
