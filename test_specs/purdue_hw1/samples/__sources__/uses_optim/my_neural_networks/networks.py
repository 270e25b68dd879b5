"""Fully connected networks: ReLU in the hidden layers, softmax at the end, mean cross-entropy.

F features, C classes, N examples. Inside a network every example is a column; outside, a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from my_neural_networks.activations import cross_entropy, relu, stable_softmax


class _Network:
    """What both networks share. shape: neurons of each layer, the features first, such as (784, 300, 100, 10)."""

    def __init__(self, shape: Sequence[int], gpu_id: int = -1) -> None:
        self.shape = tuple(shape)
        self.device = torch.device("cpu" if gpu_id < 0 else f"cuda:{gpu_id}")
        sizes = list(zip(self.shape[:-1], self.shape[1:], strict=True))
        self.weights = [self._uniform(fan_out, fan_in, fan_in) for fan_in, fan_out in sizes]
        self.biases = [self._uniform(fan_out, 1, fan_in) for fan_in, fan_out in sizes]

    def _uniform(self, rows: int, columns: int, fan_in: int) -> Tensor:
        """(rows, columns), uniform between -1 / sqrt(fan_in) and 1 / sqrt(fan_in)."""
        values = torch.rand(rows, columns, device=self.device)
        return (2 * values - 1) / fan_in**0.5

    def _feed_forward(self, X: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """(F, N) -> for each layer its values before and after the activation, (neurons, N)."""
        outputs: list[Tensor] = []
        act_outputs: list[Tensor] = []
        values = X.to(self.device)
        for weight, bias in zip(self.weights, self.biases, strict=True):
            outputs.append(weight @ values + bias)
            is_last = len(outputs) == len(self.weights)
            values = stable_softmax(outputs[-1]) if is_last else relu(outputs[-1])
            act_outputs.append(values)
        return outputs, act_outputs

    def loss(self, X: Tensor, y: Tensor, y_1hot: Tensor) -> float:
        """The mean cross-entropy over examples X (N, F) of labels y (N,), one-hot (N, C)."""
        with torch.no_grad():
            return float(self._loss(X, y_1hot))

    def _loss(self, X: Tensor, y_1hot: Tensor) -> Tensor:
        return cross_entropy(self._feed_forward(X.t())[1][-1], y_1hot.t().to(self.device))

    def predict(self, X: Tensor) -> Tensor:
        """(N, F) -> labels (N,)"""
        with torch.no_grad():
            return self._feed_forward(X.t())[1][-1].argmax(dim=0)


class AutogradNeuralNetwork(_Network):
    """The gradients come from autograd."""

    def __init__(self, shape: Sequence[int], gpu_id: int = -1) -> None:
        super().__init__(shape, gpu_id)
        for parameter in (*self.weights, *self.biases):
            parameter.requires_grad_()

    def train_one_epoch(self, X: Tensor, y: Tensor, y_1hot: Tensor, learning_rate: float) -> float:
        """One step of gradient descent on all of X (N, F); the loss before it."""
        optimizer = torch.optim.SGD([*self.weights, *self.biases], lr=learning_rate)
        optimizer.zero_grad()
        loss = self._loss(X, y_1hot)
        loss.backward()
        optimizer.step()
        return float(loss.detach())


class BasicNeuralNetwork(_Network):
    """The gradients are computed by hand."""

    def train_one_epoch(self, X: Tensor, y: Tensor, y_1hot: Tensor, learning_rate: float) -> float:
        """One step of gradient descent on all of X (N, F); the loss before it."""
        columns, targets = X.t().to(self.device), y_1hot.t().to(self.device)
        outputs, act_outputs = self._feed_forward(columns)
        weight_gradients, bias_gradients = self._backpropagation(outputs, act_outputs, columns, targets)
        for parameter, gradient in zip(self.weights, weight_gradients, strict=True):
            parameter -= learning_rate * gradient
        for parameter, gradient in zip(self.biases, bias_gradients, strict=True):
            parameter -= learning_rate * gradient
        return float(cross_entropy(act_outputs[-1], targets))

    def _backpropagation(
        self, outputs: list[Tensor], act_outputs: list[Tensor], X: Tensor, y_1hot: Tensor
    ) -> tuple[list[Tensor], list[Tensor]]:
        """X (F, N) and y_1hot (C, N) -> the gradients of the weights and of the biases, first layer first."""
        inputs = [X, *act_outputs[:-1]]
        delta = (act_outputs[-1] - y_1hot) / X.shape[1]  # of the last layer's outputs
        weight_gradients: list[Tensor] = []
        bias_gradients: list[Tensor] = []
        for layer in reversed(range(len(self.weights))):
            weight_gradients.insert(0, delta @ inputs[layer].t())
            bias_gradients.insert(0, delta.sum(dim=1, keepdim=True))
            if layer > 0:
                delta = (self.weights[layer].t() @ delta) * (outputs[layer - 1] > 0)
        return weight_gradients, bias_gradients
