"""Real trainings. They stop as soon as the outcome is settled."""

from __future__ import annotations

import pytest
import stimuli

from grader.spec import part, points, slow, visibility

# By the rate: how many epochs tell what it does (the homework has 50), and where the error must end.
STUDY = {"0.01": (20, 0.4), "1e-4": (30, 0.25), "1e-8": (5, None)}
STUDY_IMAGES = {False: 2000, True: 10_000}  # of the stand-in and of the real images
ERRORS = ("train_loss", "test_loss", "train_mae", "test_mae")

# What a right training_step surely reaches: the bar for the mean absolute error on unseen images, within how
# many epochs, with how many images. README.md tells what was measured.
MLP_BARS = {False: (0.15, 20, 4000), True: (0.25, 20, 20_000)}
CNN_BARS = {False: (0.2, 12, 2000), True: (0.3, 8, 10_000)}


def errors_of_training(bench, turned, kind, rate, bar):
    """The errors on unseen images before and after each epoch, until one is below the bar."""
    low, epochs, count = bar
    train = tuple(part[:count] for part in turned.train)
    make = bench.submission.define(stimuli.FOR_TRAINING)
    trainer = make(bench.trainer, kind, 0, rate, train, turned.shown)
    errors = [unseen_error(bench, trainer, turned)]
    while errors[-1] >= low and len(errors) <= epochs:
        bench.submission.define(stimuli.EPOCH)(trainer)
        errors.append(unseen_error(bench, trainer, turned))
    return errors


def unseen_error(bench, trainer, turned):
    """The mean absolute error on images whose angles never leave the examiner."""
    images, angles = turned.unseen
    found = bench.submission.define(stimuli.OUTPUT)(trainer.network, images)
    return (found - angles).abs().mean().item()


@slow
@part("training_step")
@points(0.5)
def test_mlp_training_reaches_the_error(for_training, turned, curves):
    """An MLP (128, 128) trained by training_step (Adam, 1e-4) finds the angles of images it never saw."""
    bar = MLP_BARS[turned.real]
    errors = errors_of_training(for_training, turned, "mlp", 1e-4, bar)
    curves.add("MLP: error on unseen images", errors, y_label="mean absolute error")
    assert errors[-1] < bar[0], f"After {bar[1]} epochs the error is still {errors[-1]:.2f}."


@slow
@part("training_step")
@points(0.5)
def test_cnn_training_reaches_the_error(for_training, turned, curves):
    """A CNN (16, 32, 45) trained by training_step (Adam, 1e-3) finds the angles of images it never saw."""
    bar = CNN_BARS[turned.real]
    errors = errors_of_training(for_training, turned, "cnn", 1e-3, bar)
    curves.add("CNN: error on unseen images", errors, y_label="mean absolute error")
    assert errors[-1] < bar[0], f"After {bar[1]} epochs the error is still {errors[-1]:.2f}."


@slow
@part("learning_rates")
@visibility("visible")
@pytest.mark.parametrize("rate", STUDY)
def test_learning_rate(submission, turned, curves, rate):
    """Your own Trainer with an MLP (128, 128) learns with 0.01 and with 1e-4, and nothing with 1e-8."""
    study, (epochs, bar) = submission.define(stimuli.STUDY), STUDY[rate]
    train = tuple(part[: STUDY_IMAGES[turned.real]] for part in turned.train)
    logs = study(submission.solution, 0, float(rate), train, turned.shown).train_loop(epochs)
    logs = getattr(logs, "value", logs)
    for name in ERRORS:
        curves.add(f"{name} with {rate}", logs[name], y_label=name.partition("_")[2])
        assert len(logs[name]) == epochs + 1, f"After {epochs} epochs {name!r} has {len(logs[name])} entries."
    first, last = logs["test_mae"][0], logs["test_mae"][-1]
    assert 0.6 < first < 1.1, "Before training, the mean absolute error is not about 0.8."
    if bar is None:
        assert abs(last - first) < 0.05, "The error does not stay where it was."
    else:
        assert last < bar, "The error does not fall as it should."
