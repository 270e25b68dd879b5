import numpy as np
import torch
from torch import nn
from torchvision import models


def make_resnet152(num_classes=10):
    net = models.resnet152(weights=None)
    net.fc = nn.Linear(net.fc.in_features, num_classes)
    return net


def count_parameters(model):
    return np.sum([np.prod(p.shape) for p in model.parameters()])


def size_in_mb(model):
    return np.round(np.float64(count_parameters(model) * 4) / 1000**2, 2)


def make_optimizer(name, parameters, learning_rate=0.01):
    parameters = list(parameters)
    table = {
        "sgd": lambda: torch.optim.SGD(parameters, learning_rate),
        "momentum": lambda: torch.optim.SGD(parameters, learning_rate, momentum=0.9, nesterov=True),
        "adam": lambda: torch.optim.AdamW(parameters, learning_rate, foreach=False),
    }
    return table[name]()


def optimizer_state_bytes(optimizer):
    total = 0
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            for key, value in optimizer.state[parameter].items():
                if key != "step" and value is not None:
                    total += value.nbytes
    return total
