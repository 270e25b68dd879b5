"""Fixtures. The modules beside this one: networks (the oracle), bench (a Trainer), stimuli (sources)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stimuli
import torch
from bench import Bench, make_bench, repaired
from networks import Behaviour, Case, explain

from grader import datasets


@pytest.fixture
def build(submission: Any) -> Callable[[Case], Any]:
    """Makes a case's network with the student's create_mlp or create_cnn."""

    def make(case: Case) -> Any:
        solution = submission.solution
        create = getattr(solution.Trainer, f"create_{case.kind}")
        activation = submission.torch.nn.Tanh() if case.kind == "mlp" else submission.define(stimuli.SINE)()
        return create(case.size, solution.NetworkConfiguration(**case.settings), case.n_classes, activation)

    return make


@pytest.fixture
def behaviour(
    submission: Any, build: Callable[[Case], Any], rng: torch.Generator
) -> Callable[[Case], Behaviour]:
    """How the student's network of a case is built, found from its output under random weights."""

    def find(case: Case) -> Behaviour:
        network, layers = build(case), case.weights(rng)
        images = torch.randn(case.images, generator=rng)
        complete = submission.define(stimuli.INSTALL)(network, layers)
        assert complete is True, "The network lacks one of the layers that its configuration asks for."
        output = submission.define(stimuli.OUTPUT)(network, images)
        found = explain(case, layers, images, output)
        assert found is not None, "The network computes something else than its layers should."
        return found

    return find


@pytest.fixture
def bench(submission: Any) -> Bench:
    """The student's Trainer. Its graded methods are theirs; its constructor needs none of them."""
    return make_bench(submission)


@pytest.fixture
def for_training(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """The same for training_step, whose helpers are repaired where they are wrong."""
    return repaired(bench, lambda: request.getfixturevalue("fresh_submission"), training=True)


@pytest.fixture
def for_evaluation(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """The same for evaluate, whose helpers need not work with gradients but without."""
    return repaired(bench, lambda: request.getfixturevalue("fresh_submission"), training=False)


@pytest.fixture
def images(record_property: Callable[[str, object], None]) -> datasets.ImageData:
    """The images for training; the result tells which they are."""
    data = datasets.fashion_mnist(datasets.folder_from_environment())
    record_property("data", data.name)
    return data
