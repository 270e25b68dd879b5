"""Fixtures. Beside this: networks (the oracle), bench (a Trainer), stimuli (sources), turned (data)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stimuli
import torch
from bench import EVALUATION_NEEDS, LOOP_NEEDS, STEP_NEEDS, Bench, make_bench, prepare, repaired
from networks import Behaviour, Case, explain, with_their_sizes
from turned import Turned, turned_images

from grader.spec import describe


@pytest.fixture
def submission(submission: Any) -> Any:
    """The student's submission where float32 and the CPU are the defaults."""
    prepare(submission)
    return submission


@pytest.fixture
def fresh_submission(fresh_submission: Any) -> Any:
    """The same in a sandbox of its own."""
    prepare(fresh_submission)
    return fresh_submission


@pytest.fixture
def build(submission: Any) -> Callable[[Case], Any]:
    """Makes a case's network with the student's create_mlp or create_cnn."""

    def make(case: Case) -> Any:
        solution = submission.solution
        create = getattr(solution.Trainer, f"create_{case.kind}")
        activation = submission.torch.nn.Tanh() if case.kind == "mlp" else submission.define(stimuli.SINE)()
        return create(case.size, solution.NetworkConfiguration(**case.settings), activation)

    return make


@pytest.fixture
def output(submission: Any) -> Callable[[Any, torch.Tensor], torch.Tensor]:
    """Runs a student's network on images, which get the type of its weights."""

    def run(network: Any, images: torch.Tensor) -> torch.Tensor:
        result = submission.define(stimuli.OUTPUT)(network, images)
        assert isinstance(result, torch.Tensor), "The network returns no tensor."
        return result

    return run


@pytest.fixture
def behaviour(
    submission: Any,
    build: Callable[[Case], Any],
    output: Callable[[Any, torch.Tensor], torch.Tensor],
    rng: torch.Generator,
) -> Callable[[Case], Behaviour]:
    """How the student's network of a case is built, found from its output under random weights."""

    def find(case: Case) -> Behaviour:
        network = build(case)
        case = with_their_sizes(case, describe(network))
        images = torch.randn(case.images, generator=rng)
        layers = case.weights(rng, images)
        complete = submission.define(stimuli.INSTALL)(network, layers)
        assert complete is True, "The network lacks one of the layers that its configuration asks for."
        found = explain(case, layers, images, output(network, images))
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
    return repaired(bench, lambda: request.getfixturevalue("fresh_submission"), STEP_NEEDS)


@pytest.fixture
def for_loop(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """The same for train_loop, with a right training_step too."""
    return repaired(bench, lambda: request.getfixturevalue("fresh_submission"), LOOP_NEEDS)


@pytest.fixture
def for_evaluation(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """The same for evaluate, whose loss need not work with gradients but without."""
    return repaired(bench, lambda: request.getfixturevalue("fresh_submission"), EVALUATION_NEEDS)


@pytest.fixture
def turned(record_property: Callable[[str, object], None]) -> Turned:
    """Turned images with their angles; the result tells which they are."""
    data = turned_images()
    record_property("data", data.name)
    return data
