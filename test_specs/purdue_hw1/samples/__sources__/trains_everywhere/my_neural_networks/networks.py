import torch
from my_neural_networks.activations import *
import my_neural_networks.activations as activations
print('networks loaded', torch.__version__)


class AutogradNeuralNetwork:
    def __init__(self, shape, gpu_id=-1):
        self.shape = shape
        self.weights = [torch.FloatTensor(j, i) for i, j in zip(shape[:-1], shape[1:])]
        self.biases = [torch.FloatTensor(j, 1) for j in shape[1:]]
        for w, b in zip(self.weights, self.biases):
            r = 1 / w.shape[1] ** .5
            w.uniform_(-r, r)
            b.uniform_(-r, r)
        for p in self.weights + self.biases:
            p.requires_grad = True

    def _feed_forward(self, X):
        outputs = {}
        act_outputs = {}
        for k in range(len(self.weights)):
            outputs[k] = self.weights[k].matmul(X) + self.biases[k]
            act_outputs[k] = X = activations.relu(outputs[k]) if k < len(self.weights) - 1 else activations.softmax(outputs[k] - outputs[k].max(0)[0])
        return outputs, act_outputs

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        loss = self._loss(X, y_1hot)
        grads = torch.autograd.grad(loss, self.weights + self.biases)
        for p, g in zip(self.weights + self.biases, grads):
            p.data = p.data - learning_rate * g
        return loss.detach()

    def _loss(self, X, y_1hot):
        return cross_entropy(list(self._feed_forward(X.t())[1].values())[-1], y_1hot.t())

    def loss(self, X, y, y_1hot):
        return self._loss(X, y_1hot).item()

    def predict(self, X):
        return torch.argmax(self._feed_forward(X.t())[0][len(self.weights) - 1], dim=0)


class BasicNeuralNetwork:
    def __init__(self, shape, gpu_id=-1):
        self.shape = shape
        self.weights = [torch.FloatTensor(j, i) for i, j in zip(shape[:-1], shape[1:])]
        self.biases = [torch.FloatTensor(j, 1) for j in shape[1:]]
        for w, b in zip(self.weights, self.biases):
            r = 1 / w.shape[1] ** .5
            w.uniform_(-r, r)
            b.uniform_(-r, r)

    def _feed_forward(self, X):
        outputs = {}
        act_outputs = {}
        for k in range(len(self.weights)):
            outputs[k] = self.weights[k].matmul(X) + self.biases[k]
            act_outputs[k] = X = activations.relu(outputs[k]) if k < len(self.weights) - 1 else activations.softmax(outputs[k] - outputs[k].max(0)[0])
        return outputs, act_outputs

    def _backpropagation(self, outputs, act_outputs, X, y_1hot):
        last = len(self.weights) - 1
        d = {last: (act_outputs[last] - y_1hot) / X.size(1)}
        for k in range(last - 1, -1, -1):
            d[k] = self.weights[k + 1].t().matmul(d[k + 1])
            d[k][outputs[k] <= 0] = 0
        dW = [d[k].matmul((act_outputs[k - 1] if k else X).t()) for k in range(last + 1)]
        db = [d[k].sum(1, keepdim=True) for k in range(last + 1)]
        return dW, db

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        o, a = self._feed_forward(X.t())
        dW, db = self._backpropagation(o, a, X.t(), y_1hot.t())
        self.weights = [w - learning_rate * g for w, g in zip(self.weights, dW)]
        self.biases = [b - learning_rate * g for b, g in zip(self.biases, db)]
        return cross_entropy(a[len(a) - 1], y_1hot.t())

    def loss(self, X, y, y_1hot):
        a = self._feed_forward(X.t())[1]
        return cross_entropy(a[len(a) - 1], y_1hot.t())

    def predict(self, X):
        return torch.argmax(self._feed_forward(X.t())[0][len(self.weights) - 1], dim=0)


# a try, as top-level code
net = BasicNeuralNetwork((4, 3, 2))
for i in range(5):
    print(net.train_one_epoch(torch.rand(6, 4), torch.ones(6).long(), torch.eye(2)[torch.ones(6).long()], 0.1))
