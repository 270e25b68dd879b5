# IFT6390 - Devoir 3
# Equipe 12

import math
import torch
import torch.nn as nn
import torch.optim as optim
from typing import NamedTuple
from torchvision import datasets

torch.manual_seed(0)


class NetworkConfiguration(NamedTuple):
    n_channels: tuple = (16, 32, 48)
    kernel_sizes: tuple = (3, 3, 3)
    strides: tuple = (1, 1, 1)
    paddings: tuple = (0, 0, 0)
    dense_hiddens: tuple = (256, 256)


def gradient_norm(function, *tensor_list):
    # fresh copies, otherwise .grad keeps what was there from the last call
    copies = []
    for t in tensor_list:
        c = t.detach().clone()
        c.requires_grad = True
        copies.append(c)

    y = function(*copies)
    y.backward()

    total = 0.0
    for c in copies:
        for g in c.grad.flatten():
            total += g.item() ** 2
    return math.sqrt(total)


def jacobian_norm(function, input_tensor):
    x = input_tensor.detach().clone().requires_grad_(True)
    out = function(x).flatten()
    total = 0.0
    # one row of the jacobian per output
    for i in range(out.numel()):
        row = torch.autograd.grad(out[i], x, retain_graph=True)[0]
        total += (row ** 2).sum().item()
    return math.sqrt(total)


class Trainer:

    def __init__(self, network_type="mlp", net_config=NetworkConfiguration(), datapath="./data", n_classes=10,
                 lr=0.0001, batch_size=128, activation_name="relu", normalization=True):
        self.train, self.valid, self.test = self.load_dataset(datapath)
        if normalization:
            self.train, self.valid, self.test = self.normalize(self.train, self.valid, self.test)

        self.network_type = network_type
        self.n_classes = n_classes
        self.batch_size = batch_size
        activation_function = self.create_activation_function(activation_name)
        _, c, h, w = self.train[0].shape
        if network_type == "mlp":
            self.network = self.create_mlp(c * h * w, net_config, n_classes, activation_function)
        elif network_type == "cnn":
            self.network = self.create_cnn(c, net_config, n_classes, activation_function)
        else:
            raise ValueError("network_type must be 'mlp' or 'cnn'")

        self.optimizer = optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs = {"train_accuracy": [], "validation_accuracy": [], "train_loss": [],
                           "validation_loss": [], "train_gradient_norm": []}
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset(datapath):
        train = datasets.FashionMNIST(datapath, train=True, download=True)
        test = datasets.FashionMNIST(datapath, train=False, download=True)
        X_train = train.data.unsqueeze(1).float()
        X_test = test.data.unsqueeze(1).float()
        return ((X_train, train.targets), (X_test[:2000], test.targets[:2000]), (X_test[2000:], test.targets[2000:]))

    @staticmethod
    def create_mlp(input_dim, net_config, n_classes, activation):
        modules = [nn.Flatten(start_dim=1)]
        previous = input_dim
        for h in net_config.dense_hiddens:
            modules += [nn.Linear(previous, h), activation]
            previous = h
        modules += [nn.Linear(previous, n_classes), nn.Softmax(dim=-1)]
        return nn.Sequential(*modules)

    @staticmethod
    def create_cnn(in_channels, net_config, n_classes, activation):
        modules = []
        previous = in_channels
        last = len(net_config.n_channels) - 1
        for i, (n, k, s, p) in enumerate(zip(net_config.n_channels, net_config.kernel_sizes,
                                             net_config.strides, net_config.paddings)):
            modules.append(nn.Conv2d(in_channels=previous, out_channels=n, kernel_size=k, stride=s, padding=p))
            modules.append(activation)
            if i != last:
                modules.append(nn.MaxPool2d(kernel_size=2))
            else:
                modules.append(nn.AdaptiveMaxPool2d((4, 4)))
                modules.append(nn.Flatten())
            previous = n
        # after the adaptive pooling there are 4 * 4 values per channel
        previous = previous * 4 * 4
        for h in net_config.dense_hiddens:
            modules += [nn.Linear(previous, h), activation]
            previous = h
        modules += [nn.Linear(previous, n_classes), nn.Softmax(dim=-1)]
        return nn.Sequential(*modules)

    @staticmethod
    def create_activation_function(activation_str):
        activations = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
        return activations[activation_str]()

    def one_hot(self, y):
        result = torch.zeros(len(y), 10)
        for i in range(len(y)):
            result[i, y[i]] = 1
        return result

    def compute_loss_and_accuracy(self, X, y_one_hot):
        p = self.network(X)
        p_clip = p.clip(self.epsilon, 1 - self.epsilon)
        loss = -(y_one_hot * p_clip.log()).sum() / X.shape[0]
        good = 0
        for pred, target in zip(p.argmax(dim=1), y_one_hot.argmax(dim=1)):
            if pred == target:
                good += 1
        return loss, good / len(X)

    @staticmethod
    def compute_gradient_norm(network):
        total = 0.0
        for param in network.parameters():
            total += param.grad.norm().item() ** 2
        return math.sqrt(total)

    def training_step(self, X_batch, y_batch):
        # 1. forget old gradients  2. loss  3. backward  4. step
        self.network.zero_grad()
        loss, acc = self.compute_loss_and_accuracy(X_batch, y_batch)
        loss.backward()
        self.optimizer.step()
        # the step does not change the gradients, so the norm can be computed here
        return self.compute_gradient_norm(self.network)

    def log_metrics(self, X_train, y_train_oh, X_valid, y_valid_oh):
        with torch.inference_mode():
            train_loss, train_accuracy = self.compute_loss_and_accuracy(X_train, y_train_oh)
            valid_loss, valid_accuracy = self.compute_loss_and_accuracy(X_valid, y_valid_oh)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_accuracy"].append(float(train_accuracy))
        self.train_logs["validation_loss"].append(valid_loss.item())
        self.train_logs["validation_accuracy"].append(float(valid_accuracy))

    def train_loop(self, n_epochs):
        X_train, y_train = self.train
        y_train_oh = self.one_hot(y_train)
        X_valid, y_valid = self.valid
        y_valid_oh = self.one_hot(y_valid)

        self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        n_batches = math.ceil(len(X_train) / self.batch_size)
        for epoch in range(n_epochs):
            epoch_norm = 0.0
            for b in range(n_batches):
                X_batch = X_train[b * self.batch_size:(b + 1) * self.batch_size]
                y_batch = y_train_oh[b * self.batch_size:(b + 1) * self.batch_size]
                epoch_norm += float(self.training_step(X_batch, y_batch))
            self.train_logs["train_gradient_norm"].append(epoch_norm / n_batches)
            self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        return self.train_logs

    def evaluate(self, X, y):
        # batch by batch, every batch counts as much as it has images
        total_loss, total_good = 0.0, 0.0
        with torch.no_grad():
            for start in range(0, len(X), self.batch_size):
                X_b, y_b = X[start:start + self.batch_size], y[start:start + self.batch_size]
                loss, acc = self.compute_loss_and_accuracy(X_b, self.one_hot(y_b))
                total_loss += loss.item() * len(X_b)
                total_good += acc * len(X_b)
        return total_loss / len(X), total_good / len(X)

    @staticmethod
    def normalize(train, valid, test):
        mu = torch.mean(train[0], dim=0)
        sigma = torch.std(train[0], dim=0)
        result = []
        for X, y in (train, valid, test):
            result.append(((X - mu) / sigma, y))
        return result[0], result[1], result[2]

    def test_equivariance(self):
        pass
