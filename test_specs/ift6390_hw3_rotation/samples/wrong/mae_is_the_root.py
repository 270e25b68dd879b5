"""HW3. The networks are classes of their own here, which I find easier to read than Sequential."""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

torch.manual_seed(42)


class NetworkConfiguration(NamedTuple):
    n_channels: tuple[int, ...] = (16, 32, 48)
    kernel_sizes: tuple[int, ...] = (3, 3, 3)
    strides: tuple[int, ...] = (1, 1, 1)
    dense_hiddens: tuple[int, ...] = (256, 256)


class MLP(nn.Module):
    def __init__(self, input_dim: int, hiddens: tuple[int, ...], activation: nn.Module):
        super().__init__()
        self.output = nn.Linear(hiddens[-1], 1)  # made first, used last
        self.hidden = nn.ModuleList()
        for hidden in hiddens:
            self.hidden.append(nn.Linear(input_dim, hidden))
            input_dim = hidden
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(x.shape[0], -1)
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.output(x)


class CNN(nn.Module):
    def __init__(self, in_channels: int, config: NetworkConfiguration, activation: nn.Module):
        super().__init__()
        self.head = MLP(16 * config.n_channels[-1], config.dense_hiddens, activation)
        self.convs = nn.ModuleList()
        for index, channels in enumerate(config.n_channels):
            self.convs.append(
                nn.Conv2d(in_channels, channels, config.kernel_sizes[index], config.strides[index])
            )
            in_channels = channels
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        *first, last = self.convs
        for conv in first:
            x = F.max_pool2d(self.activation(conv(x)), 2)
        x = F.adaptive_max_pool2d(self.activation(last(x)), (4, 4))
        return self.head(x)


# The activations of the lecture, written out.
class MyReLU(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, torch.zeros_like(x))


class MyTanh(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        # exp of a negative number cannot overflow
        e = torch.exp(-2 * x.abs())
        return torch.sign(x) * (1 - e) / (1 + e)


class MySigmoid(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 1 / (1 + torch.exp(-x))


def flat_norm(tensors) -> Tensor:
    return torch.cat([t.flatten() for t in tensors]).norm()


def gradient_norm(function, *tensor_list: Tensor) -> float:
    return flat_norm(torch.autograd.grad(function(*tensor_list), tensor_list)).item()


def jacobian_norm(function, input_tensor: Tensor) -> float:
    return torch.func.jacrev(function)(input_tensor.detach()).norm().item()


class Trainer:
    def __init__(
        self,
        network_type: str = "mlp",
        net_config: NetworkConfiguration = NetworkConfiguration(),
        lr: float = 0.001,
        batch_size: int = 128,
        activation_name: str = "relu",
    ):
        self.train, self.test = self.load_dataset()
        self.network_type = network_type
        self.batch_size = batch_size
        activation = self.create_activation_function(activation_name)
        _, channels, height, width = self.train[0].shape
        if network_type == "mlp":
            self.network = self.create_mlp(channels * height * width, net_config, activation)
        else:
            self.network = self.create_cnn(channels, net_config, activation)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs: dict[str, list[float]] = {
            key: [] for key in ("train_loss", "test_loss", "train_mae", "test_mae", "train_gradient_norm")
        }
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset() -> tuple:
        with np.load("rotated_fashion_mnist.npz") as data:
            sets = [
                (torch.from_numpy(data[f"X_{name}"]).float()[:, None] / 255, torch.from_numpy(data[f"y_{name}"]).float())
                for name in ("train", "test")
            ]
        return sets[0], sets[1]

    @staticmethod
    def create_mlp(input_dim: int, net_config: NetworkConfiguration, activation: nn.Module) -> nn.Module:
        return MLP(input_dim, net_config.dense_hiddens, activation)

    @staticmethod
    def create_cnn(in_channels: int, net_config: NetworkConfiguration, activation: nn.Module) -> nn.Module:
        return CNN(in_channels, net_config, activation)

    @staticmethod
    def create_activation_function(activation_str: str) -> nn.Module:
        match activation_str:
            case "relu":
                return MyReLU()
            case "tanh":
                return MyTanh()
            case "sigmoid":
                return MySigmoid()
        raise ValueError(activation_str)

    def compute_loss_and_mae(self, X: Tensor, y: Tensor) -> tuple[Tensor, float]:
        error = self.network(X).squeeze(1) - y.flatten()
        return error.pow(2).mean(), error.detach().pow(2).mean().sqrt()

    @staticmethod
    def compute_gradient_norm(network: nn.Module) -> float:
        return flat_norm(parameter.grad for parameter in network.parameters()).item()

    def training_step(self, X_batch: Tensor, y_batch: Tensor) -> float:
        loss, _ = self.compute_loss_and_mae(X_batch, y_batch)
        self.optimizer.zero_grad()
        loss.backward()
        norm = self.compute_gradient_norm(self.network)
        self.optimizer.step()
        return norm

    def log_metrics(self, X_train: Tensor, y_train: Tensor, X_test: Tensor, y_test: Tensor) -> None:
        with torch.inference_mode():
            train_loss, train_mae = self.compute_loss_and_mae(X_train, y_train)
            test_loss, test_mae = self.compute_loss_and_mae(X_test, y_test)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_mae"].append(float(train_mae))
        self.train_logs["test_loss"].append(test_loss.item())
        self.train_logs["test_mae"].append(float(test_mae))

    def train_loop(self, n_epochs: int) -> dict[str, list[float]]:
        (X_train, y_train), (X_test, y_test) = self.train, self.test
        self.log_metrics(X_train, y_train, X_test, y_test)
        for _ in range(n_epochs):
            norms = [
                float(self.training_step(X, y))
                for X, y in zip(X_train.split(self.batch_size), y_train.split(self.batch_size))
            ]
            self.train_logs["train_gradient_norm"].append(float(np.mean(norms)))
            self.log_metrics(X_train, y_train, X_test, y_test)
        return self.train_logs

    @torch.no_grad()
    def evaluate(self, X: Tensor, y: Tensor) -> tuple[float, float]:
        loss, mae = self.compute_loss_and_mae(X, y)
        return loss, mae

    def test_equivariance(self, image: Optional[Tensor] = None):
        image = self.train[0][:1] if image is None else image  # (1, 1, H, W)
        model = nn.Conv2d(1, 4, 3, padding="same")
        output = model(image).detach()
        shift, turn = (lambda x: x.roll(-5, 3)), (lambda x: x.rot90(1, (2, 3)))
        results = image, output, model(shift(image)) - shift(output), model(turn(image)) - turn(output)
        return tuple(r[0].detach().numpy() for r in results)
