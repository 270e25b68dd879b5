"""The submission's code in the sandbox, called the way its author may have meant it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import oracle
import stimuli
import torch
from oracle import Parameters, Problem
from torch import Tensor

from grader.errors import CallTimeout, InfrastructureError, SandboxDied, SpecError, WireError
from grader.spec import close

ACTIVATIONS = ("relu", "softmax", "stable_softmax", "cross_entropy")


def succeeds(attempt: Callable[[], Any]) -> bool:
    """Whether `attempt` returns something true; not where the student's code raises or returns something
    unusable.
    """
    try:
        return bool(attempt())
    except (CallTimeout, SandboxDied, WireError, InfrastructureError, SpecError):
        raise
    except Exception:
        return False


@dataclass(frozen=True)
class Activations:
    """Their activations.py, with classes as rows and examples as columns."""

    submission: Any

    @property
    def module(self) -> Any:
        """activations.py itself."""
        return self.submission.activations

    def cross_entropy(self, X: Tensor, y_1hot: Tensor) -> Any:
        """The average cross-entropy as a number, of `average_cross_entropy` where there is one."""
        choose = "lambda m: getattr(m, 'average_cross_entropy', None) or m.cross_entropy"
        function = self.submission.once("cross_entropy", lambda: self.submission.define(choose)(self.module))
        return self.submission.define("lambda f, X, y: float(f(X, y))")(function, X, y_1hot)

    @property
    def wrong(self) -> list[str]:
        """Which functions are; none where the whole file is lost, since another one is in its place then."""
        if not succeeds(lambda: self.module is not None):
            return []
        return list(self.submission.once("wrong activations", self._find_wrong))

    def _find_wrong(self) -> list[str]:
        z = torch.tensor([[1.0, -2.0], [0.0, 3.0], [-1.0, 0.5]])
        y_1hot = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
        X = z.softmax(dim=0)
        checks = {
            "relu": lambda: self.leaves_alone(z) and self.module.relu(z) == close(z.relu()),
            "softmax": lambda: self.module.softmax(z) == close(X),
            "stable_softmax": lambda: self._is_stable(z),
            "cross_entropy": lambda: (
                self.cross_entropy(X, y_1hot) == close(-(y_1hot * X.log()).sum().item() / 2)
            ),
        }
        return [name for name in ACTIVATIONS if not succeeds(checks[name])]

    def _is_stable(self, z: Tensor) -> bool:
        return all(self.module.stable_softmax(k * z) == close((k * z).softmax(dim=0)) for k in (1, 1000))

    def leaves_alone(self, z: Tensor) -> bool:
        """Whether relu does not change its argument."""
        theirs = self.submission.put(z)
        self.module.relu(theirs)
        return theirs.value == close(z)

    def repair(self, names: list[str]) -> Callable[[], object]:
        """Put right functions in the place of these; what takes that back."""
        return self.submission.define(stimuli.REPAIR)(self.module, names)


@dataclass(frozen=True)
class Networks:
    """Their networks.py."""

    submission: Any

    def define(self, source: str) -> Any:
        """A function of ours in the sandbox."""
        return self.submission.define(source)

    def new(self, name: str, problem: Problem) -> Any:
        """A network of theirs with the problem's parameters."""
        cls = getattr(self.submission.networks, name)
        return self.define(stimuli.MAKE)(cls, list(problem.shape), problem.weights, problem.biases)

    def parameters(self, network: Any, problem: Problem) -> Parameters:
        """Its weights and biases, in the shapes that they should have."""
        weights, biases = self.define(stimuli.PARAMETERS)(network)
        return _like(weights, problem.weights), _like(biases, problem.biases)

    def forward(self, network: Any, problem: Problem) -> tuple[list[Tensor], list[Tensor]]:
        """Its outputs and act_outputs as they are."""
        outputs, acts = self.define(stimuli.FORWARD)(network, problem.X.t())
        return list(outputs), list(acts)

    def loss(self, network: Any, problem: Problem) -> Any:
        """Its loss as a number."""
        return self.define(stimuli.LOSS)(network, *problem.data)

    def train(self, network: Any, problem: Problem, rate: float, times: int = 1) -> list[float]:
        """Train for some epochs; the losses that it returned."""
        return list(self.define(stimuli.TRAIN)(network, *problem.data, rate, times))

    def trained(self, name: str, problem: Problem, rate: float, times: int = 1) -> Problem:
        """The problem with the parameters that a new network of theirs has after some epochs."""
        network = self.new(name, problem)
        self.train(network, problem, rate, times)
        return problem.at(self.parameters(network, problem))

    def gradients(self, name: str, problem: Problem) -> Parameters:
        """What its `_backpropagation` returns, sorted by shape into weights' and biases'."""
        network = self.new(name, problem)
        found = self.define(stimuli.BACKPROPAGATE)(network, problem.X.t(), problem.y_1hot.t())
        return sort_gradients(list(found), problem)

    def own_gradients(self, name: str, problem: Problem) -> tuple[list[Any] | None, list[Any] | None]:
        """The same, for a comparison with their own steps; None where there are none."""
        found: list[Parameters] = []
        if not succeeds(lambda: found.append(self.gradients(name, problem)) is None):
            return None, None
        return found[0]


