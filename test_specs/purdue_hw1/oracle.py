"""What the networks should compute, by autograd, here and never in the sandbox."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

Parameters = tuple[list[Tensor], list[Tensor]]  # weights (out, in) and biases (out, 1), first layer first


@dataclass(frozen=True)
class Problem:
    """Examples X (N, F), labels y (N,), one-hot (N, C), and the parameters of a network."""

    shape: tuple[int, ...]
    weights: list[Tensor]
    biases: list[Tensor]
    X: Tensor
    y: Tensor

    @property
    def y_1hot(self) -> Tensor:
        """(N, C)"""
        return torch.eye(self.shape[-1])[self.y]

    @property
    def data(self) -> tuple[Tensor, Tensor, Tensor]:
        """The first arguments of `loss` and `train_one_epoch`."""
        return self.X, self.y, self.y_1hot

    def at(self, parameters: Parameters) -> Problem:
        """The same examples with other parameters."""
        return replace(self, weights=parameters[0], biases=parameters[1])


def make(shape: Sequence[int], examples: int, rng: torch.Generator) -> Problem:
    """A random problem whose hidden neurons are on for some examples and off for others."""
    sizes = list(itertools.pairwise(shape))
    weights = [torch.randn(n, m, generator=rng) / m**0.5 for m, n in sizes]
    biases = [torch.randn(n, 1, generator=rng) / 5 for _, n in sizes]
    X = torch.randn(examples, shape[0], generator=rng)
    return Problem(tuple(shape), weights, biases, X, torch.randint(0, shape[-1], (examples,), generator=rng))


def forward(problem: Problem) -> tuple[list[Tensor], list[Tensor]]:
    """outputs and act_outputs of each layer, (neurons, N), float32."""
    outputs, acts = _forward(problem.weights, problem.biases, problem.X.double())
    return [value.float() for value in outputs], [value.float() for value in acts]


def loss(problem: Problem) -> float:
    """The mean cross-entropy."""
    return float(_loss(problem, problem.weights, problem.biases))


def gradients(problem: Problem) -> Parameters:
    """Of the mean cross-entropy, float32."""
    weights, biases = ([p.double().requires_grad_() for p in ps] for ps in (problem.weights, problem.biases))
    found = torch.autograd.grad(_loss(problem, weights, biases), [*weights, *biases])
    floats = [gradient.float() for gradient in found]
    return floats[: len(weights)], floats[len(weights) :]


def step(problem: Problem, rate: float) -> Problem:
    """After one step of gradient descent."""
    by_weights, by_biases = gradients(problem)
    weights = [p - rate * g for p, g in zip(problem.weights, by_weights, strict=True)]
    return problem.at((weights, [p - rate * g for p, g in zip(problem.biases, by_biases, strict=True)]))


def labels(problem: Problem) -> Tensor:
    """(N,)"""
    return forward(problem)[0][-1].argmax(dim=0)


def _forward(weights: list[Tensor], biases: list[Tensor], X: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    outputs: list[Tensor] = []
    acts: list[Tensor] = []
    values = X.t()
    for weight, bias in zip(weights, biases, strict=True):
        outputs.append(weight.double() @ values + bias.double())
        is_last = len(outputs) == len(weights)
        values = outputs[-1].softmax(dim=0) if is_last else outputs[-1].relu()
        acts.append(values)
    return outputs, acts


def _loss(problem: Problem, weights: list[Tensor], biases: list[Tensor]) -> Tensor:
    outputs = _forward(weights, biases, problem.X.double())[0]
    return torch.nn.functional.cross_entropy(outputs[-1].t(), problem.y)
