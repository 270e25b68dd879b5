"""create_activation_function. Its functions may be the student's own."""

from __future__ import annotations

import pytest
import torch

from grader.spec import close, is_remote, part, points, visibility

pytestmark = [part("create_activation_function"), visibility("visible")]

NAMES = ("relu", "tanh", "sigmoid")


@points(0.2)
def test_activation_is_a_module(submission):
    """create_activation_function gives a torch.nn.Module."""
    for name in NAMES:
        activation = submission.solution.Trainer.create_activation_function(name)
        assert is_remote(activation, "torch.nn.Module"), f"For {name!r} it gives no torch.nn.Module."


@points(0.3)
@pytest.mark.parametrize("name", NAMES)
def test_activation_function(submission, name):
    """create_activation_function gives the function of that name."""
    x = torch.tensor([[-2.0, -0.5], [0.0, 3.0]])
    activation = submission.solution.Trainer.create_activation_function(name)
    assert activation(x) == close(getattr(torch, name)(x))


@points(0.25)
def test_relu_leaves_its_input(submission):
    """relu returns a new tensor: its input keeps its negative numbers."""
    x = torch.tensor([[-2.0, 0.5], [3.0, -1.0]])
    there = submission.put(x)
    submission.solution.Trainer.create_activation_function("relu")(there)
    assert there.value == close(x), "After relu(x), x is not what it was."


@points(0.25)
def test_tanh_of_large_numbers(submission):
    """tanh is 1 at 100 and -1 at -100, not NaN."""
    activation = submission.solution.Trainer.create_activation_function("tanh")
    result = submission.define("lambda function, x: function(x).detach()")(
        activation, torch.tensor([100.0, -100.0])
    )
    # Another function in its place is another test's mistake: what must not be is NaN.
    assert not bool(torch.as_tensor(result).isnan().any()), "tanh(100) or tanh(-100) is NaN."
