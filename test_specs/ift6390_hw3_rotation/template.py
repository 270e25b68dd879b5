"""Homework 3: a trainer for neural networks that find out by which angle an image was turned.

Fill in every place that says `raise NotImplementedError`. Keep all names, arguments and defaults: they are what
the tests call. You may import numpy, matplotlib, torch, torchvision, tqdm and the standard library, and add
functions of your own. Importing this file must neither train anything nor need the data: put what you run yourself
below the last line. The tests run where there is no GPU, and hand their own images to the Trainer.

Shapes: B images in a batch, N in a set, C colour channels, H x W pixels.

Beside this file you may hand in answers.toml with numbers of your report: learning_rate, the best of 0.01, 1e-4 and
1e-8 for the MLP (128, 128); mae_start, its mean absolute error on the test set before training; mae_large_rate,
mae_middle_rate and mae_small_rate, the same after 50 epochs with each rate; mae_cnn, that of the CNN (16, 32, 45)
with kernels 3, strides 1 and dense (128,); equivariant_to, "shift" or "rotation". One line each: mae_start = 1.5
"""

from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np
import torch

torch.manual_seed(0)

DATA_FILE = "rotated_fashion_mnist.npz"  # from the course page: put it beside this file


class NetworkConfiguration(NamedTuple):
    """The sizes of a network. The first three have one entry per convolution, the last one per hidden dense layer."""

    n_channels: Tuple[int, ...] = (16, 32, 48)
    kernel_sizes: Tuple[int, ...] = (3, 3, 3)
    strides: Tuple[int, ...] = (1, 1, 1)
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
        lr: float = 0.001,
        batch_size: int = 128,
        activation_name: str = "relu",
    ):
        """Given. `network_type` is "mlp" or "cnn"."""
        self.train, self.test = self.load_dataset()
        self.network_type = network_type
        self.batch_size = batch_size
        activation_function = self.create_activation_function(activation_name)
        image_shape = self.train[0].shape[1:]
        if network_type == "mlp":
            input_dim = int(np.prod(image_shape))
            self.network = self.create_mlp(input_dim, net_config, activation_function)
        elif network_type == "cnn":
            self.network = self.create_cnn(image_shape[0], net_config, activation_function)
        else:
            raise ValueError("network_type must be 'mlp' or 'cnn'")

        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs: Dict[str, List[float]] = {
            "train_loss": [],
            "test_loss": [],
            "train_mae": [],
            "test_mae": [],
            "train_gradient_norm": [],
        }
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset() -> Tuple:
        """Given. ((X_train, y_train), (X_test, y_test)): X float (N, 1, 28, 28) from 0 to 1, y float (N, 1).

        y is the angle by which the image was turned, standardised: mean 0, standard deviation 1.
        """
        with np.load(DATA_FILE) as data:
            X_train, y_train, X_test, y_test = (
                torch.from_numpy(data[name]).float() for name in ("X_train", "y_train", "X_test", "y_test")
            )
        return (X_train.unsqueeze(1) / 255, y_train), (X_test.unsqueeze(1) / 255, y_test)

    @staticmethod
    def create_mlp(input_dim: int, net_config: NetworkConfiguration, activation: torch.nn.Module) -> torch.nn.Module:
        """A multi-layer perceptron with one output.

        It takes images (B, C, H, W) with C*H*W == input_dim, flattens them, and applies one nn.Linear for each entry
        of net_config.dense_hiddens and one more for the output. The activation follows every Linear but the last;
        nothing follows the last. The output has shape (B, 1).
        """
        raise NotImplementedError

    @staticmethod
    def create_cnn(in_channels: int, net_config: NetworkConfiguration, activation: torch.nn.Module) -> torch.nn.Module:
        """A convolutional network with one output.

        It takes images (B, in_channels, H, W). Each convolution is an nn.Conv2d with its number of channels, kernel
        size and stride, without padding, then the activation, then nn.MaxPool2d(2). The last convolution has no
        MaxPool2d: after its activation come nn.AdaptiveMaxPool2d((4, 4)) and nn.Flatten. There may be any number of
        convolutions, also a single one. The dense part is as in `create_mlp`. The output has shape (B, 1).
        """
        raise NotImplementedError

    @staticmethod
    def create_activation_function(activation_str: str) -> torch.nn.Module:
        """The module for "relu", "tanh" or "sigmoid"; yours or torch's. It leaves its input as it is."""
        raise NotImplementedError

    def compute_loss_and_mae(self, X: torch.Tensor, y: torch.Tensor) -> Tuple[torch.Tensor, float]:
        """The mean squared error of the network on a batch and its mean absolute error.

        X are images (B, C, H, W), y is (B, 1); targets of shape (B,) mean the same. The loss keeps its graph, so that
        the caller can differentiate it; the mean absolute error is a number.
        """
        raise NotImplementedError

    @staticmethod
    def compute_gradient_norm(network: torch.nn.Module) -> float:
        """The Euclidean norm of the gradients of all parameters of `network`, as one long vector."""
        raise NotImplementedError

    def training_step(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> float:
        """One step of the optimizer on images (B, C, H, W) and targets (B, 1); the norm of that batch's gradient."""
        raise NotImplementedError

    def log_metrics(self, X_train, y_train, X_test, y_test) -> None:
        """Given. Adds loss and mean absolute error on both sets to the logs."""
        with torch.inference_mode():
            train_loss, train_mae = self.compute_loss_and_mae(X_train, y_train)
            test_loss, test_mae = self.compute_loss_and_mae(X_test, y_test)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_mae"].append(float(train_mae))
        self.train_logs["test_loss"].append(test_loss.item())
        self.train_logs["test_mae"].append(float(test_mae))

    def train_loop(self, n_epochs: int) -> Dict[str, List[float]]:
        """Given. Trains for a number of epochs, with minibatches in the order of the data; returns the logs.

        Loss and error have n_epochs + 1 entries each, the first one from before the training.
        """
        (X_train, y_train), (X_test, y_test) = self.train, self.test
        self.log_metrics(X_train, y_train, X_test, y_test)
        for _ in range(n_epochs):
            norms = []
            for start in range(0, len(X_train), self.batch_size):
                stop = start + self.batch_size
                norms.append(float(self.training_step(X_train[start:stop], y_train[start:stop])))
            self.train_logs["train_gradient_norm"].append(float(np.mean(norms)))
            self.log_metrics(X_train, y_train, X_test, y_test)
        return self.train_logs

    def evaluate(self, X: torch.Tensor, y: torch.Tensor) -> Tuple[float, float]:
        """The average loss and the mean absolute error on all images X (N, C, H, W) with targets y (N, 1)."""
        raise NotImplementedError

    def test_equivariance(self):
        """Does a convolution commute with a shift, and with a turn? (image, output, shifted_difference, rotated_difference)

        image is a training image x; output is m(x), where m is a network of your own of one or two nn.Conv2d of one
        channel with 3x3 kernels, stride 1 and random weights. shifted_difference is m(s(x)) - s(m(x)), where s
        shifts by 5 pixels along one axis; rotated_difference is the same with a turn by 90 degrees. All four
        are arrays (1, H, W), so that plt.imshow(array[0]) shows them.
        """
        raise NotImplementedError


if __name__ == "__main__":
    pass  # your experiments
