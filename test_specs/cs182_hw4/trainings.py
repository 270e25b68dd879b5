"""Trains our own networks with a student's hyper-parameters, in the sandbox, on images drawn here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from grader.datasets_edges import EdgeConfig, edge_images

CNN = ("num_filters", "kernel_size")
MLP = ("hidden_dims",)
MOST_STEPS = 4000  # of the optimizer in one training
MOST = {"num_filters": 32, "kernel_size": 9, "hidden": 256, "epochs": MOST_STEPS, "batch_size": 512}
TRIES = 3  # trainings from new weights on new images; the best one counts
EVALUATED = 100  # images per class
SLACK = 0.02  # of a bar: what is measured on 300 images is off by 1.7 % (one standard deviation)
_SHORT = {"lr": "learning_rate", "num_epochs": "epochs", "hidden_dim": "hidden_dims"}

# Named assignments of a notebook come from the sandbox: numbers of numpy or torch are as good as Python's.
SETTINGS = """
def settings(given):
    number = lambda value: value.tolist() if hasattr(value, "tolist") else value
    many = lambda value: [number(x) for x in value] if isinstance(value, (list, tuple)) else number(value)
    return {str(key): many(value) for key, value in dict(given).items()}
"""

TRAIN = """
class CNN(nn.Module):
    def __init__(self, num_filters, kernel_size, num_classes, pool):
        super().__init__()
        self.conv1 = nn.Conv2d(1, num_filters, kernel_size)
        self.conv2 = nn.Conv2d(num_filters, num_filters, kernel_size)
        self.fc = nn.Linear(num_filters, num_classes)
        self.pool = pool

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)), 2)
        x = self.pool(F.relu(self.conv2(x)), 2)
        return self.fc(x.mean(dim=(2, 3)))

def mlp(hidden_dims, num_classes):
    sizes = [28 * 28, *hidden_dims]
    hidden = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], num_classes))

def train(settings, seed, images, labels, pooling, until_right):
    torch.manual_seed(seed)
    classes = int(labels.max()) + 1
    if "hidden_dims" in settings:
        network = mlp(settings["hidden_dims"], classes)
    else:
        pool = F.max_pool2d if pooling == "max" else F.avg_pool2d
        network = CNN(settings["num_filters"], settings["kernel_size"], classes, pool)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings["learning_rate"], foreach=False)
    losses = []
    for _ in range(settings["epochs"]):
        total = 0.0
        for batch in torch.randperm(len(images)).split(settings["batch_size"]):
            optimizer.zero_grad()
            loss = F.cross_entropy(network(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(images))
        if until_right and losses[-1] < 0.5 and bool((network(images).argmax(1) == labels).all()):
            break
    return lambda inputs: network(inputs).argmax(1), losses
"""


@dataclass(frozen=True)
class Run:
    """One training: its losses, and the share of images told right, counted here."""

    accuracy: float
    losses: list[float]


@dataclass(frozen=True)
class Domain:
    """What a network is trained on. `changes` go into the domain_config."""

    size: int  # training images per class
    changes: Mapping[str, Any]

    def draw(self, mode: str, count: int) -> tuple[Tensor, Tensor]:
        """New images (N, 1, 28, 28) and labels (N,), from the test's seed."""
        config = EdgeConfig(data_per_class=count, **self.changes)
        return edge_images(config, mode, torch.default_generator)  # type: ignore[arg-type]


def read_settings(given: Any, name: str, own: tuple[str, ...], size: int, classes: int = 3) -> dict[str, Any]:
    """A student's hyper-parameters, checked.

    Raises:
        AssertionError: one is missing, or beyond what is trained here.
    """
    keys = (*own, "learning_rate", "epochs", "batch_size")
    named = {_SHORT.get(key, key): value for key, value in given.items()}
    missing = [key for key in keys if named.get(key) is None]
    assert not missing, f"{name} has no value for {', '.join(missing)}."
    for key in keys:
        fault = _fault(key, named[key])
        assert not fault, f"{name}: {key} is {fault}."
    steps = named["epochs"] * -(-size * classes // named["batch_size"])
    assert steps <= MOST_STEPS, f"{name}: this is {steps} steps of training; at most {MOST_STEPS} are made."
    return {key: named[key] for key in keys}


def _fault(key: str, value: Any) -> str:
    """What a value should be and is not, or ""."""
    if key == "learning_rate":
        fine = isinstance(value, int | float) and 0 < value <= 1
        return "" if fine else "a number above 0, at most 1"
    if key == "hidden_dims":
        fine = isinstance(value, list) and len(value) == 2 and not any(_fault("hidden", one) for one in value)
        return "" if fine else f"two whole numbers from 1 to {MOST['hidden']}"
    fine = isinstance(value, int) and 1 <= value <= MOST[key]
    return "" if fine else f"a whole number from 1 to {MOST[key]}"


@dataclass(frozen=True)
class Trainer:
    """Trains in the sandbox of `submission`."""

    submission: Any

    def settings(self, name: str, own: tuple[str, ...], size: int, classes: int = 3) -> dict[str, Any]:
        """The dictionary `name` of the student's notebook."""
        given = getattr(self.submission.edge_detection, name)
        assert given is not None, f"{name} is None."
        return read_settings(self.submission.define(SETTINGS)(given), name, own, size, classes)

    def runs(
        self, settings: dict[str, Any], domain: Domain, pooling: str = "max", tries: int = TRIES
    ) -> Iterator[Run]:
        """Trainings one after the other, each tested on new images of the validation domain."""
        for _ in range(tries):
            predict, losses = self._train(settings, domain.draw("train", domain.size), pooling)
            yield Run(accuracy(predict, *domain.draw("valid", EVALUATED)), losses)

    def overfits(self, settings: dict[str, Any], domain: Domain) -> Iterator[Run]:
        """Trainings that end when all training images are told right, tested on these."""
        for _ in range(TRIES):
            images, labels = domain.draw("train", domain.size)
            predict, losses = self._train(settings, (images, labels), "max", until_right=True)
            yield Run(accuracy(predict, images, labels), losses)

    def _train(
        self,
        settings: dict[str, Any],
        data: tuple[Tensor, Tensor],
        pooling: str,
        *,
        until_right: bool = False,
    ) -> tuple[Callable[[Tensor], Any], list[float]]:
        seed = int(torch.randint(2**31, ()))
        predict, losses = self.submission.define(TRAIN)(settings, seed, *data, pooling, until_right)
        return predict, losses


def accuracy(predict: Callable[[Tensor], Any], images: Tensor, labels: Tensor) -> float:
    """The share of images whose label is predicted."""
    seen = predict(images)
    assert isinstance(seen, Tensor), "The predictions cannot be read."
    assert seen.shape == labels.shape, "The predictions cannot be read."
    return (seen == labels).double().mean().item()


def best(runs: Iterator[Run], bar: float) -> Run:
    """The first run that reaches the bar: it settles the matter. Else the best one."""
    found: list[Run] = []
    for run in runs:
        found.append(run)
        if run.accuracy >= bar:
            break
    return max(found, key=lambda run: run.accuracy)


def better(runs: Iterator[Run], others: Iterator[Run]) -> tuple[Run, Run]:
    """The best run of each kind, as soon as, after `TRIES` of both, that of `runs` is better; else of all."""
    found: list[tuple[Run, Run]] = []
    for pair in zip(runs, others, strict=True):
        found.append(pair)
        first, second = (max(kind, key=lambda run: run.accuracy) for kind in zip(*found, strict=True))
        if len(found) >= TRIES and first.accuracy > second.accuracy:
            break
    return first, second
