"""Accuracy against the number of training examples, for two networks.

python hw1_learning_curves.py ./data -e 100 -l 1e-4 -o ./curves
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from my_neural_networks import mnist
from my_neural_networks.networks import AutogradNeuralNetwork
from torch import Tensor

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SHAPES = [(784, 10), (784, 300, 100, 10)]
SMALL_CHANGE = 1e-3  # between the losses of two epochs: training ends
HEADER = ["shape", "train_size", "epochs", "loss", "train_accuracy", "test_accuracy"]


@dataclass(frozen=True)
class Point:
    """One trained network, as a row of the CSV file."""

    shape: str
    train_size: int
    epochs: int
    loss: float
    train_accuracy: float
    test_accuracy: float


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Draw learning curves.")
    parser.add_argument("data", help="folder that holds MNIST/raw")
    parser.add_argument("-e", "--epochs", type=int, default=100, help="most epochs of one training")
    parser.add_argument("-l", "--learning_rate", type=float, default=1e-4)
    parser.add_argument("-g", "--gpu_id", type=int, default=-1, help="-1: the CPU")
    parser.add_argument("--first", type=int, default=250, help="smallest number of training examples")
    parser.add_argument("--last", type=int, default=10000, help="largest number of training examples")
    parser.add_argument("--step", type=int, default=250)
    parser.add_argument("-o", "--output", default=".", help="folder for the figure and the CSV file")
    return parser.parse_args()


def train(
    network: AutogradNeuralNetwork, data: tuple[Tensor, ...], epochs: int, rate: float
) -> tuple[int, float]:
    """Train until the loss hardly changes; the number of epochs and the last loss."""
    X, y, y_1hot = data
    before = float("inf")
    loss = before
    for epoch in range(1, epochs + 1):
        loss = float(network.train_one_epoch(X, y, y_1hot, rate))
        if abs(before - loss) < SMALL_CHANGE:
            return epoch, loss
        before = loss
    return epochs, loss


def accuracy(network: AutogradNeuralNetwork, X: Tensor, y: Tensor) -> float:
    """The share of examples (N, 784) whose label is predicted."""
    return float((network.predict(X).cpu() == y).double().mean())


def measure(shape: tuple[int, ...], size: int, options: argparse.Namespace) -> Point:
    """Train one network on the first `size` examples."""
    X, y, y_1hot = mnist.load(options.data, "train", size)
    X_test, y_test, _ = mnist.load(options.data, "test")
    network = AutogradNeuralNetwork(shape, options.gpu_id)
    epochs, loss = train(network, (X, y, y_1hot), options.epochs, options.learning_rate)
    name = "-".join(str(neurons) for neurons in shape)
    return Point(name, size, epochs, loss, accuracy(network, X, y), accuracy(network, X_test, y_test))


def write_table(points: list[Point], path: Path) -> None:
    """One row for each trained network."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows([getattr(point, name) for name in HEADER] for point in points)


def draw(points: list[Point], path: Path) -> None:
    """Train and test accuracy of each shape against the number of examples."""
    figure, axes = plt.subplots()
    for shape in dict.fromkeys(point.shape for point in points):
        rows = [point for point in points if point.shape == shape]
        sizes = [point.train_size for point in rows]
        axes.plot(sizes, [point.train_accuracy for point in rows], "--", label=f"{shape}, training")
        axes.plot(sizes, [point.test_accuracy for point in rows], label=f"{shape}, test")
    axes.set(xlabel="training examples", ylabel="accuracy")
    axes.legend()
    figure.savefig(path, dpi=80)


def main() -> None:
    """Measure, write the table, draw the figure."""
    options = arguments()
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    sizes = range(options.first, options.last + 1, options.step)
    points = [measure(shape, size, options) for shape in SHAPES for size in sizes]
    write_table(points, folder / "hw1_learning_curves.csv")
    draw(points, folder / "hw1_learning_curves.png")


if __name__ == "__main__":
    main()
