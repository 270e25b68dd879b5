from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np
import torch
import torchvision

# fix the seed for reproducibility
seed = 0
torch.manual_seed(seed)


class NetworkConfiguration(NamedTuple):
    n_channels: Tuple[int, ...] = (16, 32, 48)
    kernel_sizes: Tuple[int, ...] = (3, 3, 3)
    strides: Tuple[int, ...] = (1, 1, 1)
    paddings: Tuple[int, ...] = (0, 0, 0)
    dense_hiddens: Tuple[int, ...] = (256, 256)


def gradient_norm(function: Callable, *tensor_list: torch.Tensor) -> float:
    gradients = torch.autograd.grad(function(*tensor_list), tensor_list)
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    return torch.linalg.vector_norm(flat).item()


def jacobian_norm(function: Callable, input_tensor: torch.Tensor) -> float:
    jacobian = torch.autograd.functional.jacobian(function, input_tensor)
    return torch.sqrt((jacobian ** 2).sum()).item()


class Trainer:
    def __init__(self,
                 network_type: str = "mlp",
                 net_config: NetworkConfiguration = NetworkConfiguration(),
                 datapath: str = "./data",
                 n_classes: int = 10,
                 lr: float = 0.0001,
                 batch_size: int = 128,
                 activation_name: str = "relu",
                 normalization: bool = True):
        self.train, self.valid, self.test = self.load_dataset(datapath)
        if normalization:
            self.train, self.valid, self.test = self.normalize(self.train, self.valid, self.test)

        self.network_type = network_type
        self.n_classes = n_classes
        self.batch_size = batch_size
        activation_function = self.create_activation_function(activation_name)
        image_shape = self.train[0].shape[1:]
        if network_type == "mlp":
            self.network = self.create_mlp(int(np.prod(image_shape)), net_config, n_classes, activation_function)
        elif network_type == "cnn":
            self.network = self.create_cnn(image_shape[0], net_config, n_classes, activation_function)
        else:
            raise ValueError("network_type must be 'mlp' or 'cnn'")

        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs: Dict[str, List[float]] = {
            "train_accuracy": [], "validation_accuracy": [],
            "train_loss": [], "validation_loss": [],
            "train_gradient_norm": [],
        }
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset(datapath: str) -> Tuple:
        train = torchvision.datasets.FashionMNIST(datapath, train=True, download=True)
        test = torchvision.datasets.FashionMNIST(datapath, train=False, download=True)
        X_train, X_test = train.data.unsqueeze(1).float(), test.data.unsqueeze(1).float()
        y_train, y_test = train.targets, test.targets
        return (X_train, y_train), (X_test[:2000], y_test[:2000]), (X_test[2000:], y_test[2000:])

    @staticmethod
    def create_mlp(input_dim: int, net_config: NetworkConfiguration, n_classes: int,
                   activation: torch.nn.Module) -> torch.nn.Module:
        sizes = [input_dim, *net_config.dense_hiddens]
        layers: List[torch.nn.Module] = [torch.nn.Flatten()]
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            layers.append(torch.nn.Linear(n_in, n_out))
            layers.append(activation)
        layers.append(torch.nn.Linear(sizes[-1], n_classes))
        layers.append(torch.nn.Softmax(dim=1))
        return torch.nn.Sequential(*layers)

    @staticmethod
    def create_cnn(in_channels: int, net_config: NetworkConfiguration, n_classes: int,
                   activation: torch.nn.Module) -> torch.nn.Module:
        n_convs = len(net_config.n_channels)
        channels = [in_channels, *net_config.n_channels]
        layers: List[torch.nn.Module] = []
        for i in range(n_convs):
            layers.append(torch.nn.Conv2d(channels[i], channels[i + 1], net_config.kernel_sizes[i],
                                          stride=net_config.strides[i], padding=net_config.paddings[i]))
            layers.append(activation)
            if i < n_convs - 1:
                layers.append(torch.nn.MaxPool2d(2))
        layers.append(torch.nn.AdaptiveMaxPool2d((4, 4)))
        layers.append(torch.nn.Flatten())

        sizes = [channels[-1] * 16, *net_config.dense_hiddens]
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            layers.append(torch.nn.Linear(n_in, n_out))
            layers.append(activation)
        layers.append(torch.nn.Linear(sizes[-1], n_classes))
        layers.append(torch.nn.Softmax(dim=1))
        return torch.nn.Sequential(*layers)

    @staticmethod
    def create_activation_function(activation_str: str) -> torch.nn.Module:
        if activation_str == "relu":
            return torch.nn.ReLU()
        if activation_str == "tanh":
            return torch.nn.Tanh()
        if activation_str == "sigmoid":
            return torch.nn.Sigmoid()
        raise ValueError(f"unknown activation {activation_str}")

    def one_hot(self, y: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(y, num_classes=self.n_classes)

    def compute_loss_and_accuracy(self, X: torch.Tensor, y_one_hot: torch.Tensor) -> Tuple[torch.Tensor, float]:
        probabilities = self.network(X)
        clipped = torch.clamp(probabilities, self.epsilon, 1 - self.epsilon)
        loss = -torch.sum(torch.mean(y_one_hot * torch.log(clipped), dim=1))
        correct = torch.argmax(probabilities, dim=1) == torch.argmax(y_one_hot, dim=1)
        return loss, correct.float().mean().item()

    @staticmethod
    def compute_gradient_norm(network: torch.nn.Module) -> float:
        squares = [torch.sum(p.grad ** 2) for p in network.parameters()]
        return torch.sqrt(sum(squares)).item()

    def training_step(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> float:
        self.optimizer.zero_grad()
        loss, _ = self.compute_loss_and_accuracy(X_batch, y_batch)
        loss.backward()
        norm = self.compute_gradient_norm(self.network)
        self.optimizer.step()
        return norm

    def log_metrics(self, X_train, y_train_oh, X_valid, y_valid_oh) -> None:
        with torch.inference_mode():
            train_loss, train_accuracy = self.compute_loss_and_accuracy(X_train, y_train_oh)
            valid_loss, valid_accuracy = self.compute_loss_and_accuracy(X_valid, y_valid_oh)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_accuracy"].append(float(train_accuracy))
        self.train_logs["validation_loss"].append(valid_loss.item())
        self.train_logs["validation_accuracy"].append(float(valid_accuracy))

    def train_loop(self, n_epochs: int) -> Dict[str, List[float]]:
        X_train, y_train = self.train
        X_valid, y_valid = self.valid
        y_train_oh, y_valid_oh = self.one_hot(y_train), self.one_hot(y_valid)

        self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        for _ in range(n_epochs):
            norms = []
            for start in range(0, len(X_train), self.batch_size):
                stop = start + self.batch_size
                norms.append(float(self.training_step(X_train[start:stop], y_train_oh[start:stop])))
            self.train_logs["train_gradient_norm"].append(float(np.mean(norms)))
            self.log_metrics(X_train, y_train_oh, X_valid, y_valid_oh)
        return self.train_logs

    def evaluate(self, X: torch.Tensor, y: torch.Tensor) -> Tuple[float, float]:
        with torch.no_grad():
            loss, accuracy = self.compute_loss_and_accuracy(X, self.one_hot(y))
        return loss.item(), accuracy

    @staticmethod
    def normalize(train: Tuple, valid: Tuple, test: Tuple) -> Tuple:
        mean = train[0].mean(dim=0, keepdim=True)
        std = train[0].std(dim=0, keepdim=True)
        (X_train, y_train), (X_valid, y_valid), (X_test, y_test) = train, valid, test
        return ((X_train - mean) / std, y_train), ((X_valid - mean) / std, y_valid), ((X_test - mean) / std, y_test)

    def test_equivariance(self):
        from torchvision.transforms import functional as TF

        conv = torch.nn.Conv2d(1, 1, 5, padding=2)
        image = self.train[0][0]
        with torch.no_grad():
            shifted = conv(torch.roll(image, 5, dims=2)) - torch.roll(conv(image), 5, dims=2)
            rotated = conv(TF.rotate(image, 90)) - TF.rotate(conv(image), 90)
        return image, conv(image).detach(), shifted, rotated


if __name__ == "__main__":
    trainer = Trainer()
    logs = trainer.train_loop(50)
    print("validation accuracy", logs["validation_accuracy"][-1])
    print("test", trainer.evaluate(*trainer.test))
