"""Reference solution of ift6390_hw3_rotation: gradients, two networks that find an angle, and their trainer.

Shapes: B images in a batch, N in a set, C colour channels, H x W pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

DATA_FILE = "rotated_fashion_mnist.npz"
SHIFT = 5  # pixels

Pair = tuple[torch.Tensor, torch.Tensor]  # images (N, C, H, W) and standardised angles (N, 1)

torch.manual_seed(0)


class NetworkConfiguration(NamedTuple):
    """The sizes of a network: the first three for a CNN's convolutions, the last for every dense part."""

    n_channels: tuple[int, ...] = (16, 32, 48)
    kernel_sizes: tuple[int, ...] = (3, 3, 3)
    strides: tuple[int, ...] = (1, 1, 1)
    dense_hiddens: tuple[int, ...] = (256, 256)


def gradient_norm(function: Callable[..., torch.Tensor], *tensor_list: torch.Tensor) -> float:
    """Euclidean norm of the gradient of the scalar `function(*tensor_list)`, all tensors taken together."""
    leaves = [tensor.detach().clone().requires_grad_() for tensor in tensor_list]
    gradients = torch.autograd.grad(function(*leaves), leaves)
    return _norm(gradients)


def jacobian_norm(function: Callable[[torch.Tensor], torch.Tensor], input_tensor: torch.Tensor) -> float:
    """Frobenius norm of the Jacobian of `function` at `input_tensor`; both may have any shape."""
    jacobian = torch.autograd.functional.jacobian(function, input_tensor)
    return _norm([jacobian])


def _norm(tensors: list[torch.Tensor] | tuple[torch.Tensor, ...]) -> float:
    """Euclidean norm of all entries of all tensors."""
    return sum(float(tensor.square().sum()) for tensor in tensors) ** 0.5


class Trainer:
    """Loads the turned images, builds a network and trains it with Adam."""

    def __init__(
        self,
        network_type: str = "mlp",
        net_config: NetworkConfiguration = NetworkConfiguration(),  # noqa: B008 - immutable
        lr: float = 0.001,
        batch_size: int = 128,
        activation_name: str = "relu",
    ) -> None:
        self.train, self.test = self.load_dataset()
        self.network_type = network_type
        self.batch_size = batch_size
        activation = self.create_activation_function(activation_name)
        channels, height, width = self.train[0].shape[1:]
        if network_type == "mlp":
            self.network = self.create_mlp(channels * height * width, net_config, activation)
        elif network_type == "cnn":
            self.network = self.create_cnn(channels, net_config, activation)
        else:
            raise ValueError(f'network_type is "mlp" or "cnn", not {network_type!r}')
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs: dict[str, list[float]] = {
            "train_loss": [],
            "test_loss": [],
            "train_mae": [],
            "test_mae": [],
            "train_gradient_norm": [],
        }
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset() -> tuple[Pair, Pair]:
        """Training and test set; images float32 (N, 1, 28, 28) from 0 to 1."""
        with np.load(DATA_FILE) as data:  # noqa: TID251 - the course's file, as the template reads it
            names = ("X_train", "y_train", "X_test", "y_test")
            x_train, y_train, x_test, y_test = (torch.from_numpy(data[name]).float() for name in names)
        return (x_train.unsqueeze(1) / 255, y_train), (x_test.unsqueeze(1) / 255, y_test)

    @staticmethod
    def create_mlp(input_dim: int, net_config: NetworkConfiguration, activation: nn.Module) -> nn.Module:
        """A network from images (B, C, H, W), flattened to `input_dim`, to angles (B, 1)."""
        return nn.Sequential(nn.Flatten(), *_dense(input_dim, net_config.dense_hiddens, activation))

    @staticmethod
    def create_cnn(in_channels: int, net_config: NetworkConfiguration, activation: nn.Module) -> nn.Module:
        """A network from images (B, C, H, W) to angles (B, 1)."""
        layers: list[nn.Module] = []
        channels = in_channels
        settings = zip(net_config.n_channels, net_config.kernel_sizes, net_config.strides, strict=True)
        for out_channels, kernel, stride in settings:
            layers += [nn.Conv2d(channels, out_channels, kernel, stride), activation, nn.MaxPool2d(2)]
            channels = out_channels
        layers[-1:] = [nn.AdaptiveMaxPool2d((4, 4)), nn.Flatten()]
        return nn.Sequential(*layers, *_dense(16 * channels, net_config.dense_hiddens, activation))

    @staticmethod
    def create_activation_function(activation_str: str) -> nn.Module:
        """The module called "relu", "tanh" or "sigmoid"."""
        return {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[activation_str]()

    def compute_loss_and_mae(self, X: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Mean squared error of a batch, with its graph, and mean absolute error; y is (B, 1) or (B,)."""
        errors = self.network(X) - y.reshape(-1, 1)
        return errors.square().mean(), errors.abs().mean().item()

    @staticmethod
    def compute_gradient_norm(network: nn.Module) -> float:
        """Euclidean norm of the gradients of all parameters together."""
        return _norm([parameter.grad for parameter in network.parameters() if parameter.grad is not None])

    def training_step(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> float:
        """One step of the optimizer on images (B, C, H, W) and angles (B, 1); the gradient norm."""
        self.optimizer.zero_grad()
        loss, _ = self.compute_loss_and_mae(X_batch, y_batch)
        loss.backward()
        self.optimizer.step()
        return self.compute_gradient_norm(self.network)

    def log_metrics(
        self, X_train: torch.Tensor, y_train: torch.Tensor, X_test: torch.Tensor, y_test: torch.Tensor
    ) -> None:
        """Append loss and mean absolute error on both sets to the logs."""
        with torch.inference_mode():
            for name, images, angles in (("train", X_train, y_train), ("test", X_test, y_test)):
                loss, mae = self.compute_loss_and_mae(images, angles)
                self.train_logs[f"{name}_loss"].append(float(loss))
                self.train_logs[f"{name}_mae"].append(float(mae))

    def train_loop(self, n_epochs: int) -> dict[str, list[float]]:
        """Train for `n_epochs` over the training set in its order; the logs."""
        (X_train, y_train), test = self.train, self.test
        self.log_metrics(X_train, y_train, *test)
        for _ in range(n_epochs):
            norms = []
            for start in range(0, len(X_train), self.batch_size):
                batch = slice(start, start + self.batch_size)
                norms.append(float(self.training_step(X_train[batch], y_train[batch])))
            self.train_logs["train_gradient_norm"].append(sum(norms) / len(norms))
            self.log_metrics(X_train, y_train, *test)
        return self.train_logs

    def evaluate(self, X: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
        """Mean loss and mean absolute error on a set."""
        with torch.inference_mode():
            loss, mae = self.compute_loss_and_mae(X, y)
        return loss.item(), mae

    def test_equivariance(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """An image (1, H, W), a convolution of it, and how it differs under a shift and under a turn."""
        image = self.train[0][0]
        with torch.inference_mode():
            convolve = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Tanh(), nn.Conv2d(1, 1, 3))
            output = convolve(image)
            shifted = convolve(image.roll(SHIFT, -1)) - output.roll(SHIFT, -1)
            rotated = convolve(image.rot90(1, (-2, -1))) - output.rot90(1, (-2, -1))
        return image, output, shifted, rotated


def _dense(size: int, hiddens: tuple[int, ...], activation: nn.Module) -> list[nn.Module]:
    """Linear layers to one output, with the activation after each but the last."""
    layers: list[nn.Module] = []
    for hidden in hiddens:
        layers += [nn.Linear(size, hidden), activation]
        size = hidden
    return [*layers, nn.Linear(size, 1)]
