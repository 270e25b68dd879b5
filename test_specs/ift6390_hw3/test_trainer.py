"""The Trainer as a whole, and a real training."""

from __future__ import annotations

import pytest
import stimuli
from bench import CLASSES
from networks import small_network
from torch import nn

from grader.spec import part, points, slow, visibility


@part("trainer")
@visibility("visible")
@pytest.mark.parametrize("network_type", ["mlp", "cnn"])
def test_trainer_trains(submission, bench, network_type):
    """Trainer() builds its network; train_loop(2) returns logs of three entries and two gradient norms."""
    lengths = submission.define(stimuli.TWO_EPOCHS)(submission.solution.Trainer, bench.datapath, network_type)
    names = ("train_accuracy", "validation_accuracy", "train_loss", "validation_loss")
    assert {name: lengths[name] for name in names} == dict.fromkeys(names, 3)
    assert lengths["train_gradient_norm"] == 2


@slow
@part("training_step")
@points(1)
def test_training_reaches_the_accuracy(for_training, reference, images, rng):
    """An MLP (256, 256) trained by train_loop is right on more than 80 % of images that it never saw."""
    n_train, epochs = (20_000, 10) if images.name == "FashionMNIST" else (1000, 20)
    x, y = images.train_images, images.train_labels.long()
    pairs = ((x[:n_train], y[:n_train]), (x[n_train:][:200], y[n_train:][:200]), (images.test_images, None))
    train, valid, (unseen, _) = reference.Trainer.normalize(*((x[:, None].float(), y) for x, y in pairs))

    trainer = for_training.with_network(
        small_network(rng, (784, 256, 256, CLASSES), nn.ReLU), "Adam", 1e-4, "ReLU"
    )
    trainer.train, trainer.valid = train, valid
    trainer.train_loop(epochs)

    found = for_training.submission.define(stimuli.OUTPUT)(trainer.network, unseen).argmax(1)
    accuracy = (found == images.test_labels).float().mean().item()
    assert accuracy > 0.8, "The trained network's accuracy on unseen images is too low."
