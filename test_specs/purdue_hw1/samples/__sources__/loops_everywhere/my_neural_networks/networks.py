import torch

from my_neural_networks import activations


class AutogradNeuralNetwork(object):
    def __init__(self, shape, gpu_id=-1):
        self.weights = []
        self.biases = []
        for i in range(1, len(shape)):
            r = 1.0 / (shape[i - 1] ** 0.5)
            self.weights.append(torch.empty(shape[i], shape[i - 1]).uniform_(-r, r).requires_grad_(True))
            self.biases.append(torch.empty(shape[i], 1).uniform_(-r, r).requires_grad_(True))

    def _feed_forward(self, X):
        outputs, act_outputs = [], []
        a = X
        for i in range(len(self.weights)):
            z = torch.mm(self.weights[i], a) + self.biases[i]
            if i == len(self.weights) - 1:
                a = torch.exp(z - torch.logsumexp(z, dim=0))
            else:
                a = z * (z > 0)
            outputs.append(z)
            act_outputs.append(a)
        return outputs, act_outputs

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        _, act = self._feed_forward(torch.transpose(X, 0, 1))
        loss = 0
        for n in range(X.shape[0]):
            loss = loss - torch.log(act[-1][y[n], n] + 1e-14)
        loss = loss / X.shape[0]
        gs = torch.autograd.grad(loss, self.weights + self.biases)
        k = len(self.weights)
        for i in range(k):
            self.weights[i] = (self.weights[i] - learning_rate * gs[i]).detach().requires_grad_(True)
            self.biases[i] = (self.biases[i] - learning_rate * gs[k + i]).detach().requires_grad_(True)
        return self.loss(X, y, y_1hot)

    def loss(self, X, y, y_1hot):
        _, act = self._feed_forward(X.T)
        total = 0.0
        for n in range(X.shape[0]):
            total -= float(torch.log(act[-1][y[n], n] + 1e-14))
        return torch.tensor([total / X.shape[0]])

    def predict(self, X):
        _, act = self._feed_forward(X.T)
        return torch.tensor([int(torch.argmax(act[-1][:, n])) for n in range(X.shape[0])])


class BasicNeuralNetwork(object):
    def __init__(self, shape, gpu_id=-1):
        self.weights = []
        self.biases = []
        for i in range(1, len(shape)):
            r = 1.0 / (shape[i - 1] ** 0.5)
            self.weights.append(torch.empty(shape[i], shape[i - 1]).uniform_(-r, r))
            self.biases.append(torch.empty(shape[i], 1).uniform_(-r, r))

    def _feed_forward(self, X):
        outputs, act_outputs = [], []
        a = X
        for i in range(len(self.weights)):
            z = torch.mm(self.weights[i], a) + self.biases[i]
            a = torch.exp(z - torch.logsumexp(z, dim=0)) if i == len(self.weights) - 1 else z * (z > 0)
            outputs.append(z)
            act_outputs.append(a)
        return outputs, act_outputs

    def _backpropagation(self, outputs, act_outputs, X, y_1hot):
        """A pair for each layer, the last layer first."""
        n = X.shape[1]
        k = len(self.weights)
        weights = [torch.zeros_like(w) for w in self.weights]
        biases = [torch.zeros_like(b) for b in self.biases]
        for example in range(n):
            delta = (act_outputs[-1][:, example] - y_1hot[:, example]).reshape(-1, 1)
            for layer in range(k - 1, -1, -1):
                before = X if layer == 0 else act_outputs[layer - 1]
                weights[layer] += torch.outer(delta[:, 0], before[:, example]) / n
                biases[layer] += delta / n
                if layer > 0:
                    delta = torch.mm(self.weights[layer].T, delta)
                    delta[outputs[layer - 1][:, example] <= 0] = 0
        return [(weights[layer], biases[layer]) for layer in range(k - 1, -1, -1)]

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        outputs, act = self._feed_forward(X.T)
        pairs = self._backpropagation(outputs, act, X.T, y_1hot.T)
        for i, (dw, db) in enumerate(reversed(pairs)):
            self.weights[i] = self.weights[i] - learning_rate * dw
            self.biases[i] = self.biases[i] - learning_rate * db
        return activations.average_cross_entropy(act[-1], y_1hot.T)

    def loss(self, X, y, y_1hot):
        return activations.average_cross_entropy(self._feed_forward(X.T)[1][-1], y_1hot.T)

    def predict(self, X):
        act = self._feed_forward(X.T)[1]
        return [int(torch.argmax(act[-1][:, n])) for n in range(X.shape[0])]
