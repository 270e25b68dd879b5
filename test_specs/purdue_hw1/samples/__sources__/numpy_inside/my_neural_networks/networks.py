import numpy as np
import torch

from my_neural_networks.activations import cross_entropy, relu, softmax, stable_softmax


def _uniform(shape, fan_in):
    return torch.FloatTensor(*shape).uniform_(-1 / np.sqrt(fan_in), 1 / np.sqrt(fan_in))


class AutogradNeuralNetwork:
    def __init__(self, shape, gpu_id=-1):
        self.weights = [_uniform((o, i), i).requires_grad_() for i, o in zip(shape[:-1], shape[1:])]
        self.biases = [_uniform((o, 1), i).requires_grad_() for i, o in zip(shape[:-1], shape[1:])]

    def _feed_forward(self, X):
        outputs, act_outputs = [], []
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            outputs.append(torch.addmm(b.expand(-1, X.shape[1]), w, X))
            X = relu(outputs[-1]) if i + 1 < len(self.weights) else stable_softmax(outputs[-1])
            act_outputs.append(X)
        return outputs, act_outputs

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        loss = cross_entropy(self._feed_forward(X.T)[1][-1], y_1hot.T)
        loss.backward()
        with torch.no_grad():
            for p in self.weights + self.biases:
                p.sub_(p.grad, alpha=learning_rate)
                p.grad.zero_()
        return loss.item()

    def loss(self, X, y, y_1hot):
        return cross_entropy(self._feed_forward(X.T)[1][-1], y_1hot.T).item()

    def predict(self, X):
        return self._feed_forward(X.T)[1][-1].detach().numpy().argmax(axis=0)


class BasicNeuralNetwork:
    def __init__(self, shape, gpu_id=-1):
        generator = np.random.default_rng()
        self.weights = [generator.uniform(-(i**-0.5), i**-0.5, (o, i)) for i, o in zip(shape[:-1], shape[1:])]
        self.biases = [generator.uniform(-(i**-0.5), i**-0.5, (o, 1)) for i, o in zip(shape[:-1], shape[1:])]

    def _feed_forward(self, X):
        a = np.asarray(X)
        outputs, act_outputs = [], []
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = w @ a + b
            if i < len(self.weights) - 1:
                a = np.maximum(z, 0)
            else:
                e = np.exp(z - z.max(axis=0))
                a = e / e.sum(axis=0)
            outputs.append(z)
            act_outputs.append(a)
        return outputs, act_outputs

    def _backpropagation(self, outputs, act_outputs, X, y_1hot):
        inputs = [np.asarray(X)] + act_outputs[:-1]
        delta = (act_outputs[-1] - np.asarray(y_1hot)) / inputs[0].shape[1]
        dw, db = [], []
        for i in reversed(range(len(self.weights))):
            dw = [delta @ inputs[i].T] + dw
            db = [delta.sum(axis=1, keepdims=True)] + db
            if i:
                delta = (self.weights[i].T @ delta) * (outputs[i - 1] > 0)
        return dw, db

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        outputs, act_outputs = self._feed_forward(X.numpy().T)
        dw, db = self._backpropagation(outputs, act_outputs, X.numpy().T, y_1hot.numpy().T)
        for i in range(len(self.weights)):
            self.weights[i] -= learning_rate * dw[i]
            self.biases[i] -= learning_rate * db[i]
        return self.loss(X, y, y_1hot)

    def loss(self, X, y, y_1hot):
        p = self._feed_forward(X.numpy().T)[1][-1]
        return -np.log(p[y.numpy(), np.arange(len(y))] + 1e-14).mean()

    def predict(self, X):
        return torch.from_numpy(self._feed_forward(X.numpy().T)[1][-1].argmax(axis=0))
