"""forbid-imports and allow-imports."""

import pytest
from rules_cases import lines, violations


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import torch.nn", [1]),
        ("import torch.nn.functional as F\nF.relu(x)", [1]),
        ("from torch import nn", [1]),
        ("from torch import (optim,\n  nn)", [1]),
        ("from torch.nn import Module", [1]),
        ("from torch.nn.functional import *", [1]),
        ("def f():\n  import numpy, torch.nn", [2]),
        ("__import__('torch.nn')", [1]),
        ("from importlib import import_module as m\nm('torch.nn')", [2]),
        ("import importlib\nimportlib.import_module(name='torch.nn.functional')", [2]),
        ("exec('import torch.nn')", [1]),
        ("import torch\ntorch.nn.Linear(1, 2)\nn = torch.nn", [2, 3]),
        ("import torch\ngetattr(torch, 'nn').Linear(1, 2)", [2]),
        ("from torch import *\nnn.Linear(1, 2)", [2]),
        ("import torch\nimport torch.nnx\nfrom torch import nnx, optim\nx.nn.Linear", []),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import torch.nn", []),
        ("# import torch.nn\n'''import torch.nn'''", []),
        ("from .nn import x\nfrom . import nn", []),
        ("", []),
        ("from torch import mine\nfrom .torch import nn\nfrom .torch.nn import x", []),
    ],
)
def test_forbidden(source, found):
    assert lines(source, "forbid-imports", "torch.nn") == found


def test_a_whole_library_and_message():
    assert lines("import torch\ntorch.relu(x)\nfrom torchvision import x", "forbid-imports", "torch") == [1]
    (found,) = violations("import torch", "forbid-imports", "torch", message="Use numpy.")
    assert found.message == "Use numpy. `torch` may not be imported here."
    assert found.text == "import torch"


def test_forbidden_in_scope_only():
    source = "import torch\nimport torch.nn as nn\ndef a():\n  return nn.Linear\n"
    source += "def b():\n  import torch.nn\ndef c(): return 1"
    assert lines(source, "forbid-imports", "torch.nn", scope="a") == [4]
    assert lines(source, "forbid-imports", "torch.nn", scope="b") == [6]
    assert lines(source, "forbid-imports", "torch.nn", scope="c") == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            "import math, os.path, tomllib\nfrom __future__ import annotations\nfrom collections import abc",
            [],
        ),
        ("import numpy as np\nfrom numpy.linalg import norm\nimport numpy.random", []),
        ("from torch import nn\nfrom torch.nn import Linear\nimport torch.nn.functional", []),
        ("import torch", [1]),
        ("from torch import nn, optim", [1]),
        ("import scipy.stats\nfrom sklearn import svm\nimport numpyx", [1, 2, 3]),
        ("try:\n  import tqdm\nexcept ImportError:\n  pass", [2]),
        ("__import__('scipy')\n__import__('math')", [1]),
        (
            "from helper import f\nimport helper, package.part\nfrom .package import part",
            [],
        ),
    ],
)
def test_allowed(source, found):
    files = {"solution.py": source, "helper.py": "", "package/part.py": ""}
    assert lines(files, "allow-imports", "stdlib", "numpy", "torch.nn") == found


def test_own_modules_beside_and_below_the_entry():
    files = {
        "hw/solution.py": "import helper\nimport hw.helper\nimport other",
        "hw/helper.py": "import helper",
        "x/other.py": "",
    }
    assert lines(files, "allow-imports", entry="hw/solution.py") == [3]


def test_an_empty_file_does_not_make_a_loaded_library_their_own():
    files = {"solution.py": "import torch", "torch.py": ""}
    assert lines(files, "allow-imports", "numpy") == [1]


def test_relative_imports_are_their_own_even_where_the_file_is_missing():
    assert lines("from .missing import x\nfrom . import y\nfrom ... import z", "allow-imports", "numpy") == []


def test_future_is_no_library():
    assert lines("from __future__ import annotations", "allow-imports", "numpy") == []


def test_message_lists_what_is_allowed():
    (found,) = violations("import scipy", "allow-imports", "stdlib", "numpy")
    assert found.message == "`scipy` may not be imported; allowed: the standard library, `numpy`."
