"""Part `backward`: 12 points.

Most tests read what `backward` returns as it is, so that one wrong gradient, shape or number of results
costs its own test only.
Kernel gradients are taken of one image, but where the sum over the batch is what is tested.
"""

import torch

from grader.spec import close, part, points, visibility

pytestmark = [part("backward")]

IMAGE = torch.arange(9.0).reshape(1, 1, 3, 3)
KERNEL = torch.tensor([[[[1.0, 2], [3, 4]]]])
ONES = torch.ones(1, 1, 2, 2)

# Values in transposed memory, and a gradient that is one row seen many times, as `.sum()` makes them.
NOT_CONTIGUOUS = """
def backward(function, images, kernel, rows, *rest):
    kernel = kernel.transpose(2, 3).contiguous().transpose(2, 3)
    out = function.apply(images.requires_grad_(), kernel.requires_grad_(), *rest)
    transposed = rows.transpose(2, 3).contiguous().transpose(2, 3)
    expanded = rows[:, :, :1].expand(out.shape)
    with torch.no_grad():
        return [list(out.grad_fn.apply(grad)[:2]) for grad in (transposed, expanded)]
"""

TWO_CALLS = """
def backward(function, first, second, grads, *rest):
    outs = [function.apply(x.requires_grad_(), w.requires_grad_(), *rest) for x, w in (first, second)]
    with torch.no_grad():
        return [list(out.grad_fn.apply(grad)[:2]) for out, grad in zip(outs, grads)]
"""

TWO_LAYERS = """
def backward(function, images, first, second, grad, *rest):
    leaves = [tensor.requires_grad_() for tensor in (images, first, second)]
    hidden = torch.tanh(function.apply(images, first, *rest))
    function.apply(hidden, second, *rest).backward(grad)
    return [leaf.grad for leaf in leaves]
"""

SEVERAL = """
def forward(function, pairs, *rest):
    return [function.apply(images, kernel, *rest) for images, kernel in pairs]
"""


def differences(student, case, images, kernel, step=1e-4):
    """How fast the sum of the weighted output grows towards `images`, and towards `kernel`: two numbers."""
    pairs = [[case.images + sign * step * images, case.kernel] for sign in (1, -1)]
    pairs += [[case.images, case.kernel + sign * step * kernel] for sign in (1, -1)]
    outs = student.define(SEVERAL)(student.function, pairs, *student.arguments(case.stride, case.padding))
    values = [(out * case.grad).sum() for out in outs]
    return torch.stack([values[0] - values[1], values[2] - values[3]]) / (2 * step)


@points(1)
@visibility("visible")
def test_grad_input_example(student):
    """backward gives the gradient of a 3 x 3 image where the incoming gradient is one everywhere."""
    grad_input = student.backward(IMAGE, KERNEL, ONES, 1, 0)[0]
    assert grad_input == close(torch.tensor([[[[1.0, 3, 2], [4, 10, 6], [3, 7, 4]]]]))


@points(1)
@visibility("visible")
def test_grad_kernel_example(student):
    """backward gives the gradient of a 2 x 2 kernel where the incoming gradient is one everywhere."""
    grad_kernel = student.in_shape(student.backward(IMAGE, KERNEL, ONES, 1, 0)[1], KERNEL)
    assert grad_kernel == close(torch.tensor([[[[8.0, 12], [20, 24]]]]))


@points(1)
@visibility("visible")
def test_backward_returns(student):
    """backward returns a value per argument of forward: two gradients, and None for stride and padding."""
    grads = student.backward(IMAGE, KERNEL, ONES, 1, 0)
    assert isinstance(grads, tuple | list), "backward returned a single value."
    kinds = ["None" if grad is None else "a gradient" for grad in grads[:4]]
    assert kinds == ["a gradient", "a gradient", "None", "None"], f"backward returned {', '.join(kinds)}."


@points(1)
def test_gradient_shapes(student, example):
    """The gradients of the images and of the kernel have the shapes of the images and of the kernel."""
    case = example((2, 3, 6, 5), (4, 3, 2, 3))
    shapes = [tuple(grad.shape) for grad in student.backward(*case.given)[:2]]
    wanted = [tuple(case.images.shape), tuple(case.kernel.shape)]
    assert shapes == wanted, f"The gradients have shapes {shapes}; {wanted} are expected."


@points(1)
def test_grad_input_stride(student, example):
    """The gradient of the images is right for stride 2 and 3, also for pixels that no patch reaches."""
    for stride, size in [(2, (8, 7)), (3, (8, 9))]:
        case = example((2, 2, *size), (3, 2, 3, 2), stride)
        assert student.backward(*case.given)[0] == close(case.grad_images, atol=1e-4)


