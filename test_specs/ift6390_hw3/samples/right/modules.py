"""HW3. The networks are classes of their own here, which I find easier to read than Sequential."""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

torch.manual_seed(42)


class NetworkConfiguration(NamedTuple):
    n_channels: tuple[int, ...] = (16, 32, 48)
    kernel_sizes: tuple[int, ...] = (3, 3, 3)
    strides: tuple[int, ...] = (1, 1, 1)
    paddings: tuple[int, ...] = (0, 0, 0)
    dense_hiddens: tuple[int, ...] = (256, 256)


class MLP(nn.Module):
    def __init__(self, input_dim: int, hiddens: tuple[int, ...], n_classes: int, activation: nn.Module):
        super().__init__()
        self.output = nn.Linear(hiddens[-1], n_classes)  # made first, used last
        self.hidden = nn.ModuleList()
        for hidden in hiddens:
            self.hidden.append(nn.Linear(input_dim, hidden))
            input_dim = hidden
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(x.shape[0], -1)
        for layer in self.hidden:
            x = self.activation(layer(x))
        return F.softmax(self.output(x), dim=1)


class CNN(nn.Module):
    def __init__(self, in_channels: int, config: NetworkConfiguration, n_classes: int, activation: nn.Module):
        super().__init__()
        self.head = MLP(16 * config.n_channels[-1], config.dense_hiddens, n_classes, activation)
        self.convs = nn.ModuleList()
        for index, channels in enumerate(config.n_channels):
            self.convs.append(
                nn.Conv2d(
                    in_channels,
                    channels,
                    config.kernel_sizes[index],
                    config.strides[index],
                    config.paddings[index],
                )
            )
            in_channels = channels
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        *first, last = self.convs
        for conv in first:
            x = F.max_pool2d(self.activation(conv(x)), 2)
        x = F.adaptive_max_pool2d(self.activation(last(x)), (4, 4))
        return self.head(x)


def gradient_norm(function, *tensor_list: Tensor) -> Tensor:
    _, grads = torch.func.vjp(function, *tensor_list)
    partials = grads(torch.ones(()))
    return sum((g * g).sum() for g in partials).sqrt().detach()


def jacobian_norm(function, input_tensor: Tensor) -> Tensor:
    return torch.func.jacrev(function)(input_tensor.detach()).pow(2).sum().sqrt()


class Trainer:
    def __init__(
        self,
        network_type: str = "mlp",
        net_config: NetworkConfiguration = NetworkConfiguration(),
        datapath: str = "./data",
        n_classes: int = 10,
        lr: float = 0.0001,
        batch_size: int = 128,
        activation_name: str = "relu",
        normalization: bool = True,
    ):
        self.train, self.valid, self.test = self.load_dataset(datapath)
        if normalization:
            self.train, self.valid, self.test = self.normalize(self.train, self.valid, self.test)
        self.network_type = network_type
        self.n_classes = n_classes
        self.batch_size = batch_size
        activation = self.create_activation_function(activation_name)
        image_shape = self.train[0].shape[1:]
        if network_type == "mlp":
            self.network = self.create_mlp(image_shape.numel(), net_config, n_classes, activation)
        elif network_type == "cnn":
            self.network = self.create_cnn(image_shape[0], net_config, n_classes, activation)
        else:
            raise ValueError("network_type must be 'mlp' or 'cnn'")
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        names = "train_accuracy validation_accuracy train_loss validation_loss train_gradient_norm"
        self.train_logs = {name: [] for name in names.split()}
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset(datapath: str):
        train = torchvision.datasets.FashionMNIST(datapath, train=True, download=True)
        test = torchvision.datasets.FashionMNIST(datapath, train=False, download=True)
        X_train, X_test = (split.data.unsqueeze(1).float() for split in (train, test))
        y_train, y_test = train.targets, test.targets
        return (X_train, y_train), (X_test[:2000], y_test[:2000]), (X_test[2000:], y_test[2000:])

    @staticmethod
    def create_mlp(input_dim: int, net_config: NetworkConfiguration, n_classes: int, activation: nn.Module) -> nn.Module:
        return MLP(input_dim, net_config.dense_hiddens, n_classes, activation)

    @staticmethod
    def create_cnn(in_channels: int, net_config: NetworkConfiguration, n_classes: int, activation: nn.Module) -> nn.Module:
        return CNN(in_channels, net_config, n_classes, activation)

    @staticmethod
    def create_activation_function(activation_str: str) -> Optional[nn.Module]:
        match activation_str:
            case "relu":
                return nn.ReLU()
            case "tanh":
                return nn.Tanh()
            case "sigmoid":
                return nn.Sigmoid()
        return None

    def one_hot(self, y: Tensor) -> Tensor:
        return F.one_hot(y.long(), self.n_classes).to(torch.float32)

    def compute_loss_and_accuracy(self, X: Tensor, y_one_hot: Tensor):
        probabilities = self.network(X)
        log_p = probabilities.clamp(self.epsilon, 1 - self.epsilon).log()
        targets = y_one_hot.argmax(dim=1)
        loss = F.nll_loss(log_p, targets)
        accuracy = (probabilities.argmax(dim=1) == targets).double().mean()
        return loss, accuracy

    @staticmethod
    def compute_gradient_norm(network: nn.Module) -> Tensor:
        return torch.stack([p.grad.norm() for p in network.parameters()]).norm()

    def training_step(self, X_batch: Tensor, y_batch: Tensor) -> Tensor:
        loss, _ = self.compute_loss_and_accuracy(X_batch, y_batch)
        self.optimizer.zero_grad()
        loss.backward()
        norm = self.compute_gradient_norm(self.network)
        self.optimizer.step()
        return norm

    def log_metrics(self, X_train, y_train_oh, X_valid, y_valid_oh):
        with torch.inference_mode():
            train_loss, train_accuracy = self.compute_loss_and_accuracy(X_train, y_train_oh)
            valid_loss, valid_accuracy = self.compute_loss_and_accuracy(X_valid, y_valid_oh)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_accuracy"].append(float(train_accuracy))
        self.train_logs["validation_loss"].append(valid_loss.item())
        self.train_logs["validation_accuracy"].append(float(valid_accuracy))

    def train_loop(self, n_epochs: int):
        X_train, y_train_oh = self.train[0], self.one_hot(self.train[1])
        X_valid, y_valid_oh = self.valid[0], self.one_hot(self.valid[1])
        self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        for _ in range(n_epochs):
            norms = [
                float(self.training_step(X_batch, y_batch))
                for X_batch, y_batch in zip(X_train.split(self.batch_size), y_train_oh.split(self.batch_size))
            ]
            self.train_logs["train_gradient_norm"].append(float(np.mean(norms)))
            self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        return self.train_logs

    @torch.inference_mode()
    def evaluate(self, X: Tensor, y: Tensor):
        return self.compute_loss_and_accuracy(X, self.one_hot(y))

    @staticmethod
    def normalize(train, valid, test):
        std, mean = torch.std_mean(train[0], dim=0)
        return tuple(((X - mean) / std, y) for X, y in (train, valid, test))

    def test_equivariance(self):
        conv = nn.Conv2d(1, 1, 3, padding="same", bias=False)
        image = self.train[0][:1]
        with torch.no_grad():
            shift = conv(image.roll(5, 3)) - conv(image).roll(5, 3)
            turn = conv(image.rot90(1, (2, 3))) - conv(image).rot90(1, (2, 3))
        return image[0], conv(image)[0], shift[0], turn[0]
