"""Fully connected networks: ReLU in the hidden layers, softmax at the end, mean cross-entropy.

F features, C classes, N examples. torch.nn, torch.optim and the like are not allowed in this file.
BasicNeuralNetwork may not use autograd in any form, also not by what it calls or inherits from.

Both networks have two lists, with an entry per layer, the first layer first:

    self.weights    (out, in), uniform between -1 / sqrt(in) and 1 / sqrt(in)
    self.biases     (out, 1), uniform within the same bounds
"""


class AutogradNeuralNetwork:
    """The gradients come from torch.autograd. shape: neurons of each layer, the features first: (784, 300, 100, 10)."""

    def __init__(self, shape, gpu_id=-1):
        raise NotImplementedError

    def _feed_forward(self, X):
        """X (F, N) -> outputs, act_outputs: for each layer its values before and after the activation, (neurons, N)."""
        raise NotImplementedError

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        """One step of gradient descent on all of X (N, F), labels y (N,), one-hot y_1hot (N, C). Returns the loss."""
        raise NotImplementedError

    def loss(self, X, y, y_1hot):
        """The mean cross-entropy over X (N, F), a number."""
        raise NotImplementedError

    def predict(self, X):
        """X (N, F) -> labels (N,), a tensor of integers."""
        raise NotImplementedError


class BasicNeuralNetwork:
    """The gradients are computed by hand. shape: as above."""

    def __init__(self, shape, gpu_id=-1):
        raise NotImplementedError

    def _feed_forward(self, X):
        """X (F, N) -> outputs, act_outputs: for each layer its values before and after the activation, (neurons, N)."""
        raise NotImplementedError

    def _backpropagation(self, outputs, act_outputs, X, y_1hot):
        """The gradients of the mean cross-entropy. X (F, N), y_1hot (C, N).

        Returns two lists, the gradients of the weights and those of the biases, the first layer first.
        The derivative of ReLU at 0 is 0.
        """
        raise NotImplementedError

    def train_one_epoch(self, X, y, y_1hot, learning_rate):
        """One step of gradient descent on all of X (N, F), labels y (N,), one-hot y_1hot (N, C). Returns the loss."""
        raise NotImplementedError

    def loss(self, X, y, y_1hot):
        """The mean cross-entropy over X (N, F), a number."""
        raise NotImplementedError

    def predict(self, X):
        """X (N, F) -> labels (N,), a tensor of integers."""
        raise NotImplementedError
