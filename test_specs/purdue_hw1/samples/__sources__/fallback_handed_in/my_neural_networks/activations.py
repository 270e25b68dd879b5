"""Stands in for an activations.py that cannot be compiled, so that networks.py is graded all the same.

Sandboxes see this text. Its functions ask torch's dispatcher, which the rule `no-internals` forbids to
students: handed in, it earns nothing, and it shows no formula.
"""

import torch

ops = torch.ops.aten


def sigmoid(z):
    return ops.sigmoid.default(z)


def relu(z):
    return ops.relu.default(z)


def softmax(z):
    return ops._softmax.default(z, 0, False)


stable_softmax = softmax


def cross_entropy(X, y_1hot, epsilon=1e-14):
    right = (torch.as_tensor(y_1hot) * 1.0).argmax(0)
    return ops.nll_loss_nd.default(ops.log.default(X + epsilon).t(), right)


average_cross_entropy = cross_entropy