def _like(found: Sequence[Any], ours: Sequence[Tensor]) -> list[Any]:
    """Each tensor in the shape of ours, if it has as many values."""
    pairs = itertools.zip_longest(found, ours)
    return [_in_shape(tensor, like) for tensor, like in pairs if tensor is not None]


def _in_shape(tensor: Any, like: Tensor | None) -> Any:
    if like is None or not isinstance(tensor, Tensor) or tensor.shape == like.shape:
        return tensor
    if tensor.shape == like.t().shape and 1 not in like.shape:
        return tensor.t()
    return tensor.reshape(like.shape) if tensor.numel() == like.numel() and 1 in like.shape else tensor


def sort_gradients(found: list[Tensor], problem: Problem) -> Parameters:
    """Gradients in any order and nesting as (weights', biases'), the first layer first.

    Whichever fits no parameter is left where it is, to be found wrong.
    """
    biases = [g for g in found if g.dim() < 2 or 1 in g.shape]
    weights = [g for g in found if g.dim() == 2 and 1 not in g.shape]
    wanted = [tuple(w.shape) for w in problem.weights]
    if [tuple(w.shape) for w in weights] == wanted[::-1] != wanted:
        weights, biases = weights[::-1], biases[::-1]
    return weights, _like(biases, problem.biases)


@dataclass(frozen=True)
class Equivariant:
    """Their notebook."""

    submission: Any

    @property
    def module(self) -> Any:
        """The notebook as a module."""
        return self.submission.equivariant

    def new(self, name: str, *sides: int, seed: int) -> Any:
        """A layer or auto-encoder of theirs with random weights."""
        model = getattr(self.module, name)(*sides)
        return self.submission.define(stimuli.RANDOMIZE)(model, seed)

    def run(self, model: Any, images: Tensor) -> Tensor:
        """Rows in, rows out."""
        return self.submission.define(stimuli.RUN)(model, images)

    @property
    def wrong(self) -> list[str]:
        """Which of rotation_group and project are."""
        return list(self.submission.once("wrong group", self._find_wrong))

    def _find_wrong(self) -> list[str]:
        group, small = rotations(3), rotations(2)
        weight = torch.arange(36.0).reshape(4, 9).cos()
        expected = sum(small[k].t() @ weight @ group[k] for k in range(4)) / 4
        checks = {
            "rotation_group": lambda: is_group(self.module.rotation_group(3), 3),
            "project": lambda: self.module.project(weight, group, small) == close(expected),
        }
        return [name for name, check in checks.items() if not succeeds(check)]

    def repair(self) -> Callable[[], object]:
        """Put ours in the place of the wrong ones; what takes that back."""
        define = self.submission.define
        undo = [define(stimuli.WITH_GROUP.format(name=name))(self.module) for name in self.wrong]
        return lambda: [step() for step in undo]


def rotations(side: int) -> Tensor:
    """The matrices (4, side**2, side**2) of rotations by 0, 90, 180 and 270 degrees."""
    places = torch.arange(side * side).reshape(side, side)
    return torch.stack([torch.eye(side * side)[torch.rot90(places, k).flatten()] for k in range(4)])


def is_group(found: Any, side: int) -> bool:
    """Whether these are the four matrices, turning either way."""
    ours = rotations(side)
    return found == close(ours) or found == close(ours[[0, 3, 2, 1]])


def turned(images: Tensor, quarters: int) -> Tensor:
    """Rows (N, side**2), each rotated as an image."""
    side = round(images.shape[1] ** 0.5)
    return torch.rot90(images.reshape(-1, side, side), quarters, (1, 2)).flatten(1)


def excess(networks: Networks, name: str, problem: Problem) -> float:
    """By which factor a step of theirs is too large: the number of examples, or 1 where it is not that."""
    ours, theirs = oracle.step(problem, 1e-3), networks.trained(name, problem, 1e-3)
    factor = len(problem.y)
    moved = [(after - before) / factor for after, before in zip(theirs.weights, problem.weights, strict=True)]
    right = [after - before for after, before in zip(ours.weights, problem.weights, strict=True)]
    return factor if succeeds(lambda: moved == close(right, rtol=1e-2, atol=1e-6)) else 1
