"""Double precision, and the gradients kept as attributes too."""

import math

import torch

from my_neural_networks.activations import *


class _Base:
    def __init__(self, shape, gpu_id=-1):
        self.shape = list(shape)
        self.gpu_id = gpu_id
        self.weights = []
        self.biases = []
        for fan_in, fan_out in zip(self.shape, self.shape[1:]):
            limit = 1 / math.sqrt(fan_in)
            self.weights.append(torch.rand(fan_out, fan_in, dtype=torch.float64) * 2 * limit - limit)
            self.biases.append(torch.rand(fan_out, 1, dtype=torch.float64) * 2 * limit - limit)

    def _feed_forward(self, X):
        X = X.double()
        outputs = []
        act_outputs = []
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            outputs.append(w @ X + b)
            X = relu(outputs[-1])
            act_outputs.append(X)
        outputs.append(self.weights[-1] @ X + self.biases[-1])
        act_outputs.append(stable_softmax(outputs[-1]))
        return tuple(outputs), tuple(act_outputs)

    def loss(self, X, y, y_1hot):
        return cross_entropy(self._feed_forward(X.t())[1][-1], y_1hot.t())

    def predict(self, X):
        values, labels = torch.max(self._feed_forward(X.t())[1][-1], 0)
        return labels.reshape(-1, 1).int()


class AutogradNeuralNetwork(_Base):
    def __init__(self, shape, gpu_id=-1):
        super().__init__(shape, gpu_id)
        for p in self.weights + self.biases:
            p.requires_grad = True

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        for p in self.weights + self.biases:
            if p.grad is not None:
                p.grad.zero_()
        loss = self.loss(X, y, y_1hot)
        loss.backward()
        for p in self.weights + self.biases:
            p.data -= learning_rate * p.grad.data
        return loss


class BasicNeuralNetwork(_Base):
    def _backpropagation(self, outputs, act_outputs, X, y_1hot):
        X, y_1hot = X.double(), y_1hot.double()
        N = y_1hot.size(1)
        acts = [X] + list(act_outputs)
        delta = act_outputs[-1] - y_1hot
        self.weight_gradients = {}
        self.bias_gradients = {}
        for i in range(len(self.weights) - 1, -1, -1):
            self.weight_gradients[i] = torch.einsum("on,in->oi", delta, acts[i]).div(N)
            self.bias_gradients[i] = delta.mean(1)
            delta = self.weights[i].t() @ delta
            if i:
                delta = torch.where(outputs[i - 1] > 0, delta, torch.zeros_like(delta))
        return self.weight_gradients, self.bias_gradients

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        with torch.no_grad():
            outputs, act_outputs = self._feed_forward(X.t())
            loss = cross_entropy(act_outputs[-1], y_1hot.t())
            self._backpropagation(outputs, act_outputs, X.t(), y_1hot.t())
            for i in range(len(self.weights)):
                self.weights[i] -= learning_rate * self.weight_gradients[i]
                self.biases[i] -= learning_rate * self.bias_gradients[i].view(-1, 1)
        return loss
