"""Stands in for an activations.py that cannot be compiled, so that networks.py is graded all the same."""

import torch


def sigmoid(z):
    return 1 / (1 + torch.exp(-z))


def relu(z):
    return torch.relu(z)


def softmax(z):
    return torch.softmax(z, dim=0)


def stable_softmax(z):
    return torch.softmax(z, dim=0)


def cross_entropy(X, y_1hot, epsilon=1e-14):
    return -(y_1hot * torch.log(X + epsilon)).sum(dim=0).mean()


average_cross_entropy = cross_entropy
