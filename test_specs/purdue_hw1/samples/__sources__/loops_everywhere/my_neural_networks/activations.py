import math

import torch


def sigmoid(z):
    return 1 / (1 + torch.exp(-z))


def relu(z):
    result = torch.zeros_like(z)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            if z[i, j] > 0:
                result[i, j] = z[i, j]
    return result


def softmax(z):
    columns = []
    for j in range(z.shape[1]):
        powers = torch.exp(z[:, j])
        total = 0
        for p in powers:
            total = total + p
        columns.append(powers / total)
    return torch.stack(columns, 1) if columns else torch.zeros_like(z)


def stable_softmax(z):
    columns = [z[:, j] - max(z[:, j]) for j in range(z.shape[1])]
    return softmax(torch.stack(columns, 1)) if columns else torch.zeros_like(z)


def cross_entropy(X, y_1hot, epsilon=1e-14):
    """-log of the right class's probability, for each example"""
    losses = []
    for j in range(X.shape[1]):
        c = int(torch.argmax(y_1hot[:, j]))
        losses.append(-math.log(max(float(X[c, j]), epsilon)))
    return losses


def average_cross_entropy(X, y_1hot, epsilon=1e-14):
    losses = cross_entropy(X, y_1hot, epsilon)
    return sum(losses) / len(losses)
