import numpy as np
import torch
try:
    from sklearn.metrics import mean_absolute_error
except ImportError:
    pass
from collections import OrderedDict
from typing import NamedTuple, Tuple

torch.manual_seed(2024)

# NOTE: I am more used to numpy, so the norms and the errors go through it

class NetworkConfiguration(NamedTuple):
    n_channels: Tuple[int, ...] = (16, 32, 48)
    kernel_sizes: Tuple[int, ...] = (3, 3, 3)
    strides: Tuple[int, ...] = (1, 1, 1)
    dense_hiddens: Tuple[int, ...] = (256, 256)

def norm_of_all(arrays):
    return np.sqrt(np.sum([np.sum(np.square(a)) for a in arrays]))

def gradient_norm(function, *tensor_list):
    grads = torch.autograd.grad(outputs=function(*tensor_list), inputs=list(tensor_list))
    return norm_of_all([g.numpy() for g in grads])

def jacobian_norm(function, input_tensor):
    J = torch.autograd.functional.jacobian(function, input_tensor)
    return np.linalg.norm(J.numpy().ravel())

class Trainer:
    def __init__(self, network_type="mlp", net_config=NetworkConfiguration(), lr=0.001, batch_size=128,
                 activation_name="relu"):
        self.train, self.test = self.load_dataset()
        self.network_type = network_type
        self.batch_size = batch_size
        self.activation = self.create_activation_function(activation_name)
        shape = self.train[0].shape
        if network_type == "mlp":
            self.network = self.create_mlp(shape[1] * shape[2] * shape[3], net_config, self.activation)
        else:
            self.network = self.create_cnn(shape[1], net_config, self.activation)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs = dict(train_loss=[], test_loss=[], train_mae=[], test_mae=[], train_gradient_norm=[])
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset():
        data = np.load("rotated_fashion_mnist.npz")
        X = {k: torch.tensor(np.expand_dims(data["X_" + k], 1) / 255).float() for k in ("train", "test")}
        y = {k: torch.tensor(data["y_" + k]).float() for k in ("train", "test")}
        return (X["train"], y["train"]), (X["test"], y["test"])

    @staticmethod
    def dense_layers(size, net_config, activation):
        layers = OrderedDict()
        for i, hidden in enumerate(net_config.dense_hiddens):
            layers[f"dense{i}"] = torch.nn.Linear(size, hidden)
            layers[f"activation{i}"] = activation
            size = hidden
        layers["angle"] = torch.nn.Linear(size, 1)
        return layers

    @staticmethod
    def create_mlp(input_dim, net_config, activation):
        layers = OrderedDict(flatten=torch.nn.Flatten())
        layers.update(Trainer.dense_layers(input_dim, net_config, activation))
        return torch.nn.Sequential(layers)

    @staticmethod
    def create_cnn(in_channels, net_config, activation):
        layers = OrderedDict()
        for i in range(len(net_config.n_channels)):
            layers[f"conv{i}"] = torch.nn.Conv2d(in_channels, net_config.n_channels[i], net_config.kernel_sizes[i],
                                                 stride=net_config.strides[i])
            layers[f"conv_activation{i}"] = activation
            in_channels = net_config.n_channels[i]
            if i + 1 < len(net_config.n_channels):
                layers[f"pool{i}"] = torch.nn.MaxPool2d(2)
        layers["adaptive"] = torch.nn.AdaptiveMaxPool2d((4, 4))
        layers["flatten"] = torch.nn.Flatten()
        layers.update(Trainer.dense_layers(in_channels * 16, net_config, activation))
        return torch.nn.Sequential(layers)

    @staticmethod
    def create_activation_function(activation_str):
        return getattr(torch.nn, {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid"}[activation_str])()

    def compute_loss_and_mae(self, X, y):
        predictions = self.network(X)
        y = y.reshape(predictions.shape)
        loss = torch.mean(torch.square(predictions - y))
        mae = np.mean(np.abs(predictions.detach().numpy() - y.numpy()))
        return loss, mae

    @staticmethod
    def compute_gradient_norm(network):
        return norm_of_all([p.grad.numpy() for p in network.parameters()])

    def training_step(self, X_batch, y_batch):
        self.optimizer.zero_grad(set_to_none=False)
        loss, _ = self.compute_loss_and_mae(X_batch, y_batch)
        loss.backward()
        self.optimizer.step()
        return self.compute_gradient_norm(self.network)

    def log_metrics(self, X_train, y_train, X_test, y_test):
        with torch.inference_mode():
            train_loss, train_mae = self.compute_loss_and_mae(X_train, y_train)
            test_loss, test_mae = self.compute_loss_and_mae(X_test, y_test)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_mae"].append(float(train_mae))
        self.train_logs["test_loss"].append(test_loss.item())
        self.train_logs["test_mae"].append(float(test_mae))

    def train_loop(self, n_epochs):
        (X_train, y_train), (X_test, y_test) = self.train, self.test
        self.log_metrics(X_train, y_train, X_test, y_test)
        for epoch in range(n_epochs):
            norms = []
            for i in range(0, len(X_train), self.batch_size):
                norms.append(self.training_step(X_train[i:i + self.batch_size], y_train[i:i + self.batch_size]))
            self.train_logs["train_gradient_norm"].append(np.mean(norms))
            self.log_metrics(X_train, y_train, X_test, y_test)
        return self.train_logs

    def evaluate(self, X, y):
        with torch.no_grad():
            loss, mae = self.compute_loss_and_mae(X, y)
        return loss.numpy(), mae

    def test_equivariance(self):
        image = self.train[0][0].numpy()
        conv = torch.nn.Conv2d(1, 1, 5)
        f = lambda x: conv(torch.from_numpy(np.ascontiguousarray(x))).detach().numpy()
        output = f(image)
        shifted_difference = np.abs(f(np.roll(image, 5, axis=2)) - np.roll(output, 5, axis=2))
        rotated_difference = np.abs(f(np.rot90(image, axes=(1, 2))) - np.rot90(output, axes=(1, 2)))
        return image, output, shifted_difference, rotated_difference
