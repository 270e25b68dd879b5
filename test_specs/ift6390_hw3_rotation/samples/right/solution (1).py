# IFT6390 - Devoir 3 (angles)
# Equipe 31, version finale

import math
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from typing import NamedTuple

torch.manual_seed(0)


class NetworkConfiguration(NamedTuple):
    n_channels: tuple = (16, 32, 48)
    kernel_sizes: tuple = (3, 3, 3)
    strides: tuple = (1, 1, 1)
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

    def __init__(self, network_type="mlp", net_config=NetworkConfiguration(), lr=0.001, batch_size=128,
                 activation_name="relu"):
        self.train, self.test = self.load_dataset()
        self.network_type = network_type
        self.batch_size = batch_size
        activation_function = self.create_activation_function(activation_name)
        shape = self.train[0].shape
        if network_type == "mlp":
            self.network = self.create_mlp(shape[1] * shape[2] * shape[3], net_config, activation_function)
        elif network_type == "cnn":
            self.network = self.create_cnn(shape[1], net_config, activation_function)
        else:
            raise ValueError("network_type must be 'mlp' or 'cnn'")
        self.optimizer = optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs = {"train_loss": [], "test_loss": [], "train_mae": [], "test_mae": [],
                           "train_gradient_norm": []}
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset():
        data = np.load("rotated_fashion_mnist.npz")
        X_train = torch.tensor(data["X_train"]).float().unsqueeze(1) / 255
        X_test = torch.tensor(data["X_test"]).float().unsqueeze(1) / 255
        return (X_train, torch.tensor(data["y_train"]).float()), (X_test, torch.tensor(data["y_test"]).float())

    @staticmethod
    def create_mlp(input_dim, net_config, activation):
        modules = [nn.Flatten(start_dim=1)]
        previous = input_dim
        for h in net_config.dense_hiddens:
            modules += [nn.Linear(previous, h), activation]
            previous = h
        modules += [nn.Linear(previous, 1)]
        return nn.Sequential(*modules)

    @staticmethod
    def create_cnn(in_channels, net_config, activation):
        modules = []
        previous = in_channels
        last = len(net_config.n_channels) - 1
        for i, (n, k, s) in enumerate(zip(net_config.n_channels, net_config.kernel_sizes, net_config.strides)):
            modules.append(nn.Conv2d(in_channels=previous, out_channels=n, kernel_size=k, stride=s))
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
        modules += [nn.Linear(previous, 1)]
        return nn.Sequential(*modules)

    @staticmethod
    def create_activation_function(activation_str):
        activations = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
        return activations[activation_str]()

    def compute_loss_and_mae(self, X, y):
        out = self.network(X)
        loss = 0.0
        mae = 0.0
        for i in range(len(out)):
            difference = out[i].reshape(()) - y[i].reshape(())
            loss = loss + difference ** 2
            mae += abs(difference.item())
        return loss / len(out), mae / len(out)

    @staticmethod
    def compute_gradient_norm(network):
        total = 0.0
        for param in network.parameters():
            total += param.grad.norm().item() ** 2
        return math.sqrt(total)

    def training_step(self, X_batch, y_batch):
        # 1. forget old gradients  2. loss  3. backward  4. step
        self.network.zero_grad()
        loss, mae = self.compute_loss_and_mae(X_batch, y_batch)
        loss.backward()
        self.optimizer.step()
        # the step does not change the gradients, so the norm can be computed here
        return self.compute_gradient_norm(self.network)

    def log_metrics(self, X_train, y_train, X_test, y_test):
        with torch.inference_mode():
            train_loss, train_mae = self.compute_loss_and_mae(X_train, y_train)
            test_loss, test_mae = self.compute_loss_and_mae(X_test, y_test)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_mae"].append(float(train_mae))
        self.train_logs["test_loss"].append(test_loss.item())
        self.train_logs["test_mae"].append(float(test_mae))

    def train_loop(self, n_epochs):
        X_train, y_train = self.train
        X_test, y_test = self.test
        self.log_metrics(X_train, y_train, X_test, y_test)
        n_batches = math.ceil(len(X_train) / self.batch_size)
        for epoch in range(n_epochs):
            epoch_norm = 0.0
            for b in range(n_batches):
                X_batch = X_train[b * self.batch_size:(b + 1) * self.batch_size]
                y_batch = y_train[b * self.batch_size:(b + 1) * self.batch_size]
                epoch_norm += float(self.training_step(X_batch, y_batch))
            self.train_logs["train_gradient_norm"].append(epoch_norm / n_batches)
            self.log_metrics(X_train, y_train, X_test, y_test)
        return self.train_logs

    def evaluate(self, X, y):
        # batch by batch, every batch counts as much as it has images
        total_loss, total_mae = 0.0, 0.0
        with torch.no_grad():
            for start in range(0, len(X), self.batch_size):
                X_b, y_b = X[start:start + self.batch_size], y[start:start + self.batch_size]
                loss, mae = self.compute_loss_and_mae(X_b, y_b)
                total_loss += loss.item() * len(X_b)
                total_mae += mae * len(X_b)
        return total_loss / len(X), total_mae / len(X)

    def test_equivariance(self):
        image = self.train[0][0][0].numpy()
        kernel = torch.randn(3, 3).numpy()

        def conv(im):
            out = np.zeros((im.shape[0] - 2, im.shape[1] - 2))
            for i in range(out.shape[0]):
                for j in range(out.shape[1]):
                    for a in range(3):
                        for b in range(3):
                            out[i, j] += kernel[a, b] * im[i + a, j + b]
            return out

        output = conv(image)
        shifted = conv(np.roll(image, 5, axis=0)) - np.roll(output, 5, axis=0)
        rotated = conv(np.rot90(image)) - np.rot90(output)
        return [image], [output], [shifted], [rotated]
