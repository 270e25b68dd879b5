"""Homework 3: a trainer for neural networks.

Fill in every place that says `raise NotImplementedError`. Keep all names, arguments and defaults: they are what
the tests call. You may import numpy, matplotlib, torch, torchvision, tqdm and the standard library, and add
functions of your own. Importing this file must not train anything: put what you run yourself below the last line.

Shapes: B images in a batch, N in a set, C colour channels, H x W pixels.

Beside this file you may hand in answers.toml with numbers of your report: learning_rate, mlp_parameters,
deep_mlp_64_to_64_layers (how many Linear layers from 64 to 64 units), cnn_kernel, cnn_parameters,
deep_cnn_parameters, shallow_cnn_channels, shallow_cnn_parameters. One line each: learning_rate = 0.5
"""

from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np
import torch
import torchvision

torch.manual_seed(0)

N_VALIDATION = 2000  # images of FashionMNIST's test split that are used for validation


class NetworkConfiguration(NamedTuple):
    """The sizes of a network. The first four have one entry per convolution, the last one per hidden dense layer."""

    n_channels: Tuple[int, ...] = (16, 32, 48)
    kernel_sizes: Tuple[int, ...] = (3, 3, 3)
    strides: Tuple[int, ...] = (1, 1, 1)
    paddings: Tuple[int, ...] = (0, 0, 0)
    dense_hiddens: Tuple[int, ...] = (256, 256)


def gradient_norm(function: Callable, *tensor_list: torch.Tensor) -> float:
    """The Euclidean norm of the gradient of `function(*tensor_list)`, a scalar, with respect to all the tensors.

    The tensors may have different shapes; each one is a leaf that requires a gradient. The norm is that of one
    long vector made of all partial derivatives. Example: f(x) = (x * x).sum() at x = [3, 4] gives 10.
    """
    raise NotImplementedError


def jacobian_norm(function: Callable, input_tensor: torch.Tensor) -> float:
    """The Frobenius norm of the Jacobian of `function` at `input_tensor`.

    Input and output may have any shape: the norm is over all pairs of an output and an input entry.
    """
    raise NotImplementedError


