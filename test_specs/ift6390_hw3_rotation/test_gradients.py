"""gradient_norm and jacobian_norm on small functions that are made in the sandbox."""

from __future__ import annotations

import torch

from grader.spec import close, part, points, visibility


def gradient_norm(function, *tensors):
    """The norm by torch, in the examiner."""
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    gradients = torch.autograd.grad(function(*leaves), leaves)
    return torch.cat([gradient.flatten() for gradient in gradients]).norm()


def jacobian_norm(function, tensor):
    return torch.autograd.functional.jacobian(function, tensor).norm()


@part("gradient_norm")
@points(0.5)
@visibility("visible")
def test_gradient_norm_of_one_tensor(submission):
    """gradient_norm of f(x) = (x * x).sum() at x = [3, 4], where the gradient is [6, 8], is 10."""
    function = submission.define("lambda x: (x * x).sum()")
    x = torch.tensor([3.0, 4.0], requires_grad=True)
    assert submission.solution.gradient_norm(function, x) == close(10.0)


@part("gradient_norm")
@points(1)
def test_gradient_norm_of_two_tensors(submission, rng):
    """gradient_norm of a function of two tensors of the same shape is the norm of both gradients together."""
    a, b = torch.randn(2, 3, 2, generator=rng)
    function = submission.define("lambda a, b: (a * b * b).sum() + a.exp().sum()")
    result = submission.solution.gradient_norm(
        function, a.clone().requires_grad_(), b.clone().requires_grad_()
    )
    assert result == close(gradient_norm(lambda a, b: (a * b * b).sum() + a.exp().sum(), a, b))


@part("gradient_norm")
@points(0.5)
def test_gradient_norm_of_the_same_tensor_again(submission, rng):
    """gradient_norm gives the same number again when it is called twice with the same tensor."""
    x = torch.randn(4, generator=rng)
    function = submission.define("lambda x: x.pow(3).sum()")
    there = submission.put(x, requires_grad=True)
    expected = gradient_norm(lambda x: x.pow(3).sum(), x)
    assert submission.solution.gradient_norm(function, there) == close(expected)
    assert submission.solution.gradient_norm(function, there) == close(expected)


@part("gradient_norm")
@points(1)
def test_gradient_norm_of_different_shapes(submission, rng):
    """gradient_norm takes tensors of different shapes, such as a matrix, a vector and a scalar."""
    tensors = [torch.randn(shape, generator=rng) for shape in ((3, 4), (4,), ())]
    function = submission.define("lambda w, x, c: ((w @ x).sin() * c).sum()")
    result = submission.solution.gradient_norm(function, *(t.clone().requires_grad_() for t in tensors))
    assert result == close(gradient_norm(lambda w, x, c: ((w @ x).sin() * c).sum(), *tensors))


@part("jacobian_norm")
@points(1)
@visibility("visible")
def test_jacobian_norm_of_a_linear_map(submission):
    """jacobian_norm of f(x) = A x with A = [[1, 2], [2, 4], [0, 5]] is the norm of A, sqrt(50)."""
    function = submission.define("lambda x: torch.tensor([[1.0, 2.0], [2.0, 4.0], [0.0, 5.0]]) @ x")
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    assert submission.solution.jacobian_norm(function, x) == close(50**0.5)


@part("jacobian_norm")
@points(0.5)
def test_jacobian_norm_of_a_curve(submission, rng):
    """jacobian_norm of a function that is not linear depends on the point."""
    function = submission.define(
        "lambda x: torch.stack([x.prod(), x.sin().sum(), (x[0] * x[1]).exp(), x[2] ** 3])"
    )
    x = torch.randn(3, generator=rng)

    def same(x):
        return torch.stack([x.prod(), x.sin().sum(), (x[0] * x[1]).exp(), x[2] ** 3])

    assert submission.solution.jacobian_norm(function, x.clone().requires_grad_()) == close(
        jacobian_norm(same, x)
    )


@part("jacobian_norm")
@points(0.5)
def test_jacobian_norm_of_a_matrix(submission, rng):
    """jacobian_norm takes a matrix as input and as output: the norm is over all pairs of entries."""
    x = torch.randn(2, 3, generator=rng)
    result = submission.solution.jacobian_norm(
        submission.define("lambda x: x @ x.T"), x.clone().requires_grad_()
    )
    assert result == close(jacobian_norm(lambda x: x @ x.T, x))
