"""Layers as objects; the network with autograd inherits from the other one."""

from __future__ import annotations

import torch
from torch import Tensor

from . import activations as act
from .helpers import layers


class BasicNeuralNetwork:
    def __init__(self, shape: tuple[int, ...], gpu_id: int = -1) -> None:
        self.layers = list(layers(shape))

    @property
    def weights(self) -> list[Tensor]:
        return [layer.weight for layer in self.layers]

    @property
    def biases(self) -> list[Tensor]:
        return [layer.bias for layer in self.layers]

    def _feed_forward(self, X: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        outputs: list[Tensor] = []
        act_outputs = [X]
        for layer in self.layers:
            outputs.append(layer(act_outputs[-1]))
            act_outputs.append(act.relu(outputs[-1]))
        act_outputs[-1] = act.stable_softmax(outputs[-1])
        return outputs, act_outputs[1:]

    def _backpropagation(self, outputs, act_outputs, X, y_1hot):
        return [list(gradients) for gradients in zip(*self._gradients(outputs, act_outputs, X, y_1hot))]

    def _gradients(self, outputs, act_outputs, X, y_1hot):
        deltas = [(act_outputs[-1] - y_1hot) / y_1hot.shape[-1]]
        for layer, output in zip(self.layers[:0:-1], outputs[-2::-1]):
            deltas.append(layer.weight.T @ deltas[-1] * output.gt(0))
        for delta, values in zip(reversed(deltas), [X, *act_outputs]):
            yield delta @ values.T, delta.sum(1, keepdim=True)

    def train_one_epoch(self, X: Tensor, y: Tensor, y_1hot: Tensor, learning_rate: float) -> float:
        before = self.loss(X, y, y_1hot)
        weights, biases = self._backpropagation(*self._feed_forward(X.T), X.T, y_1hot.T)
        for layer, weight, bias in zip(self.layers, weights, biases):
            layer.weight.sub_(learning_rate * weight)
            layer.bias.sub_(learning_rate * bias)
        return before

    def loss(self, X: Tensor, y: Tensor, y_1hot: Tensor) -> float:
        return float(act.cross_entropy(self._feed_forward(X.T)[1][-1], y_1hot.T))

    def predict(self, X: Tensor) -> Tensor:
        return self._feed_forward(X.T)[0][-1].argmax(0)


class AutogradNeuralNetwork(BasicNeuralNetwork):
    def __init__(self, shape: tuple[int, ...], gpu_id: int = -1) -> None:
        super().__init__(shape, gpu_id)
        for values in self.weights + self.biases:
            values.requires_grad_()

    def _backpropagation(self, outputs, act_outputs, X, y_1hot):
        act.cross_entropy(act_outputs[-1], y_1hot).backward()
        return [values.grad for values in self.weights], [values.grad for values in self.biases]

    def train_one_epoch(self, X: Tensor, y: Tensor, y_1hot: Tensor, learning_rate: float) -> float:
        for values in self.weights + self.biases:
            values.grad = None
        outputs, act_outputs = self._feed_forward(X.T)
        gradients = self._backpropagation(outputs, act_outputs, X.T, y_1hot.T)
        with torch.no_grad():
            for parts, steps in zip((self.weights, self.biases), gradients):
                for part, step in zip(parts, steps):
                    part -= learning_rate * step
        return self.loss(X, y, y_1hot)
