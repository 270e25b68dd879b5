import torch


def one_hot(y, n_classes=10):
    return torch.eye(n_classes, dtype=torch.int64)[y]


def clip(x, low, high):
    return torch.maximum(torch.minimum(x, torch.tensor(high)), torch.tensor(low))


def softmax(x):
    powers = (x - x.max(dim=1, keepdim=True).values).exp()
    return powers / powers.sum(dim=1, keepdim=True)


def accuracy(scores, y):
    return (scores.argmax(dim=1) == y).float().mean().item()
