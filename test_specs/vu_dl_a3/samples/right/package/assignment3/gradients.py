"""Questions 1 to 4."""


def division_backward(grad, x, y):
    return grad / y, grad * -x / y**2


def elementwise_backward(grad, x, derivative):
    return grad * derivative(x)


def linear_backward(grad, x):
    return grad @ x


def expand_backward(grad):
    return grad.sum(axis=1)
