"""The Trainer as a whole: what is given with the template still works with the rest."""

from __future__ import annotations

import pytest
import stimuli
from bench import noise, prepare
from networks import small_network

from grader.spec import part, points, visibility

pytestmark = [part("trainer"), visibility("visible")]

NAMES = ("train_loss", "test_loss", "train_mae", "test_mae")


@points(0.5)
def test_train_loop_logs(for_loop, rng):
    """train_loop(2) returns logs of three losses and errors: one from before training, one per epoch."""
    trainer = for_loop.with_network(small_network(rng, (784, 4, 1)), rate=0.01)
    lengths = for_loop.submission.define(stimuli.LOGS)(trainer, 2)
    for name in NAMES:
        assert name in lengths, f"The logs lack {name!r}."
        assert lengths[name] == 3, f"After 2 epochs {name!r} has {lengths[name]} entries."


@pytest.fixture
def trainer_that_ran(submission, bench, rng):
    """A Trainer after all that it can do."""
    trainer = bench.with_network(small_network(rng, (784, 4, 1)), rate=0.01)
    submission.define(stimuli.RUN_ALL)(submission.solution, trainer, *noise(3))
    return trainer


@points(0.25)
def test_trainer_sets_its_epsilon(trainer_that_ran):
    """The constructor sets self.epsilon, as the template does, if a method uses it."""
    assert trainer_that_ran.missed == [], "A method uses self.epsilon, which the constructor does not set."


@points(0.25)
@pytest.mark.usefixtures("trainer_that_ran")
def test_trainer_needs_no_gpu(submission):
    """The Trainer runs where there is no GPU: "cuda" and "mps" are used only where they are available."""
    asked = prepare(submission)()
    assert asked == [], f"The code asks for {' and '.join(asked)}, which is not there. Use the CPU then."


@pytest.mark.parametrize("network_type", ["mlp", "cnn"])
def test_trainer_trains(submission, bench, network_type):
    """Trainer() builds its network, and train_loop(2) trains it."""
    lengths = submission.define(stimuli.LOGS)(submission.solution.Trainer(network_type=network_type), 2)
    assert {name: lengths[name] for name in NAMES} == dict.fromkeys(NAMES, 3)
