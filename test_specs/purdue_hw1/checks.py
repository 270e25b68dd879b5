"""What both networks are tested for. `name` is the class."""

from __future__ import annotations

import itertools
from typing import Any

import oracle
import torch
from oracle import Problem
from students import Networks, succeeds

from grader.spec import close, is_remote

SHAPE = (6, 5, 4, 3)  # three layers, as in most of the homework: other depths have tests of their own
RATE = 0.5
DEPTHS = [(784, 10), (12, 9, 8, 7, 6, 5)]


def initial_parameters(networks: Networks, name: str) -> None:
    """Shapes, bounds and spread of new weights and biases."""
    shape = (300, 60, 20, 10)
    network = getattr(networks.submission.networks, name)(shape, gpu_id=-1)
    weights, biases = (list(found) for found in networks.define(_PARAMETERS)(network))
    sizes = list(itertools.pairwise(shape))
    found = [tuple(weight.shape) for weight in weights], [tuple(bias.shape) for bias in biases]
    assert found[0] == [(n, m) for m, n in sizes], f"The weights have the shapes {found[0]}."
    assert found[1] == [(n, 1) for _, n in sizes], f"The biases have the shapes {found[1]}."
    for weight, bias, (fan_in, _) in zip(weights, biases, sizes, strict=True):
        bound = fan_in**-0.5
        inside = all(bool((part.abs() <= bound * 1.0001).all()) for part in (weight, bias))
        assert inside, f"With {fan_in} inputs, some of the values are beyond 1 / sqrt({fan_in})."
        assert bias.numel() == len(bias.unique()), "The biases are not random."
    spread = float(weights[0].double().std()) * 300**0.5 * 3**0.5
    assert abs(spread - 1) < 0.05, "The weights of the first layer are not uniform between the two bounds."
    assert abs(float(weights[0].double().mean())) < 0.05 * 300**-0.5, "The weights are not centred at 0."


def feed_forward(networks: Networks, name: str, problem: Problem) -> None:
    """The values of every layer; an entry too many in front costs points elsewhere."""
    outputs, acts = networks.forward(networks.new(name, problem), problem)
    expected = oracle.forward(problem)
    layers = len(problem.weights)
    assert outputs[-layers:] == close(expected[0])
    assert acts[-layers:] == close(expected[1])


def entries(networks: Networks, name: str, problem: Problem) -> None:
    """One entry per layer."""
    outputs, acts = networks.forward(networks.new(name, problem), problem)
    counts = len(outputs), len(acts)
    layers = len(problem.weights)
    assert counts == (layers, layers), (
        f"There are {counts[0]} outputs and {counts[1]} act_outputs of {layers} layers."
    )


def depth(networks: Networks, name: str, problem: Problem) -> None:
    """The last activations of a network of any depth."""
    acts = networks.forward(networks.new(name, problem), problem)[1]
    assert acts[-1] == close(oracle.forward(problem)[1][-1])


def loss(networks: Networks, name: str, problem: Problem) -> None:
    """The mean cross-entropy."""
    assert networks.loss(networks.new(name, problem), problem) == close(oracle.loss(problem))


def predict(networks: Networks, name: str, problem: Problem) -> None:
    """Labels, whatever their dtype and whether in a row or a column."""
    found: Any = networks.new(name, problem).predict(problem.X)
    if is_remote(found, "torch.return_types.max"):
        raise AssertionError(
            "predict returns what torch.max gives, values and indices: the indices are the labels."
        )
    flat = torch.as_tensor(found).reshape(-1) if isinstance(found, torch.Tensor | list | tuple) else found
    assert flat == close(oracle.labels(problem))


def step_weights(networks: Networks, name: str, problem: Problem, gradients: list[Any] | None = None) -> None:
    """How one step changes the weights: by our gradient, or by their own, which may be wrong elsewhere."""
    _step(
        networks.trained(name, problem, RATE).weights,
        problem.weights,
        oracle.gradients(problem)[0],
        gradients,
    )


def step_biases(networks: Networks, name: str, problem: Problem, gradients: list[Any] | None = None) -> None:
    """How one step changes the biases."""
    _step(
        networks.trained(name, problem, RATE).biases, problem.biases, oracle.gradients(problem)[1], gradients
    )


def _step(after: list[Any], before: list[Any], expected: list[Any], own: list[Any] | None) -> None:
    steps = [(one - other) / RATE for one, other in zip(before, after, strict=True)]
    if own is not None and succeeds(
        lambda: steps == close([gradient.float() for gradient in own], rtol=1e-3)
    ):
        return
    assert steps == close(expected, rtol=1e-3)


def returned_loss(networks: Networks, name: str, problem: Problem) -> None:
    """The loss before the step, or after it."""
    network = networks.new(name, problem)
    found = networks.train(network, problem, RATE)[0]
    after = problem.at(networks.parameters(network, problem))
    if not succeeds(lambda: found == close(oracle.loss(after))):
        assert found == close(oracle.loss(problem))


def three_steps(networks: Networks, name: str, problem: Problem) -> None:
    """Three steps of one network; where a single one is wrong, against three networks that make one each."""
    expected = problem
    own = not _same(networks.trained(name, problem, RATE), oracle.step(problem, RATE))
    for _ in range(3):
        expected = networks.trained(name, expected, RATE) if own else oracle.step(expected, RATE)
    found = networks.trained(name, problem, RATE, times=3)
    assert found.weights == close(expected.weights, rtol=1e-3)
    assert found.biases == close(expected.biases, rtol=1e-3)


def _same(one: Problem, other: Problem) -> bool:
    pairs = [(one.weights, other.weights), (one.biases, other.biases)]
    return succeeds(lambda: all(found == close(expected, rtol=1e-3) for found, expected in pairs))


_PARAMETERS = """
def parameters(network):
    lists = [network.weights, network.biases]
    lists = [list(part.values()) if isinstance(part, dict) else list(part) for part in lists]
    return [[torch.as_tensor(entry).detach() for entry in part] for part in lists]
"""
