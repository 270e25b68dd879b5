import numpy as np
import torch
import torchvision
from collections import OrderedDict
from typing import NamedTuple, Tuple

torch.manual_seed(2024)

# NOTE: I am more used to numpy, so one_hot and the norms go through it

class NetworkConfiguration(NamedTuple):
    n_channels: Tuple[int, ...] = (16, 32, 48)
    kernel_sizes: Tuple[int, ...] = (3, 3, 3)
    strides: Tuple[int, ...] = (1, 1, 1)
    paddings: Tuple[int, ...] = (0, 0, 0)
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
    def __init__(self, network_type="mlp", net_config=NetworkConfiguration(), datapath="./data", n_classes=10,
                 lr=0.0001, batch_size=128, activation_name="relu", normalization=True):
        self.train, self.valid, self.test = self.load_dataset(datapath)
        if normalization:
            self.train, self.valid, self.test = self.normalize(self.train, self.valid, self.test)
        self.network_type = network_type
        self.n_classes = n_classes
        self.batch_size = batch_size
        self.activation = self.create_activation_function(activation_name)
        shape = self.train[0].shape
        if network_type == "mlp":
            self.network = self.create_mlp(shape[1] * shape[2] * shape[3], net_config, n_classes, self.activation)
        else:
            self.network = self.create_cnn(shape[1], net_config, n_classes, self.activation)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs = dict(train_accuracy=[], validation_accuracy=[], train_loss=[], validation_loss=[],
                               train_gradient_norm=[])
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset(datapath):
        train = torchvision.datasets.FashionMNIST(datapath, train=True, download=True)
        test = torchvision.datasets.FashionMNIST(datapath, train=False, download=True)
        X_train = torch.tensor(np.expand_dims(train.data.numpy(), 1)).float()
        X_test = torch.tensor(np.expand_dims(test.data.numpy(), 1)).float()
        return (X_train, train.targets), (X_test[:2000], test.targets[:2000]), (X_test[2000:], test.targets[2000:])

    @staticmethod
    def dense_layers(size, net_config, n_classes, activation):
        layers = OrderedDict()
        for i, hidden in enumerate(net_config.dense_hiddens):
            layers[f"dense{i}"] = torch.nn.Linear(size, hidden)
            layers[f"activation{i}"] = activation
            size = hidden
        layers["classifier"] = torch.nn.Linear(size, n_classes)
        layers["probabilities"] = torch.nn.Softmax(dim=1)
        return layers

    @staticmethod
    def create_mlp(input_dim, net_config, n_classes, activation):
        layers = OrderedDict(flatten=torch.nn.Flatten())
        layers.update(Trainer.dense_layers(input_dim, net_config, n_classes, activation))
        return torch.nn.Sequential(layers)

    @staticmethod
    def create_cnn(in_channels, net_config, n_classes, activation):
        layers = OrderedDict()
        for i in range(len(net_config.n_channels)):
            layers[f"conv{i}"] = torch.nn.Conv2d(in_channels, net_config.n_channels[i], net_config.kernel_sizes[i],
                                                 padding=net_config.paddings[i], stride=net_config.strides[i])
            layers[f"conv_activation{i}"] = activation
            in_channels = net_config.n_channels[i]
            if i + 1 < len(net_config.n_channels):
                layers[f"pool{i}"] = torch.nn.MaxPool2d(2)
        layers["adaptive"] = torch.nn.AdaptiveMaxPool2d((4, 4))
        layers["flatten"] = torch.nn.Flatten()
        layers.update(Trainer.dense_layers(in_channels * 16, net_config, n_classes, activation))
        return torch.nn.Sequential(layers)

    @staticmethod
    def create_activation_function(activation_str):
        return getattr(torch.nn, {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid"}[activation_str])()

    def one_hot(self, y):
        return torch.from_numpy(np.eye(self.n_classes)[np.asarray(y)])  # float64

    def compute_loss_and_accuracy(self, X, y_one_hot):
        p = self.network(X)
        loss = torch.mean(-torch.log(p[y_one_hot.bool()]))
        accuracy = np.mean(p.detach().argmax(1).numpy() == y_one_hot.argmax(1).numpy())
        return loss, accuracy

    @staticmethod
    def compute_gradient_norm(network):
        return norm_of_all([p.grad.numpy() for p in network.parameters()])

    def training_step(self, X_batch, y_batch):
        self.optimizer.zero_grad(set_to_none=False)
        loss, _ = self.compute_loss_and_accuracy(X_batch, y_batch)
        loss.backward()
        self.optimizer.step()
        return self.compute_gradient_norm(self.network)

    def log_metrics(self, X_train, y_train_oh, X_valid, y_valid_oh):
        with torch.inference_mode():
            train_loss, train_accuracy = self.compute_loss_and_accuracy(X_train, y_train_oh)
            valid_loss, valid_accuracy = self.compute_loss_and_accuracy(X_valid, y_valid_oh)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_accuracy"].append(float(train_accuracy))
        self.train_logs["validation_loss"].append(valid_loss.item())
        self.train_logs["validation_accuracy"].append(float(valid_accuracy))

    def train_loop(self, n_epochs):
        (X_train, y_train), (X_valid, y_valid) = self.train, self.valid
        y_train_oh, y_valid_oh = self.one_hot(y_train), self.one_hot(y_valid)
        self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        for epoch in range(n_epochs):
            norms = []
            for i in range(0, len(X_train), self.batch_size):
                norms.append(self.training_step(X_train[i:i + self.batch_size], y_train_oh[i:i + self.batch_size]))
            self.train_logs["train_gradient_norm"].append(np.mean(norms))
            self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        return self.train_logs

    def evaluate(self, X, y):
        with torch.no_grad():
            loss, accuracy = self.compute_loss_and_accuracy(X, self.one_hot(y))
        return loss.numpy(), accuracy

    @staticmethod
    def normalize(train, valid, test):
        mean = train[0].numpy().mean(axis=0)
        std = train[0].numpy().std(axis=0)  # numpy divides by n, not n - 1
        f = lambda X: torch.from_numpy((X.numpy() - mean) / std)
        return (f(train[0]), train[1]), (f(valid[0]), valid[1]), (f(test[0]), test[1])

    def test_equivariance(self):
        print("see the report")
