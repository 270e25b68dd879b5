from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np
import torch

# fix the seed for reproducibility
seed = 0
torch.manual_seed(seed)

DATA_FILE = "rotated_fashion_mnist.npz"


class NetworkConfiguration(NamedTuple):
    n_channels: Tuple[int, ...] = (16, 32, 48)
    kernel_sizes: Tuple[int, ...] = (3, 3, 3)
    strides: Tuple[int, ...] = (1, 1, 1)
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
                 lr: float = 0.001,
                 batch_size: int = 128,
                 activation_name: str = "relu"):
        self.train, self.test = self.load_dataset()
        self.network_type = network_type
        self.batch_size = batch_size
        activation_function = self.create_activation_function(activation_name)
        image_shape = self.train[0].shape[1:]
        if network_type == "mlp":
            self.network = self.create_mlp(int(np.prod(image_shape)), net_config, activation_function)
        elif network_type == "cnn":
            self.network = self.create_cnn(image_shape[0], net_config, activation_function)
        else:
            raise ValueError("network_type must be 'mlp' or 'cnn'")

        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr)
        self.train_logs: Dict[str, List[float]] = {
            "train_loss": [], "test_loss": [],
            "train_mae": [], "test_mae": [],
            "train_gradient_norm": [],
        }
        self.epsilon = 1e-9

    @staticmethod
    def load_dataset() -> Tuple:
        with np.load(DATA_FILE) as data:
            X_train, y_train, X_test, y_test = (
                torch.from_numpy(data[name]).float() for name in ("X_train", "y_train", "X_test", "y_test")
            )
        return (X_train.unsqueeze(1) / 255, y_train), (X_test.unsqueeze(1) / 255, y_test)

    @staticmethod
    def dense_part(n_in: int, hiddens: Tuple[int, ...], activation: torch.nn.Module) -> List[torch.nn.Module]:
        layers: List[torch.nn.Module] = []
        for n_out in hiddens:
            layers.append(torch.nn.Linear(n_in, n_out))
            layers.append(activation)
            n_in = n_out
        layers.append(torch.nn.Linear(n_in, 1))
        return layers

    @staticmethod
    def create_mlp(input_dim: int, net_config: NetworkConfiguration, activation: torch.nn.Module) -> torch.nn.Module:
        return torch.nn.Sequential(
            torch.nn.Flatten(),
            *Trainer.dense_part(input_dim, net_config.dense_hiddens, activation)
        )

    @staticmethod
    def create_cnn(in_channels: int, net_config: NetworkConfiguration, activation: torch.nn.Module) -> torch.nn.Module:
        layers: List[torch.nn.Module] = []
        n_convs = len(net_config.n_channels)
        for i in range(n_convs):
            layers.append(torch.nn.Conv2d(in_channels, net_config.n_channels[i], net_config.kernel_sizes[i],
                                          stride=net_config.strides[i]))
            layers.append(activation)
            if i < n_convs - 1:
                layers.append(torch.nn.MaxPool2d(2))
            in_channels = net_config.n_channels[i]
        layers.append(torch.nn.AdaptiveMaxPool2d((4, 4)))
        layers.append(torch.nn.Flatten())
        layers += Trainer.dense_part(16 * in_channels, net_config.dense_hiddens, activation)
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

    def compute_loss_and_mae(self, X: torch.Tensor, y: torch.Tensor) -> Tuple[torch.Tensor, float]:
        predictions = self.network(X)
        targets = y.view_as(predictions)
        loss = torch.nn.functional.mse_loss(predictions, targets)
        mae = torch.nn.functional.l1_loss(predictions, targets)
        return loss, mae.item()

    @staticmethod
    def compute_gradient_norm(network: torch.nn.Module) -> float:
        squares = [(p.grad ** 2).sum() for p in network.parameters()]
        return torch.sqrt(sum(squares)).item()

    def training_step(self, X_batch: torch.Tensor, y_batch: torch.Tensor) -> float:
        self.optimizer.zero_grad()
        loss, _ = self.compute_loss_and_mae(X_batch, y_batch)
        loss.backward()
        norm = self.compute_gradient_norm(self.network)
        self.optimizer.step()
        return norm

    def log_metrics(self, X_train, y_train, X_test, y_test) -> None:
        with torch.inference_mode():
            train_loss, train_mae = self.compute_loss_and_mae(X_train, y_train)
            test_loss, test_mae = self.compute_loss_and_mae(X_test, y_test)
        self.train_logs["train_loss"].append(train_loss.item())
        self.train_logs["train_mae"].append(float(train_mae))
        self.train_logs["test_loss"].append(test_loss.item())
        self.train_logs["test_mae"].append(float(test_mae))

    def train_loop(self, n_epochs: int) -> Dict[str, List[float]]:
        (X_train, y_train), (X_test, y_test) = self.train, self.test
        self.log_metrics(X_train, y_train, X_test, y_test)
        for _ in range(n_epochs):
            norms = []
            for start in range(0, len(X_train), self.batch_size):
                stop = start + self.batch_size
                norms.append(float(self.training_step(X_train[start:stop], y_train[start:stop])))
            self.train_logs["train_gradient_norm"].append(float(np.mean(norms)))
            self.log_metrics(X_train, y_train, X_test, y_test)
        return self.train_logs

    def evaluate(self, X: torch.Tensor, y: torch.Tensor) -> Tuple[float, float]:
        with torch.no_grad():
            loss, mae = self.compute_loss_and_mae(X, y)
        return loss.item(), mae

    def test_equivariance(self):
        model = torch.nn.Sequential(
            torch.nn.Conv2d(1, 1, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(1, 1, 3, padding=1)
        )
        image = self.train[0][0]
        with torch.no_grad():
            output = model(image)
            shifted_difference = model(torch.roll(image, 5, dims=2)) - torch.roll(output, 5, dims=2)
            rotated_difference = model(torch.rot90(image, 1, [1, 2])) - torch.rot90(output, 1, [1, 2])
        return image, output, shifted_difference, rotated_difference


if __name__ == "__main__":
    for lr in (0.01, 1e-4, 1e-8):
        trainer = Trainer(net_config=NetworkConfiguration(dense_hiddens=(128, 128)), lr=lr)
        logs = trainer.train_loop(50)
        print(lr, "test MAE", logs["test_mae"][-1])
