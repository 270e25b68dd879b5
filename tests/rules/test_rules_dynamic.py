""" "dynamic": what reaches anything by a text that cannot be read, and what must not be taken for it."""

from __future__ import annotations

import pytest
from rules_cases import lines

FORBIDDEN = ("torch.nn.functional.conv2d", "torch.conv2d", ".backward", "dynamic")


def found(source):
    return lines(source, "forbid-calls", *FORBIDDEN)


@pytest.mark.parametrize(
    "source",
    [
        "import operator\noperator.attrgetter('nn.functional.conv2d')(torch)",
        "from operator import methodcaller as m\nm('backward')(loss)",
        "import operator\noperator.attrgetter(name)(x)",
        "import operator\nmap(operator.attrgetter, names)",
        "import pkgutil\npkgutil.resolve_name('torch.nn.functional:conv2d')",
        "import pydoc\npydoc.locate('torch')",
        "import runpy\nrunpy.run_module(name)",
        "from importlib import util\nutil.find_spec('torch').loader.load_module()",
        "from importlib.machinery import SourceFileLoader as load\nload('a', 'b')",
        "import inspect\ndict(inspect.getmembers(torch))",
        "import gc\ngc.get_objects()",
        "import sys\nsys._getframe().f_globals",
        "import ctypes\nctypes.CDLL(None)",
        "import sys\nsys.modules[name].conv2d",
        "import sys\nlist(sys.modules.values())",
        "import sys\nsys.modules.get(name)",
        "import torch.nn.functional as F\nvars(F)[name](x)",
        "import importlib\ngetattr(importlib, 'import_module')(name)",
        "import builtins\ngetattr(builtins, 'exec')(text)",
        "x = 1\n__builtins__['ex' + end](text)",
        "import importlib\nimportlib.import_module('.' + name, 'torch')",
    ],
)
def test_ways_around(source):
    assert set(found(source)) == {2}


@pytest.mark.parametrize(
    "source",
    [
        "import operator\nsorted(x, key=operator.attrgetter('size', 'name'))",
        "import operator\nsorted(x, key=operator.itemgetter(1))",
        "import sys\nsys.modules[__name__].x",
        "import sys\n'torch' in sys.modules",
        "import sys\nsys.modules['math'].pi",
        "config = {}\nconfig.get(name); config[name]; config.pop(name); config.values()",
        "class A:\n  def f(self): return vars(self)[name], self.__dict__[name]",
        "import argparse\nvars(argparse.ArgumentParser().parse_args())[name]",
        "import importlib\nimportlib.import_module('math')\nimportlib.import_module('.x', 'own')",
        "import inspect\ninspect.signature(f)",
        "import timeit\ntimeit.timeit(lambda: f(1))",
        "import code_of_mine\nimport util\nutil.find_spec(1)",
        "class Model:\n  def eval(self): pass\nmodel = Model()\nmodel.eval()",
        "x.compile(name)\nmodel.eval()\ntorch.compile(model)",
    ],
)
def test_what_honest_code_does(source):
    assert found(source) == []


def test_nothing_of_it_is_looked_for_where_the_rule_does_not_ask():
    assert lines("import runpy\nrunpy.run_module('x')", "forbid-calls", "torch.conv2d") == []


def test_a_method_by_name():
    assert found(
        "x.__getattribute__('backward')()\ngetattr(x, 'backward')()\nx.__getattribute__('forward')"
    ) == [
        1,
        2,
    ]
