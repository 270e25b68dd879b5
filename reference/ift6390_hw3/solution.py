"""Reference solution of ift6390_hw3: gradients, the two networks and their trainer.

Shapes: B images in a batch, N in a set, C colour channels, H x W pixels, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torchvision import datasets

N_VALIDATION = 2000

Pair = tuple[torch.Tensor, torch.Tensor]  # images (N, C, H, W) and labels (N,)

torch.manual_seed(0)


class NetworkConfiguration(NamedTuple):
    """The sizes of a network: the first four for a CNN's convolutions, the last for every dense part."""

    n_channels: tuple[int, ...] = (16, 32, 48)
    kernel_sizes: tuple[int, ...] = (3, 3, 3)
    strides: tuple[int, ...] = (1, 1, 1)
    paddings: tuple[int, ...] = (0, 0, 0)
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
    """Loads FashionMNIST, builds a network and trains it with Adam."""

    def __init__(
        self,
        network_type: str = "mlp",
        net_config: NetworkConfiguration = NetworkConfiguration(),  # noqa: B008 - immutable
        datapath: str = "./data",
        n_classes: int = 10,
        lr: float = 0.0001,
        batch_size: int = 128,
        activation_name: str = "relu",
        normalization: bool = True,
    ) -> None:
        self.train, self.valid, self.test = self.load_dataset(datapath)
        if normalization:
            self.train, self.valid, self.test = self.normalize(self.train, self.valid, self.test)
        self.network_type = network_type
        self.n_classes = n_classes
        self.batch_size = batch_size
        self.activation_function = self.create_activation_function(activation_name)
        channels, height, width = self.train[0].shape[1:]
        if network_type == "mlp":
            size = channels * height * width
            self.network = self.create_mlp(size, net_config, n_classes, self.activation_function)
        elif network_type == "cnn":
            self.network = self.create_cnn(channels, net_config, n_classes, self.activation_function)
        else:
            raise ValueError(f'network_type is "mlp" or "cnn", not {network_type!r}')
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs: dict[str, list[float]] = {
            "train_accuracy": [],
            "validation_accuracy": [],
            "train_loss": [],
            "validation_loss": [],
            "train_gradient_norm": [],
        }
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset(datapath: str) -> tuple[Pair, Pair, Pair]:
        """Training, validation and test set; images float32 (N, 1, 28, 28) from 0 to 255."""
        train = datasets.FashionMNIST(datapath, train=True, download=True)
        test = datasets.FashionMNIST(datapath, train=False, download=True)
        x_train, x_test = train.data.float().unsqueeze(1), test.data.float().unsqueeze(1)
        return (
            (x_train, train.targets),
            (x_test[:N_VALIDATION], test.targets[:N_VALIDATION]),
            (x_test[N_VALIDATION:], test.targets[N_VALIDATION:]),
        )

    @staticmethod
    def create_mlp(
        input_dim: int, net_config: NetworkConfiguration, n_classes: int, activation: nn.Module
    ) -> nn.Module:
        """A network from images (B, C, H, W), flattened to `input_dim`, to probabilities (B, K)."""
        return nn.Sequential(
            nn.Flatten(), *_dense(input_dim, net_config.dense_hiddens, n_classes, activation)
        )

    @staticmethod
    def create_cnn(
        in_channels: int, net_config: NetworkConfiguration, n_classes: int, activation: nn.Module
    ) -> nn.Module:
        """A network from images (B, C, H, W) to probabilities (B, K)."""
        layers: list[nn.Module] = []
        channels = in_channels
        settings = zip(
            net_config.n_channels,
            net_config.kernel_sizes,
            net_config.strides,
            net_config.paddings,
            strict=True,
        )
        for out_channels, kernel, stride, padding in settings:
            convolution = nn.Conv2d(channels, out_channels, kernel, stride=stride, padding=padding)
            layers += [convolution, activation, nn.MaxPool2d(2)]
            channels = out_channels
        layers[-1:] = [nn.AdaptiveMaxPool2d((4, 4)), nn.Flatten()]
        return nn.Sequential(*layers, *_dense(16 * channels, net_config.dense_hiddens, n_classes, activation))

    @staticmethod
    def create_activation_function(activation_str: str) -> nn.Module:
        """The module called "relu", "tanh" or "sigmoid"."""
        return {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[activation_str]()

    def one_hot(self, y: torch.Tensor) -> torch.Tensor:
        """Labels (B,) as rows (B, K) with a single one."""
        return nn.functional.one_hot(y, self.n_classes)

    def compute_loss_and_accuracy(
        self, X: torch.Tensor, y_one_hot: torch.Tensor
    ) -> tuple[torch.Tensor, float]:
        """Mean cross-entropy of a batch, with its graph, and the share of right answers."""
        probabilities = self.network(X)
        clipped = probabilities.clamp(self.epsilon, 1 - self.epsilon)
        loss = -(y_one_hot * clipped.log()).sum(1).mean()
        right = probabilities.argmax(1) == y_one_hot.argmax(1)
        return loss, right.float().mean().item()

    @staticmethod
    def compute_gradient_norm(network: nn.Module) -> float:
        """Euclidean norm of the gradients of all parameters together."""
        return _norm([parameter.grad for parameter in network.parameters() if parameter.grad is not None])

    def training_step(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> float:
        """One step of the optimizer on images (B, C, H, W) and one-hot labels (B, K); the gradient norm."""
        self.optimizer.zero_grad()
        loss, _ = self.compute_loss_and_accuracy(X_batch, y_batch)
        loss.backward()
        self.optimizer.step()
        return self.compute_gradient_norm(self.network)

    def log_metrics(
        self, X_train: torch.Tensor, y_train_oh: torch.Tensor, X_valid: torch.Tensor, y_valid_oh: torch.Tensor
    ) -> None:
        """Append loss and accuracy on both sets to the logs."""
        with torch.inference_mode():
            for name, images, labels in (("train", X_train, y_train_oh), ("validation", X_valid, y_valid_oh)):
                loss, accuracy = self.compute_loss_and_accuracy(images, labels)
                self.train_logs[f"{name}_loss"].append(float(loss))
                self.train_logs[f"{name}_accuracy"].append(float(accuracy))

    def train_loop(self, n_epochs: int) -> dict[str, list[float]]:
        """Train for `n_epochs` over the training set in its order; the logs."""
        X_train, y_train = self.train[0], self.one_hot(self.train[1])
        X_valid, y_valid = self.valid[0], self.one_hot(self.valid[1])
        self.log_metrics(X_train, y_train, X_valid, y_valid)
        for _ in range(n_epochs):
            norms = []
            for start in range(0, len(X_train), self.batch_size):
                batch = slice(start, start + self.batch_size)
                norms.append(float(self.training_step(X_train[batch], y_train[batch])))
            self.train_logs["train_gradient_norm"].append(sum(norms) / len(norms))
            self.log_metrics(X_train, y_train, X_valid, y_valid)
        return self.train_logs

    def evaluate(self, X: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
        """Mean loss and accuracy on a set with integer labels (N,)."""
        with torch.inference_mode():
            loss, accuracy = self.compute_loss_and_accuracy(X, self.one_hot(y))
        return loss.item(), accuracy

    @staticmethod
    def normalize(train: Pair, valid: Pair, test: Pair) -> tuple[Pair, Pair, Pair]:
        """All three sets, every pixel scaled by its mean and deviation over the training images."""
        mean, deviation = train[0].mean(0), train[0].std(0)
        # A pixel that never changes would be divided by zero; dividing by one leaves it at zero.
        deviation = torch.where(deviation == 0, torch.ones_like(deviation), deviation)
        scaled = [((images - mean) / deviation, labels) for images, labels in (train, valid, test)]
        return scaled[0], scaled[1], scaled[2]

    def test_equivariance(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """An image (1, H, W), a convolution of it, and its error under a shift and a turn."""
        image = self.train[0][0]
        with torch.inference_mode():
            convolve = nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular")
            output = convolve(image)
            shifted = convolve(image.roll(5, -1)) - output.roll(5, -1)
            rotated = convolve(image.rot90(1, (-2, -1))) - output.rot90(1, (-2, -1))
        return image, output, shifted, rotated


def _dense(size: int, hiddens: tuple[int, ...], n_classes: int, activation: nn.Module) -> list[nn.Module]:
    """Linear layers with the activation after each but the last, softmax at the end."""
    layers: list[nn.Module] = []
    for hidden in hiddens:
        layers += [nn.Linear(size, hidden), activation]
        size = hidden
    return [*layers, nn.Linear(size, n_classes), nn.Softmax(dim=1)]
