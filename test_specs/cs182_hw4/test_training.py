"""Part `training`: 12 points, all slow. Bars and margins are in README.md."""

import pytest
import torch
from edges import KINDS
from trainings import CNN, MLP, SLACK, Domain, Trainer, best, better

from grader.datasets_edges import permutation
from grader.spec import part, points, slow

pytestmark = [part("training"), slow]

DATA = "edge images, drawn for this grading"
FIVE = Domain(50, {"num_classes": 5, "class_type": KINDS})
NEEDED_OF_FIVE = 0.7
LEARNT = 0.5  # of three classes


@pytest.fixture
def trainer(submission, record_property):
    """Trains with the student's hyper-parameters."""
    record_property("data", DATA)
    return Trainer(submission)


@pytest.fixture
def plot(curves):
    """A function that keeps the losses of a run for the student."""

    def keep(title, run):
        curves.add(title, run.losses, x_label="epoch", y_label="training loss")

    return keep


@points(2)
@pytest.mark.parametrize(("name", "own"), [("OVERFIT_CNN", CNN), ("OVERFIT_MLP", MLP)], ids=["CNN", "MLP"])
def test_overfits(trainer, plot, name, own):
    """With these settings the network learns 10 images per class by heart: 100 % training accuracy."""
    settings = trainer.settings(name, own, size=10)
    run = best(trainer.overfits(settings, Domain(10, {})), 1.0)
    plot(name, run)
    assert run.accuracy == 1.0, f"{name} reaches a training accuracy of {run.accuracy:.1%} at best."


@points(6)
@pytest.mark.parametrize(
    ("name", "size", "changes", "bar"),
    [
        ("CNN_50", 50, {}, 0.8),
        ("CNN_10", 10, {}, 0.9),
        ("CNN_SHIFT", 10, {"possible_edge_location_ratio": 0.5}, 0.8),
    ],
    ids=["50", "10", "shift"],
)
def test_cnn_generalises(trainer, plot, name, size, changes, bar):
    """With these settings the CNN tells enough new images apart."""
    settings = trainer.settings(name, CNN, size)
    run = best(trainer.runs(settings, Domain(size, changes)), bar - SLACK)
    plot(name, run)
    short = f"{name} with {size} images per class: {run.accuracy:.1%} of new images are told right"
    assert run.accuracy >= bar - SLACK, f"{short} at best; {bar:.0%} are needed."


@points(2)
def test_mlp_beats_cnn_when_permuted(trainer, plot):
    """On permuted pixels, with your settings for both, the MLP tells more new images apart than the CNN."""
    order, _ = permutation(28 * 28, torch.default_generator)
    domain = Domain(50, {"use_permutation": True, "permutater": order})
    kinds = {"MLP_PERMUTED": MLP, "CNN_PERMUTED": CNN}
    settings = {name: trainer.settings(name, own, size=50) for name, own in kinds.items()}
    mlp, cnn = better(*(trainer.runs(settings[name], domain, tries=5) for name in kinds))
    plot("MLP_PERMUTED", mlp)
    plot("CNN_PERMUTED", cnn)
    found = f"The MLP tells {mlp.accuracy:.1%} of new images right, the CNN {cnn.accuracy:.1%}."
    assert mlp.accuracy > LEARNT, f"The MLP has learnt next to nothing. {found}"
    assert mlp.accuracy > cnn.accuracy, found


@points(2)
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_five_classes_are_learnt(trainer, plot, pooling):
    """With your settings for five classes the CNN tells 70 % of new images right, with either pooling."""
    settings = trainer.settings("CNN_FIVE", CNN, size=50, classes=5)
    run = best(trainer.runs(settings, FIVE, pooling), NEEDED_OF_FIVE)
    plot(f"CNN_FIVE, {pooling} pooling", run)
    assert run.accuracy >= NEEDED_OF_FIVE, f"{run.accuracy:.1%} of new images are told right at best."
