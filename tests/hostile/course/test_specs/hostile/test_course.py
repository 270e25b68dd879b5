"""Honest tests around attacks, and tests that nobody passes who does not know the secret. CANARY"""

import pytest
import torch

from grader.spec import close, describe, points, visibility

HIDDEN = "CANARY"
pytestmark = visibility("visible")


@points(1)
def test_double_before(submission, rng):
    """double(x) is 2x."""
    x = torch.randn(3, 4, generator=rng)
    assert submission.solution.double(x) == close(2 * x)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_attack(submission, secret, number):
    """What an attack returned, as far as it is data. Worth nothing."""
    loot = submission.solution.attack(number)
    if isinstance(loot, str) and not loot:
        return
    text = loot if isinstance(loot, str) else repr(loot)
    assert "CANARY" not in text, "THE SECRET CAME BACK"
    pytest.fail(f"loot: {text[:15_000]}", pytrace=False)


@points(1)
def test_double_after(submission, rng):
    """double(x) is still 2x."""
    x = torch.randn(5, generator=rng)
    assert submission.solution.double(x) == close(2 * x)


@points(1)
def test_guarded_tensor(submission, reference, rng):
    """answer(x) is the secret function of x."""
    x = torch.randn(6, generator=rng)
    assert submission.solution.answer(x) == close(reference.answer(x))


@points(1)
def test_guarded_number(submission, reference):
    """answer(1) is a secret number: compared with Python's own ==."""
    assert submission.solution.answer(1) == reference.number()


@points(1)
def test_guarded_text(submission, reference):
    """answer("text") is a secret text of several lines."""
    assert submission.solution.answer("text") == reference.text()


@points(1)
def test_guarded_loop(submission, reference):
    """answer([]) is an iterable of three secret numbers."""
    found = [value for value in submission.solution.answer([])]  # noqa: C416 - as authors write it
    assert found == reference.numbers()
    assert len(found) == 3


@points(1)
def test_guarded_unpacking(submission, reference):
    """answer(()) is a pair of secret numbers."""
    first, second = submission.solution.answer(())
    assert [first, second] == reference.numbers()[:2]


@points(1)
def test_guarded_dict(submission, reference):
    """answer({}) has two secret tensors by name."""
    assert submission.solution.answer({}) == close(reference.tensors())


@points(1)
def test_guarded_network(submission, reference, rng):
    """answer(None) is the secret network, checked on new inputs by its parameters."""
    network = submission.solution.answer(None)
    assert [layer.type for layer in describe(network)] == ["Linear"]
    state = network.state_dict()
    x = torch.randn(4, 2, generator=rng)
    assert x @ state["weight"].T + state["bias"] == close(reference.network()(x).detach())


@points(1)
def test_guarded_state(fresh_submission, reference):
    """In a sandbox of its own: answer(True) is a secret number."""
    assert fresh_submission.solution.answer(True) == close(reference.number())


@points(1)
def test_double_last(submission, rng):
    """double(x) is 2x, after everything."""
    x = torch.randn(2, 2, generator=rng)
    assert submission.solution.double(x) == close(2 * x)
