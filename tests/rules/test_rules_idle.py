"""What never runs may hold anything; what only looks as if it never ran may not."""

from __future__ import annotations

import pytest
from rules_cases import lines

IF = "if TYPE_CHECKING:\n  import sklearn"
FLAG = "from typing import TYPE_CHECKING"


def unlisted(source):
    files = source if isinstance(source, dict) else {"solution.py": source}
    return lines(files, "allow-imports", "stdlib", "torch")


@pytest.mark.parametrize(
    "source",
    [
        f"{FLAG}\n{IF}",
        f"{FLAG} as T\nif T:\n  from sklearn import svm\n  import scipy.stats as s",
        "import typing\nif typing.TYPE_CHECKING:\n  import sklearn",
        "import typing as ty\nif ty.TYPE_CHECKING:\n  import sklearn\nelse:\n  sklearn = None",
        f"{FLAG}\ndef f():\n  if TYPE_CHECKING:\n    import sklearn",
        f"{FLAG}, Any, cast\nimport typing as t\nx: t.Optional[int] = cast(Any, 'a' + 'b')\n{IF}",
        f"def f():\n  {FLAG}\n  if TYPE_CHECKING:\n    import sklearn",
        "from __future__ import annotations\ndef f(x: __import__('sklearn').A) -> __import__('scipy'): pass",
    ],
)
def test_honest_files(source):
    assert unlisted(source) == []


@pytest.mark.parametrize(
    "source",
    [
        f"import typing\n{{}}\n{FLAG}\n{IF}".format(line)
        for line in (
            "setattr(typing, 'TYPE_CHECKING', True)",
            "setattr(typing, 'TYPE_' + 'CHECKING', True)",
            "setattr(typing, f'TYPE_{\"CHECKING\"}', True)",
            "vars(typing).update(TYPE_CHECKING=True)",
            "typing.__dict__['TYPE_CHECKING'] = True",
            "typing.TYPE_CHECKING = True",
            "for typing.TYPE_CHECKING in (1,): pass",
            "globals().update(TYPE_CHECKING=1)",
            "import sys\nsys.modules['typing'] = Mine()",
            "class typing:\n  TYPE_CHECKING = 1",
            "exec('TYPE_CHECKING = 1')",
            "from .helpers import *",
        )
    ]
    + [
        f"{FLAG}\nif TYPE_CHECKING or 1:\n  import sklearn",
        f"{FLAG}\nif TYPE_CHECKING if 0 else 1:\n  import sklearn",
        f"{FLAG}\nif (TYPE_CHECKING := 1):\n  import sklearn",
        f"{FLAG}\nif not TYPE_CHECKING:\n  import sklearn",
        f"{FLAG}\ndef f(T=TYPE_CHECKING):\n  if T:\n    import sklearn",
        f"{FLAG}\ndef f(TYPE_CHECKING=TYPE_CHECKING):\n  if TYPE_CHECKING:\n    import sklearn",
        f"def f():\n  {FLAG}\n  TYPE_CHECKING = 1\n  if TYPE_CHECKING:\n    import sklearn",
        f"{FLAG}\nclass A: flag = TYPE_CHECKING\nif x.flag:\n  import sklearn",
    ],
)
def test_a_flag_that_may_be_true(source):
    number = next(n for n, line in enumerate(source.splitlines(), 1) if "import sklearn" in line)
    assert unlisted(source) == [number]


def test_another_file_may_set_it_too():
    files = {
        "solution.py": f"import mine\n{FLAG}\n{IF}",
        "mine.py": "import typing\ntyping.TYPE_CHECKING = 1",
    }
    assert unlisted(files) == [4]


def test_only_imports_are_for_type_checkers():
    source = "from typing import TYPE_CHECKING\nimport torch\nif TYPE_CHECKING:\n  torch.conv2d(x)"
    assert lines(source, "forbid-calls", "torch.conv2d") == [4]
    nested = f"{FLAG}\nif TYPE_CHECKING:\n  try:\n    import sklearn\n  except ImportError: pass"
    assert unlisted(nested) == [4]


def test_what_is_imported_for_type_checkers_and_used_is_found_where_it_is_used():
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  from torch import conv2d\nconv2d(x)"
    assert lines(source, "forbid-calls", "torch.conv2d") == [4]


@pytest.mark.parametrize("module", [".__future__", "..__future__"])
def test_a_future_of_their_own_postpones_nothing(module):
    source = f"from {module} import annotations\ndef f(x: __import__('sklearn')): pass"
    assert unlisted({"solution.py": source, "__future__.py": "annotations = 1"}) == [2]
