"""A student's Trainer in the sandbox, to be tried on networks of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import stimuli
import torch
from networks import cross_entropy, gradient_norm, small_network
from torch.nn import functional as F

from grader import datasets
from grader.errors import CallTimeout, InfrastructureError, SandboxDied, SpecError, WireError
from grader.spec import close

CLASSES = 10
TRAIN_IMAGES, TEST_IMAGES = 40, 2010  # the template takes the first 2000 of the test split for validation


@dataclass(frozen=True)
class Bench:
    """A Trainer and the sandbox that it lives in."""

    submission: Any
    trainer: Any
    datapath: str

    def with_network(
        self,
        network: torch.nn.Sequential,
        optimizer: str = "SGD",
        rate: float = 0.5,
        activation: str = "Tanh",
    ) -> Any:
        """A Trainer with a copy of this `small_network`."""
        layers = [
            (part.weight.detach(), part.bias.detach())
            for part in network
            if isinstance(part, torch.nn.Linear)
        ]
        return self.submission.define(stimuli.WITH_NETWORK)(self.trainer, layers, activation, optimizer, rate)

    def one_hot(self, labels: torch.Tensor) -> Any:
        """Labels as the student encodes them, in any dtype; in float32 where their encoding is wrong."""
        expected = F.one_hot(labels, CLASSES).float()
        encoded = _or_none(lambda: self.trainer.one_hot(labels))
        return encoded if _or_none(lambda: encoded == close(expected)) else expected


def make_bench(submission: Any) -> Bench:
    """A Trainer on a little data, made once per sandbox."""
    make, theirs = submission.define(stimuli.TRAINER), submission.solution.Trainer
    datapath = write_data(submission)
    return Bench(submission, submission.once("trainer", lambda: make(theirs, datapath, CLASSES)), datapath)


def repaired(bench: Bench, fresh_submission: Callable[[], Any], *, training: bool) -> Bench:
    """The same if the helpers of training_step (or of evaluate) are right, else another with right ones."""
    names = bench.submission.once(
        ("wrong helpers", training), lambda: wrong_helpers(bench, training=training)
    )
    if not names:
        return bench
    fresh = fresh_submission()
    fresh.define(stimuli.REPAIR)(fresh.solution.Trainer, names, CLASSES)
    return make_bench(fresh)


def noise(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random images uint8 (N, 28, 28), many of them repeated, with labels (N,)."""
    rng = torch.Generator().manual_seed(count)
    few = torch.randint(0, 256, (40, 28, 28), generator=rng, dtype=torch.uint8)
    return few.repeat(count // 40 + 1, 1, 1)[:count], torch.arange(count) % CLASSES


def write_data(submission: Any) -> str:
    """Put noise into the sandbox as FashionMNIST's files, once; the path for a Trainer."""

    def write() -> str:
        for name, content in datasets.idx_files(*noise(TRAIN_IMAGES), *noise(TEST_IMAGES)).items():
            path = submission.put_file(f"data/FashionMNIST/raw/{name}", content)
        return str(PurePosixPath(path).parents[2])

    return str(submission.once("data", write))


def wrong_helpers(bench: Bench, *, training: bool) -> list[str]:
    """Which methods that training_step or evaluate relies on are wrong, and lose their points elsewhere."""
    rng = torch.Generator().manual_seed(0)
    images, labels = torch.randn(4, 1, 3, 4, generator=rng), torch.tensor([2, 0, 5, 2])
    network = small_network(rng, (12, 6, CLASSES))
    labels[1] = network(images)[1].argmax()  # one is right
    loss = cross_entropy(network, images, labels)
    loss.backward()
    expected = (loss.detach(), (network(images).argmax(1) == labels).float().mean())
    define, trainer = bench.submission.define, bench.with_network(network)

    def loss_is_right() -> bool:
        if not training:
            return define(stimuli.QUIETLY)(trainer, images, bench.one_hot(labels)) == close(expected)
        result = trainer.compute_loss_and_accuracy(images, bench.one_hot(labels))
        return result == close(expected) and result[0].grad_fn is not None

    def norm_is_right() -> bool:
        other = bench.with_network(network)
        define(stimuli.BACKWARD)(other.network, images, labels)
        return other.compute_gradient_norm(other.network) == close(gradient_norm(network))

    checks = {
        "one_hot": lambda: bench.trainer.one_hot(labels) == close(F.one_hot(labels, CLASSES)),
        "compute_loss_and_accuracy": loss_is_right,
        "compute_gradient_norm": norm_is_right,
    }
    if not training:
        del checks["compute_gradient_norm"]
    return [name for name, check in checks.items() if not _or_none(check)]


def _or_none(attempt: Callable[[], Any]) -> Any:
    """What `attempt` returns; None where the student's code raises or returns something unusable."""
    try:
        return attempt()
    except (CallTimeout, SandboxDied, WireError, InfrastructureError, SpecError):
        raise
    except Exception:
        return None
