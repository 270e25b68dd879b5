"""`files`: rules that are about some files only."""

from __future__ import annotations

import pytest
from rules_cases import lines, submission, violations

from grader.assignment import Rule
from grader.rules import check

NETS = "my_networks/networks.py"
TORCH_NN = "import torch.nn\n"


def forbid(files, *patterns, **rule):
    return lines(files, "forbid-imports", "torch.nn", files=patterns, entry=NETS, **rule)


def test_only_the_named_file_is_looked_at():
    files = {NETS: "x = 1\n" + TORCH_NN, "train.py": TORCH_NN}
    assert forbid(files, NETS) == [2]
    assert forbid(files, "train.py") == [("train.py", 1)]
    assert forbid(files, "other.py") == []
    assert forbid(files) == [2, ("train.py", 1)]


@pytest.mark.parametrize("top", ["", "ada_hw1/", "a/b/"])
@pytest.mark.parametrize("pattern", [NETS, "MY_networks/*.py", "my_networks/", "*.py", "networks.py"])
def test_wherever_the_files_lie(top, pattern):
    files = {f"{top}{NETS}": TORCH_NN, "second/folder.txt": ""}
    assert violations(files, "forbid-imports", "torch.nn", files=(pattern,), entry=f"{top}{NETS}")


def test_a_name_is_compared_by_whole_steps():
    files = {"my_networks/old_networks.py": TORCH_NN, "xmy_networks/networks.py": TORCH_NN}
    assert forbid(files, NETS) == []


def test_brackets_in_a_pattern_are_brackets():
    assert forbid({"[a].py": TORCH_NN, "a.py": TORCH_NN}, "[a].py") == [("[a].py", 1)]


def test_with_scope_what_stands_in_other_files_does_not_count():
    files = {
        NETS: "import torch\nfrom help import go\nclass Net:\n  def f(self):\n    go(); self.x.backward()\n",
        "help.py": "def go():\n  y.backward()\n",
    }
    rule = {"kind": "forbid-calls", "names": (".backward",), "scope": "Net"}
    both = check(submission(files, NETS), (Rule(id="r", **rule),))
    assert {(found.file, found.line) for found in both} == {("help.py", 2), (NETS, 5)}
    one = check(submission(files, NETS), (Rule(id="r", files=(NETS,), **rule),))
    assert [(found.file, found.line) for found in one] == [(NETS, 5)]


def test_a_file_is_also_what_it_is_taken_for():
    files = {"nets.py": TORCH_NN}
    rule = Rule(id="r", kind="forbid-imports", names=("torch.nn",), files=(NETS,))
    assert check(submission(files, "nets.py"), (rule,)) == ()
    assert check(submission(files, "nets.py"), (rule,), aliases={"nets.py": (NETS,)})


@pytest.mark.parametrize("kind", ["forbid-imports", "allow-imports", "forbid-calls", "require-names"])
def test_given_files_break_no_rule(kind):
    names = ("numpy",) if kind == "allow-imports" else ("torch.nn",)
    rule = Rule(id="r", kind=kind, names=names, files=("given.py",))
    source = "import torch.nn\nx = torch.nn.Linear\n"
    files = submission({"given.py": source, "solution.py": ""})
    assert check(files, (rule,))
    assert check(files, (rule,), given={"given.py"}) == ()


def test_what_a_given_file_passes_on_is_still_forbidden():
    files = submission(
        {"given.py": "import torch.nn as n\n", "solution.py": "from given import n\nn.Linear\n"}
    )
    found = check(files, (Rule(id="r", kind="forbid-calls", names=("torch.nn.Linear",)),), given={"given.py"})
    assert [(one.file, one.line) for one in found] == [("solution.py", 2)]


def test_each_file_has_to_define_what_is_required():
    files = {NETS: "class Net: pass\n", "my_networks/activations.py": "def relu(z): return z\n"}
    wanted = ("relu", "softmax")
    found = violations(files, "require-names", *wanted, files=("my_networks/activations.py",), entry=NETS)
    assert [(one.file, one.line, one.message) for one in found] == [
        (
            "my_networks/activations.py",
            0,
            "`softmax` is missing: define it in `my_networks/activations.py`.",
        )
    ]


def test_a_file_that_is_not_there_defines_nothing():
    found = violations({NETS: ""}, "require-names", "relu", files=("activations.py",), entry=NETS)
    assert [(one.file, one.message) for one in found] == [
        ("activations.py", "`relu` is missing: define it in `activations.py`.")
    ]


def test_a_file_that_does_not_parse_may_define_anything():
    files = {NETS: "", "activations.py": "Dear TA, here is my file\ndef relu("}
    assert violations(files, "require-names", "relu", files=("activations.py",), entry=NETS) == ()


def test_a_signature_is_looked_for_in_its_file():
    files = {NETS: "def relu(z): ...\n", "activations.py": "def relu(x): ...\n"}
    found = violations(files, "signature", "relu(z)", files=("activations.py",), entry=NETS)
    assert [(one.file, one.line) for one in found] == [("activations.py", 1)]
    assert violations(files, "signature", "relu(z)", entry=NETS) == ()
