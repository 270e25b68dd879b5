"""A student's Trainer in the sandbox, to be tried on networks of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import stimuli
import torch
from networks import absolute_error, gradient_norm, small_network, squared_error

from grader.errors import (
    CallTimeout,
    InfrastructureError,
    NotImplementedYet,
    RemoteException,
    SandboxDied,
    SpecError,
    WireError,
)
from grader.spec import close

Batch = tuple[torch.Tensor, torch.Tensor]  # images (B, 1, H, W) and angles (B, 1)

TRAIN_IMAGES, TEST_IMAGES = 40, 20
# What a test relies on without asking about it: wrong ones are replaced, each after those that it needs.
STEP_NEEDS = ("compute_loss_and_mae", "compute_gradient_norm")
LOOP_NEEDS = ("quiet loss", *STEP_NEEDS, "training_step")
EVALUATION_NEEDS = ("quiet loss",)


@dataclass(frozen=True)
class Bench:
    """A Trainer and the sandbox that it lives in."""

    submission: Any
    trainer: Any

    def with_network(self, network: torch.nn.Sequential, rate: float = 0.5) -> Any:
        """A Trainer with a copy of this `small_network`, trained by gradient descent."""
        layers = [
            (part.weight.detach(), part.bias.detach())
            for part in network
            if isinstance(part, torch.nn.Linear)
        ]
        return self.submission.define(stimuli.WITH_NETWORK)(self.trainer, layers, rate)

    def parameters(self, trainer: Any) -> list[torch.Tensor]:
        """The parameters of a Trainer's network now."""
        return list(self.submission.define(stimuli.PARAMETERS)(trainer.network))


def prepare(submission: Any) -> Any:
    """Make float32 and the CPU the defaults in this sandbox, once; tells which absent GPUs were asked for."""

    def make() -> Any:
        folder = submission.define("__import__('os').getcwd")()
        return submission.define(stimuli.PREPARE)(folder)

    return submission.once("prepared", make)


def make_bench(submission: Any, network_type: str = "mlp") -> Bench:
    """A Trainer on a little data, made once per sandbox."""

    def make() -> Any:
        theirs = submission.solution.Trainer
        submission.define(stimuli.HAND_IN)(theirs, noise(TRAIN_IMAGES), noise(TEST_IMAGES))
        return submission.define(stimuli.TRAINER)(theirs, network_type)

    return Bench(submission, submission.once(("trainer", network_type), make))


def repaired(bench: Bench, fresh_submission: Callable[[], Any], needs: Sequence[str]) -> Bench:
    """The same if what a test needs is right, else another with right methods in its place."""
    names = bench.submission.once(("wrong", tuple(needs)), lambda: wrong_methods(bench, needs))
    if not names:
        return bench
    fresh = fresh_submission()
    fresh.define(stimuli.REPAIR)(fresh.solution.Trainer, names)
    return make_bench(fresh)


def noise(count: int) -> Batch:
    """Random images (N, 1, 28, 28) from 0 to 1 with random angles (N, 1)."""
    rng = torch.Generator().manual_seed(count)
    return torch.rand(count, 1, 28, 28, generator=rng), torch.randn(count, 1, generator=rng)


def wrong_methods(bench: Bench, needs: Sequence[str]) -> list[str]:
    """Which of these methods are wrong, and lose their points elsewhere."""
    checks = _checks(bench)
    wrong = [
        "compute_loss_and_mae" if name == "quiet loss" else name for name in needs if not _works(checks[name])
    ]
    if wrong and "training_step" in needs and _works(checks["has a step"]):
        wrong.append("training_step")  # what fits a wrong loss need not fit a right one
    return list(dict.fromkeys(wrong))


def _checks(bench: Bench) -> dict[str, Callable[[], Any]]:
    """For each method whether it is right on a small example."""
    rng = torch.Generator().manual_seed(0)
    images, angles = torch.randn(4, 1, 3, 4, generator=rng), torch.randn(4, 1, generator=rng)
    network = small_network(rng, (12, 6, 1))
    squared_error(network, images, angles).backward()
    expected = tuple(error(network, images, angles).detach() for error in (squared_error, absolute_error))
    define, other = bench.submission.define, bench.with_network(network)

    def loss() -> bool:
        result = other.compute_loss_and_mae(images, angles)
        return (scalar(result[0]), scalar(result[1])) == close(expected) and result[0].grad_fn is not None

    def norm() -> bool:
        theirs = bench.with_network(network).network
        define(stimuli.BACKWARD)(theirs, images, angles)
        return bool(other.compute_gradient_norm(theirs) == close(gradient_norm(network)))

    def has_step() -> bool:
        try:
            bench.with_network(network).training_step(images, angles)
        except NotImplementedYet:
            return False  # a loop over what is not there is not there either
        except RemoteException:
            pass
        return True

    def step() -> bool:
        trainer = bench.with_network(network)
        trainer.training_step(images, angles)
        moved = [value.detach() - 0.5 * value.grad for value in network.parameters()]
        return bool(bench.parameters(trainer) == close(moved))

    return {
        "compute_loss_and_mae": loss,
        "quiet loss": lambda: define(stimuli.QUIETLY)(other, images, angles) == close((*expected, True)),
        "compute_gradient_norm": norm,
        "training_step": lambda: not has_step() or step(),
        "has a step": has_step,
    }


def scalar(result: Any) -> Any:
    """A copy of a result; a tensor of one element as a scalar, whatever its shape."""
    value = getattr(result, "value", result)
    return value.reshape(()) if isinstance(value, torch.Tensor) and value.numel() == 1 else value


def _works(check: Callable[[], Any]) -> bool:
    """Whether a check passes; not where the student's code raises or returns something unusable."""
    try:
        return bool(check())
    except (CallTimeout, SandboxDied, WireError, InfrastructureError, SpecError):
        raise
    except Exception:
        return False
