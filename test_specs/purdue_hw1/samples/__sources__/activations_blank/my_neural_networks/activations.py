import torch


def sigmoid(z):
    return 1 / (1 + torch.exp(-z))


def relu(z):
    pass


def softmax(z):
    raise NotImplementedError


def stable_softmax(z):
    pass


def cross_entropy(X, y_1hot, epsilon=1e-14):
    pass
