"""The activations of the course that stand in for a student's are right, and of no use to the student."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from grader import rules
from grader.assignment import load
from grader.intake.model import Submission

ASSIGNMENT = load("purdue_hw1")
PATH = "x_y_hw1/my_neural_networks/activations.py"
FALLBACK = ASSIGNMENT.folder / "fallback_activations.py"


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def repaired() -> ModuleType:
    """An empty module with the functions that specs put in the place of wrong ones."""
    names: dict = {}
    exec(module_of(ASSIGNMENT.folder / "stimuli.py").REPAIR, names)  # noqa: S102 - our own
    module = ModuleType("activations")
    names["repair"](module, ["relu", "softmax", "stable_softmax", "cross_entropy"])
    return module


@pytest.mark.parametrize("make", [lambda: module_of(FALLBACK), repaired], ids=["fallback", "repair"])
def test_they_are_right(make):
    module = make()
    z = torch.randn(5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    labels = np.arange(7) % 5
    powers = np.exp(z.numpy())
    right = powers / powers.sum(0)
    leaf = z.clone().requires_grad_()
    assert np.allclose(module.relu(z), np.maximum(z.numpy(), 0))
    for softmax in (module.softmax, module.stable_softmax):
        assert np.allclose(softmax(z), right)
    assert torch.isfinite(module.stable_softmax(1000 * z)).all()
    loss = module.cross_entropy(module.stable_softmax(leaf), torch.eye(5)[:, labels])
    assert float(loss.detach()) == pytest.approx(-np.log(right[labels, range(7)]).mean())
    loss.backward()
    assert np.allclose(leaf.grad, (right - np.eye(5)[:, labels]) / 7)


def zeroed(source: str) -> set[str]:
    files = {PATH: source.encode(), "x_y_hw1/my_neural_networks/networks.py": b"import torch\n"}
    submission = Submission("x_y_hw1.tar.gz", "", files, next(reversed(files)))
    broken = rules.check(submission, ASSIGNMENT.config.rules)
    return {part for violation in broken for part in violation.zero_parts}


def test_handing_them_in_earns_nothing():
    repair = module_of(ASSIGNMENT.folder / "stimuli.py").REPAIR
    functions = "import torch\n" + repair.partition("right = dict")[0].partition("\n")[2]
    for source in (FALLBACK.read_text(), functions):
        assert "activations" in zeroed(source)
    assert zeroed("import torch\ndef relu(z):\n    return torch.relu(z)\n") == set()


def test_the_sample_is_the_fallback():
    sample = (
        ASSIGNMENT.samples / "__sources__" / "fallback_handed_in" / "my_neural_networks" / "activations.py"
    )
    assert sample.read_bytes() == FALLBACK.read_bytes()
