"""create_activation_function."""

from __future__ import annotations

import pytest
import torch

from grader.spec import close, is_remote, part, points, visibility

pytestmark = [part("create_activation_function"), visibility("visible")]

NAMES = ("relu", "tanh", "sigmoid")


@points(0.25)
def test_activation_is_a_module(submission):
    """create_activation_function gives a torch.nn.Module."""
    for name in NAMES:
        activation = submission.solution.Trainer.create_activation_function(name)
        assert is_remote(activation, "torch.nn.Module"), f"For {name!r} it gives no torch.nn.Module."


@points(0.75)
@pytest.mark.parametrize("name", NAMES)
def test_activation_function(submission, name):
    """create_activation_function gives the function of that name."""
    x = torch.tensor([[-2.0, -0.5], [0.0, 3.0]])
    activation = submission.solution.Trainer.create_activation_function(name)
    assert activation(x) == close(getattr(torch, name)(x))
