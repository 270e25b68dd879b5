"""Remote objects: what specs can do with them, and what they read when the submission is wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from grader.errors import NotImplementedYet, RemoteException, SandboxDied, SpecError
from grader.proxy.remote import Remote, describe, is_remote, located
from grader.spec import close

SOURCE = """
import torch
from torch import nn

LIMIT = 3
NOTHING = None
SCALES = {"small": 0.5, "large": [1, (2, 3)]}


def add(x, y=1, *, scale=1):
    return (x + y) * scale


def echo(thing):
    return thing


def kind(thing):
    return type(thing).__name__


def fill(tensor):
    tensor.fill_(7.0)


def count():
    yield from range(4)


class Box:
    def __init__(self, content):
        self.content = content

    def open(self):
        return self.content

    def __len__(self):
        return 5

    def __getitem__(self, key):
        return ("item", key)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.second = nn.Sequential(nn.ReLU(), nn.Dropout(0.25))
        self.scale = 4

    def forward(self, x):
        return self.second(self.first(x))
"""


@pytest.fixture
def solution(hand_in):
    return hand_in(SOURCE).solution


def test_plain_results_come_by_value(solution):
    assert solution.LIMIT == 3
    assert solution.NOTHING is None
    assert solution.SCALES == {"small": 0.5, "large": [1, (2, 3)]}
    assert solution.add(2) == 3
    assert solution.add(2, y=5, scale=10) == 70
    assert torch.equal(solution.add(torch.arange(3)), torch.arange(3) + 1)
    assert isinstance(solution.add(np.float32(1.5)), np.float32)


@pytest.mark.parametrize(
    "value", [3, 2.5, "text", b"bytes", None, [1], (1, 2), {"a": 1}, slice(1, 2), ..., torch.float16]
)
def test_arguments_arrive_as_they_were(solution, value):
    assert solution.echo(value) == value
    assert solution.kind(value) == type(value).__name__


def test_other_objects_stay_and_can_be_used(solution):
    box = solution.Box([1, 2])
    assert isinstance(box, Remote)
    assert box.content == [1, 2]
    assert box.open() == [1, 2]
    assert len(box) == 5
    assert box[1:3] == ("item", slice(1, 3))
    assert box[0, ...] == ("item", (0, ...))
    box.content = torch.ones(2)
    assert torch.equal(box.open(), torch.ones(2))
    assert solution.kind(box) == "Box"
    assert solution.echo([box, 1])[0].content is not None


def test_the_same_objects_are_the_same_over_there(solution):
    box = solution.Box(1)
    other = solution.echo(box)
    other.content = 2
    assert box.content == 2


def test_iteration(solution, hand_in):
    assert list(solution.count()) == [0, 1, 2, 3]
    assert list(hand_in("endless = __import__('itertools').count()").solution.endless)[-1] == 99_999


def test_a_tensor_with_a_graph_stays_and_has_a_gradient(solution):
    layer = solution.Net().first
    out = layer(torch.ones(1, 2))
    assert isinstance(out, Remote)
    assert tuple(out.shape) == (1, 3)
    out.sum().backward()
    assert layer.bias.grad == close(torch.ones(3))
    assert isinstance(layer.weight, Remote)
    assert type(layer.weight.value) is torch.Tensor
    assert not out.value.requires_grad
    assert out == close(out.value)
    state = layer.state_dict()
    assert set(state) == {"weight", "bias"}


def test_a_leaf_is_differentiated_over_there(hand_in):
    root = hand_in("def square(x): return (x * x).sum()")
    x = root.put(torch.tensor([1.0, 2.0]), requires_grad=True)
    root.solution.square(x).backward()
    assert torch.equal(x.grad, torch.tensor([2.0, 4.0]))


def test_put_shows_changes_in_place(hand_in):
    root = hand_in(SOURCE)
    here = torch.zeros(3)
    there = root.put(here)
    root.solution.fill(there)
    assert torch.equal(there.value, torch.full((3,), 7.0))
    assert torch.equal(here, torch.zeros(3))


def test_files_are_written_where_the_submission_runs(hand_in):
    root = hand_in("def read(path): return open(path, 'rb').read()")
    path = root.put_file("data/some file.bin", b"\x00\xff")
    assert path.startswith("/")
    assert path.endswith("/data/some file.bin")
    assert root.solution.read(path) == root.solution.read("data/some file.bin") == b"\x00\xff"


@pytest.mark.parametrize("path", ["../outside", "a/../../outside"])
def test_files_are_written_nowhere_else(hand_in, path):
    with pytest.raises(RemoteException, match="leaves the folder"):
        hand_in("").put_file(path, b"x")


def test_functions_of_the_author(hand_in):
    root = hand_in(SOURCE)
    assert root.define("lambda x: x + 1")(2) == 3
    assert root.define(
        "def f(x):\n    return g(x)\n\ndef g(x):\n    return F.relu(x).sum() + np.pi * math.e\n"
    )(torch.zeros(2)) == close(math.pi * math.e)
    assert torch.equal(
        root.define("lambda f, x: f(x)")(root.solution.add, torch.ones(1)), torch.full((1,), 2.0)
    )
    assert root.define("lambda: torch.__name__ + nn.__name__")() == "torchtorch.nn"


def test_modules_of_the_sandbox(hand_in):
    root = hand_in(SOURCE)
    assert root.math.pi == math.pi
    assert torch.equal(root.torch.ones(2), torch.ones(2))
    with pytest.raises(RemoteException, match="ModuleNotFoundError"):
        _ = root.no_such_module
    with pytest.raises(AttributeError):
        _ = root._private


def test_a_network_is_described(solution):
    layers = describe(solution.Net())
    assert [layer.name for layer in layers] == ["", "first", "second", "second.0", "second.1"]
    assert [layer.type for layer in layers] == ["Net", "Linear", "Sequential", "ReLU", "Dropout"]
    assert layers[1].qualified == "torch.nn.modules.linear.Linear"
    assert layers[0].config["scale"] == 4
    assert (layers[1].config["in_features"], layers[1].config["out_features"]) == (2, 3)
    assert layers[4].config["p"] == 0.25


def test_is_remote(solution):
    net = solution.Net()
    assert is_remote(net, "torch.nn.Module")
    assert is_remote(net.first, "torch.nn.Linear")
    assert not is_remote(net, "torch.nn.Linear")
    assert not is_remote(3, "builtins.int")
    assert is_remote(solution.Net, "builtins.type")


def test_where_a_function_is_defined(hand_in):
    root = hand_in({"solution.py": "from helper import f", "helper.py": "\n\ndef f(): return 1\n"})
    assert located(root.solution.f) == ("helper.py", 3)
    assert located(root.math.sqrt) is None
    assert located(root.define("lambda: 1")) is None


# ------------------------------------------------------------------ what is missing, and what goes wrong


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda s: s.absent, r"solution\.py does not define `absent`"),
        (lambda s: s.Class.absent, r"Class has no `absent`"),
        (lambda s: s.Class().absent, r"Class has no `absent`"),
        (lambda s: s.empty(), "empty has no body yet"),
        (lambda s: s.described(), "described has no body yet"),
        (lambda s: s.dots(), "dots has no body yet"),
        (lambda s: s.Class().method(1), "method has no body yet"),
        (lambda s: s.raising(), r"do this \(solution\.py, line 18, in raising\)"),
        (lambda s: s.indirect(), r"do this \(solution\.py, line 18, in raising\)"),
        (lambda s: s.bare(), r"Not implemented yet \(solution\.py, line 26, in bare\)"),
    ],
)
def test_stubs_and_missing_names(hand_in, use, words):
    source = '''
class Class:
    def method(self, x):
        """To do."""

def empty():
    pass

def described():
    """Only a text."""

def dots(): ...

def honest(flag=False):
    return None if not flag else 1

def raising():
    raise NotImplementedError("do this")

def indirect():
    return raising()



def bare():
    raise NotImplementedError
'''
    solution = hand_in(source).solution
    assert solution.honest() is None
    with pytest.raises(NotImplementedYet, match=words):
        use(solution)


def test_what_others_lack_is_an_error_and_no_stub(hand_in):
    solution = hand_in(
        "import torch\n\nclass Proxy:\n    def __getattr__(self, name):\n        raise AttributeError(name)\n"
    ).solution
    with pytest.raises(RemoteException, match="AttributeError"):
        _ = solution.torch.absent
    with pytest.raises(RemoteException, match="AttributeError"):
        _ = solution.Proxy().absent


def test_an_exception_comes_with_the_students_frames_only(hand_in):
    root = hand_in(
        {
            "solution.py": "import helper\n\ndef run(x):\n    return [helper.divide(item) for item in x]\n",
            "helper.py": "import torch\n\ndef divide(x):\n    torch.ones(2) @ torch.ones(3)  # wrong\n",
        }
    )
    with pytest.raises(RemoteException) as caught:
        root.solution.run([1])
    error = caught.value
    assert error.type_name == "RuntimeError"
    assert "size" in error.message
    assert {frame.file for frame in error.frames} == {"solution.py", "helper.py"}
    last = error.frames[-1]
    assert (last.file, last.line, last.function) == ("helper.py", 4, "divide")
    assert last.source == "torch.ones(2) @ torch.ones(3)  # wrong"


def test_own_exceptions_and_ends_of_the_program_are_exceptions(hand_in):
    solution = hand_in(
        """
        import sys

        class Own(Exception): pass

        def own(): raise Own("mine")
        def end(): sys.exit(3)
        def stop(): raise KeyboardInterrupt
        """
    ).solution
    for name, kind in (("own", "solution.Own"), ("end", "SystemExit"), ("stop", "KeyboardInterrupt")):
        with pytest.raises(RemoteException) as caught:
            getattr(solution, name)()
        assert caught.value.type_name == kind


def test_exceptions_that_resist_description(hand_in):
    solution = hand_in(
        """
        class Mute(Exception):
            def __str__(self):
                raise SystemExit

        class Meta(type):
            def __getattribute__(cls, name):
                raise ValueError

        class Odd(Exception, metaclass=Meta):
            pass

        class Liar(Exception):
            @property
            def __class__(self):
                raise RuntimeError

        class Text(str):
            def __getitem__(self, key):
                return 5

        class Long(Exception):
            __module__ = []

            def __str__(self):
                return Text("x" * 1_000_000)

        def throw(name):
            raise globals()[name]

        def fine():
            return 1
        """
    ).solution
    for name in ("Mute", "Odd", "Liar", "Long"):
        with pytest.raises(RemoteException) as caught:
            solution.throw(name)
        assert len(str(caught.value)) < 5000
    assert solution.fine() == 1


def test_results_that_cannot_be_sent(hand_in):
    solution = hand_in(
        """
        import torch

        def big(): return torch.zeros(300 << 20, dtype=torch.uint8)
        def text(): return "x" * 3_000_000
        def integer(): return 1 << 100_000
        def axes(): return torch.zeros((2,) * 20)
        def many(): return dict.fromkeys(range(10_000))
        def deep():
            value = []
            for _ in range(100):
                value = [value]
            return value
        def fine(): return 1
        """
    ).solution
    for name in ("big", "text", "integer", "axes", "many", "deep"):
        with pytest.raises(RemoteException, match="NotPlain"):
            getattr(solution, name)()
    assert solution.fine() == 1
    assert solution._session.generation == 1


def test_what_is_no_data_has_no_value(solution):
    with pytest.raises(RemoteException, match="NotPlain"):
        _ = solution.Box.value


def test_objects_are_not_compared_nor_true(solution):
    box = solution.Box(1)
    assert box == box  # noqa: PLR0124 - the same remote object
    with pytest.raises(SpecError, match=r"compare its \.value"):
        _ = box == 1
    with pytest.raises(SpecError, match="always true"):
        bool(box)


def test_only_plain_data_and_remote_objects_are_sent(solution):
    with pytest.raises(TypeError, match="object"):
        solution.echo(object())


def test_objects_that_are_not_held_are_let_go(hand_in):
    root = hand_in(
        "import gc\n\nclass Box: pass\n\ndef alive(): return sum(type(o) is Box for o in gc.get_objects())\n"
    )
    kept = [root.solution.Box() for _ in range(3)]
    assert root.solution.alive() == 3
    del kept[1:]
    assert root.solution.alive() == 1


# ------------------------------------------------------------------ objects and sandboxes that end


def test_an_object_ends_with_its_sandbox(hand_in):
    root = hand_in(SOURCE + "\nimport os\n\ndef die(): os._exit(3)\n")
    box = root.solution.Box(1)
    with pytest.raises(SandboxDied, match="exit code 3"):
        root.solution.die()
    with pytest.raises(SandboxDied, match="exit code 3"):
        _ = box.content
    assert root.solution.Box(2).content == 2


def test_made_once_per_sandbox(hand_in):
    root = hand_in("import os\n\nclass Box: pass\n\ndef die(): os._exit(0)\n")
    made = []

    def make():
        made.append(root.solution.Box())
        return made[-1]

    assert root.once("box", make) is root.once("box", make) is made[0]
    assert root.define("lambda: 1") is root.define("lambda: 1")
    with pytest.raises(SandboxDied):
        root.solution.die()
    assert root.once("box", make) is made[1]
    assert len(made) == 2


def test_once_does_not_keep_what_belongs_to_a_sandbox_that_died_meanwhile(hand_in):
    root = hand_in("import os\n\ndef die(): os._exit(0)\n")
    made = []

    def make():
        made.append(len(made))
        if len(made) == 1:
            with pytest.raises(SandboxDied):
                root.solution.die()
        return root.solution.die

    root.once("key", make)
    root.once("key", make)
    root.once("key", make)
    assert made == [0, 1]


def test_what_was_made_once_counts_as_asked(hand_in):
    """A test that trips over it trips over the submission, not over itself."""
    root = hand_in("VALUE = None")
    for _ in range(2):
        before = root.session.calls
        assert root.once("value", lambda: root.solution.VALUE) is None
        assert root.session.calls > before
