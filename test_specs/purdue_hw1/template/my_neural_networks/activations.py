"""Activations and the loss. C classes, N examples: every example is a column."""

import torch


def sigmoid(z):
    """1 / (1 + exp(-z)), element by element. Given."""
    return 1 / (1 + torch.exp(-z))


def relu(z):
    """max(z, 0), element by element. `z` stays as it is."""
    raise NotImplementedError


def softmax(z):
    """Values (C, N) -> probabilities (C, N): each column sums to one."""
    raise NotImplementedError


def stable_softmax(z):
    """The same for values of any size, where exp would overflow or all of a column would become 0."""
    raise NotImplementedError


def cross_entropy(X, y_1hot, epsilon=1e-14):
    """The average cross-entropy, one number: the mean over the N examples.

    X: probabilities (C, N). y_1hot: the right classes, one-hot, (C, N). epsilon: keeps the logarithm finite.
    """
    raise NotImplementedError