class Trainer:
    """Loads the data, builds a network and trains it."""

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
        """Given. `network_type` is "mlp" or "cnn"."""
        self.train, self.valid, self.test = self.load_dataset(datapath)
        if normalization:
            self.train, self.valid, self.test = self.normalize(self.train, self.valid, self.test)

        self.network_type = network_type
        self.n_classes = n_classes
        self.batch_size = batch_size
        activation_function = self.create_activation_function(activation_name)
        image_shape = self.train[0].shape[1:]
        if network_type == "mlp":
            input_dim = int(np.prod(image_shape))
            self.network = self.create_mlp(input_dim, net_config, n_classes, activation_function)
        elif network_type == "cnn":
            self.network = self.create_cnn(image_shape[0], net_config, n_classes, activation_function)
        else:
            raise ValueError("network_type must be 'mlp' or 'cnn'")

        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs: Dict[str, List[float]] = {
            "train_accuracy": [],
            "validation_accuracy": [],
            "train_loss": [],
            "validation_loss": [],
            "train_gradient_norm": [],
        }
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset(datapath: str) -> Tuple:
        """Given. ((X_train, y_train), (X_valid, y_valid), (X_test, y_test)): X float (N, 1, 28, 28) from 0 to 255, y int (N,)."""
        train = torchvision.datasets.FashionMNIST(datapath, train=True, download=True)
        test = torchvision.datasets.FashionMNIST(datapath, train=False, download=True)
        X_train, X_test = (split.data.unsqueeze(1).float() for split in (train, test))
        y_train, y_test = train.targets, test.targets
        return (
            (X_train, y_train),
            (X_test[:N_VALIDATION], y_test[:N_VALIDATION]),
            (X_test[N_VALIDATION:], y_test[N_VALIDATION:]),
        )

    @staticmethod
    def create_mlp(
        input_dim: int, net_config: NetworkConfiguration, n_classes: int, activation: torch.nn.Module
    ) -> torch.nn.Module:
        """A multi-layer perceptron.

        It takes images (B, C, H, W) with C*H*W == input_dim, flattens them, and applies one nn.Linear for each entry
        of net_config.dense_hiddens and one more for the classes. The activation follows every Linear but the last;
        softmax over the classes follows the last. The output has shape (B, n_classes).
        """
        raise NotImplementedError

    @staticmethod
    def create_cnn(
        in_channels: int, net_config: NetworkConfiguration, n_classes: int, activation: torch.nn.Module
    ) -> torch.nn.Module:
        """A convolutional network.

        It takes images (B, in_channels, H, W). Each convolution is an nn.Conv2d with its number of channels, kernel
        size, stride and padding, then the activation, then nn.MaxPool2d(2). The last convolution has no MaxPool2d:
        after its activation come nn.AdaptiveMaxPool2d((4, 4)) and nn.Flatten. The dense part and the softmax at
        the end are as in `create_mlp`. The output has shape (B, n_classes).
        """
        raise NotImplementedError

    @staticmethod
    def create_activation_function(activation_str: str) -> torch.nn.Module:
        """The module for "relu", "tanh" or "sigmoid"."""
        raise NotImplementedError

    def one_hot(self, y: torch.Tensor) -> torch.Tensor:
        """One row per label, of width n_classes, with a one at the label's place and zeros elsewhere.

        Example: the labels [1, 0, 3, 4] of 5 classes give a matrix of 4 rows and 5 columns.
        """
        raise NotImplementedError

    def compute_loss_and_accuracy(self, X: torch.Tensor, y_one_hot: torch.Tensor) -> Tuple[torch.Tensor, float]:
        """The mean cross-entropy of the network on a batch and its accuracy.

        X are images (B, C, H, W), y_one_hot is (B, n_classes). Probabilities are clipped to
        [self.epsilon, 1 - self.epsilon] before the logarithm. The loss keeps its graph, so that the caller can
        differentiate it; the accuracy is the share of images whose most probable class is right, from 0 to 1.
        """
        raise NotImplementedError

    @staticmethod
    def compute_gradient_norm(network: torch.nn.Module) -> float:
        """The Euclidean norm of the gradients of all parameters of `network`, as one long vector."""
        raise NotImplementedError

    def training_step(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> float:
        """One step of the optimizer on a batch; the norm of that batch's gradient.

        X_batch are images (B, C, H, W), y_batch is one-hot, (B, n_classes).
        """
        raise NotImplementedError

    def log_metrics(self, X_train, y_train_oh, X_valid, y_valid_oh) -> None:
        """Given. Adds loss and accuracy on both sets to the logs."""
        with torch.inference_mode():
            train_loss, train_accuracy = self.compute_loss_and_accuracy(X_train, y_train_oh)
            valid_loss, valid_accuracy = self.compute_loss_and_accuracy(X_valid, y_valid_oh)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_accuracy"].append(float(train_accuracy))
        self.train_logs["validation_loss"].append(valid_loss.item())
        self.train_logs["validation_accuracy"].append(float(valid_accuracy))

    def train_loop(self, n_epochs: int) -> Dict[str, List[float]]:
        """Given. Trains for a number of epochs, with minibatches in the order of the data; returns the logs."""
        X_train, y_train = self.train
        X_valid, y_valid = self.valid
        y_train_oh, y_valid_oh = self.one_hot(y_train), self.one_hot(y_valid)

        self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        for _ in range(n_epochs):
            norms = []
            for start in range(0, len(X_train), self.batch_size):
                stop = start + self.batch_size
                norms.append(float(self.training_step(X_train[start:stop], y_train_oh[start:stop])))
            self.train_logs["train_gradient_norm"].append(float(np.mean(norms)))
            self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        return self.train_logs

    def evaluate(self, X: torch.Tensor, y: torch.Tensor) -> Tuple[float, float]:
        """The average loss and the accuracy on all images X (N, C, H, W) with integer labels y (N,)."""
        raise NotImplementedError

    @staticmethod
    def normalize(train: Tuple, valid: Tuple, test: Tuple) -> Tuple:
        """The same three (X, y) pairs with normalized X of the same shape.

        From every feature (pixel) its mean over the training images is subtracted, then it is divided by its standard
        deviation over the training images. Labels stay as they are.
        """
        raise NotImplementedError

    def test_equivariance(self):
        """For the report: compare a convolution's output under a shift of 5 pixels and under a rotation by 90 degrees."""
        raise NotImplementedError


if __name__ == "__main__":
    pass  # your experiments