@points(1)
def test_grad_input_padding(student, example):
    """The gradient of the images is right for padding 1 and 2: what falls on the padding is left out."""
    for padding in (1, 2):
        case = example((2, 2, 5, 6), (3, 2, 3, 3), 1, padding)
        assert student.backward(*case.given)[0] == close(case.grad_images, atol=1e-4)


@points(1)
def test_grad_kernel_batch(student, example):
    """The gradient of the kernel is summed over the images of the batch."""
    case = example((3, 2, 5, 5), (4, 2, 3, 3))
    grad_kernel = student.in_shape(student.backward(*case.given)[1], case.kernel)
    assert grad_kernel == close(case.grad_kernel, atol=1e-4)


@points(1)
def test_grad_kernel_stride_and_padding(student, example):
    """The gradient of the kernel is right with stride and padding, where nothing is square."""
    for stride, padding in [(2, 1), (3, 2)]:
        case = example((1, 2, 8, 7), (3, 2, 3, 2), stride, padding)
        grad_kernel = student.in_shape(student.backward(*case.given)[1], case.kernel)
        assert grad_kernel == close(case.grad_kernel, atol=1e-4)


@points(1)
def test_not_contiguous(student, example):
    """Kernels and incoming gradients that are not contiguous in memory (transposed, expanded) work."""
    case = example((1, 2, 5, 5), (3, 2, 3, 2))
    leaves = case.images.clone().requires_grad_(), case.kernel.clone().requires_grad_()
    out = torch.nn.functional.conv2d(*leaves)
    grads = case.grad, case.grad[:, :, :1].expand(out.shape)
    expected = [torch.autograd.grad(out, leaves, grad, retain_graph=True) for grad in grads]
    inputs = case.images, case.kernel, case.grad
    found = student.define(NOT_CONTIGUOUS)(student.function, *inputs, *student.arguments(1, 0))
    for (images, kernel), (grad_images, grad_kernel) in zip(found, expected, strict=True):
        assert images == close(grad_images, atol=1e-4)
        assert student.in_shape(kernel, case.kernel) == close(grad_kernel, atol=1e-4)


@points(1)
def test_gradients_match_differences(student, example, rng):
    """In float64, both gradients agree with finite differences of your own forward, as in gradcheck."""
    case = example((1, 2, 6, 7), (3, 2, 3, 2), 2, 1, dtype=torch.float64)
    towards = [torch.randn(x.shape, generator=rng, dtype=x.dtype) for x in (case.images, case.kernel)]
    grads = student.backward(*case.given)
    found = [student.in_shape(grad, like) for grad, like in zip(grads, towards, strict=False)]
    for grad, like in zip(found, towards, strict=True):
        assert grad.shape == like.shape, f"A gradient has shape {tuple(grad.shape)}."
    slopes = torch.stack([(grad * like).sum() for grad, like in zip(found, towards, strict=True)])
    assert slopes == close(differences(student, case, *towards), rtol=1e-5, atol=1e-6)


@points(1)
def test_two_calls(student, example):
    """Two convolutions may be computed before the first is differentiated: each keeps its own tensors."""
    cases = [example((1, 2, 5, 5), (3, 2, 3, 3)) for _ in range(2)]
    pairs = [[case.images, case.kernel] for case in cases]
    grads = [case.grad for case in cases]
    found = student.define(TWO_CALLS)(student.function, *pairs, grads, *student.arguments(1, 0))
    for case, (grad_images, grad_kernel) in zip(cases, found, strict=True):
        assert grad_images == close(case.grad_images, atol=1e-4)
        assert student.in_shape(grad_kernel, case.kernel) == close(case.grad_kernel, atol=1e-4)


@points(1)
def test_two_layers(student, rng):
    """Autograd goes through a net of two convolutions with a tanh between them."""
    images = torch.randn(1, 2, 6, 6, generator=rng)
    kernels = torch.randn(3, 2, 3, 3, generator=rng), torch.randn(2, 3, 2, 2, generator=rng)
    leaves = [tensor.clone().requires_grad_() for tensor in (images, *kernels)]
    conv2d = torch.nn.functional.conv2d
    out = conv2d(torch.tanh(conv2d(leaves[0], leaves[1])), leaves[2])
    grad = torch.randn(out.shape, generator=rng)
    out.backward(grad)
    found = student.define(TWO_LAYERS)(student.function, images, *kernels, grad, *student.arguments(1, 0))
    assert found == close([leaf.grad for leaf in leaves], atol=1e-4)
