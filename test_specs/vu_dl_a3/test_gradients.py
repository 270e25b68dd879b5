"""Part `gradients`: 4 points. Gradients derived by hand, as small functions."""

import torch

from grader.spec import close, part, points, visibility

pytestmark = [part("gradients")]


def numbers(rng, *shape):
    """Values between 0.5 and 2 of either sign, as float64: safe to divide by."""
    sizes = torch.rand(shape, generator=rng, dtype=torch.float64) * 1.5 + 0.5
    return sizes * (torch.randint(0, 2, shape, generator=rng) * 2 - 1)


@points(1)
@visibility("visible")
def test_division_backward(student, rng):
    """division_backward gives dX and dY of S = X / Y."""
    x, y, grad = (numbers(rng, 3, 4) for _ in range(3))
    expected = torch.autograd.functional.vjp(torch.div, (x, y), grad)[1]
    dx, dy = student.submission.conv.division_backward(grad, x, y)
    assert dx == close(expected[0])
    assert dy == close(expected[1])


@points(1)
def test_elementwise_backward(student, rng):
    """elementwise_backward gives dX of Y = f(X) for any f."""
    x, grad = numbers(rng, 3, 4), numbers(rng, 3, 4)
    for source, derivative in [("lambda x: x.cos()", x.cos()), ("lambda x: 3 * x ** 2", 3 * x**2)]:
        dx = student.submission.conv.elementwise_backward(grad, x, student.define(source))
        assert dx == close(grad * derivative)


@points(1)
def test_linear_backward(student, rng):
    """linear_backward gives dW of Y = W X^T."""
    w, x, grad = numbers(rng, 2, 3), numbers(rng, 5, 3), numbers(rng, 2, 5)
    expected = torch.autograd.functional.vjp(lambda w: w @ x.t(), w, grad)[1]
    assert student.submission.conv.linear_backward(grad, x) == close(expected)


@points(1)
def test_expand_backward(student, rng):
    """expand_backward gives dx of a vector x that was repeated over 16 columns."""
    grad = numbers(rng, 5, 16)
    x = numbers(rng, 5)
    expected = torch.autograd.functional.vjp(lambda x: x[:, None].expand(5, 16), x, grad)[1]
    dx = student.submission.conv.expand_backward(grad)
    column = tuple(dx.shape) == (5, 1)
    assert (dx[:, 0] if column else dx) == close(expected)
