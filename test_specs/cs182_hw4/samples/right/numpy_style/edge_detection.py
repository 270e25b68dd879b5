import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

BASE = dict(
    data_per_class=1000, num_classes=3, class_type=["horizontal", "vertical", "none"], spatial_resolution=28,
    min_edge_width=1, max_edge_width=4, min_edge_intensity=0.25, max_edge_intensity=1,
    min_background_intensity=0, max_background_intensity=0.2, possible_edge_location_ratio=1.0,
    num_horizontal_edge=1, num_vertical_edge=1, num_diagonal_edge=1,
    use_permutation=False, permutater=None, unpermutater=None,
)


class EdgeDetectionDataset(Dataset):
    """Draws with numpy, one image after the other."""

    def __init__(self, domain_config, mode="train", transform=None):
        self.config, self.mode, self.transform = domain_config, mode, transform
        self.generator = np.random.default_rng(np.random.randint(2**31))
        self.data = []
        for label, kind in enumerate(domain_config["class_type"]):
            for _ in range(domain_config["data_per_class"]):
                self.data.append((self.one(kind), label))

    def one(self, kind):
        c, g = self.config, self.generator
        n = c["spatial_resolution"]
        image = g.uniform(c["min_background_intensity"], c["max_background_intensity"], (n, n)).astype(np.float32)
        line = {
            "horizontal": np.arange(n)[:, None] + np.zeros((1, n), int),
            "vertical": np.arange(n)[None, :] + np.zeros((n, 1), int),
            "diagonal": np.arange(n)[None, :] - np.arange(n)[:, None] + n // 2,
        }
        kinds = {"both": ["horizontal", "vertical"], "none": []}.get(kind, [kind])
        for direction in kinds:
            width = g.integers(c["min_edge_width"], c["max_edge_width"] + 1)
            ratio = c["possible_edge_location_ratio"]
            low, high = 0, n
            if ratio < 1:
                low, high = (0, int(ratio * n)) if self.mode == "train" else (int(ratio * n), n)
            start = g.integers(low, high - width + 1)
            bright = g.uniform(c["min_edge_intensity"], c["max_edge_intensity"])
            image[(line[direction] >= start) & (line[direction] < start + width)] = bright
        if c["use_permutation"]:
            image = image.reshape(-1)[np.asarray(c["permutater"])].reshape(n, n)
        return image

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        image, label = self.data[index]
        image = (image - np.float32(0.5)) / np.float32(0.5)  # from -1 to 1
        return torch.from_numpy(image)[None], label


class SimpleCNN(nn.Module):
    def __init__(self, num_filters=3, kernel_size=2, num_classes=3, pooling=nn.MaxPool2d):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, num_filters, kernel_size), nn.ReLU(), pooling(2),
            nn.Conv2d(num_filters, num_filters, kernel_size), nn.ReLU(), pooling(2),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(num_filters, num_classes),
        )

    def forward(self, x):
        return self.net(x)


def SimpleCNNAvgPool(num_filters=3, kernel_size=2, num_classes=3):
    return SimpleCNN(num_filters, kernel_size, num_classes, nn.AvgPool2d)


class ThreeLayerMLP(nn.Module):
    def __init__(self, input_dim=(1, 28, 28), hidden_dims=(10, 10), num_classes=3):
        super().__init__()
        a, b = hidden_dims
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(input_dim)), a), nn.ReLU(),
                                 nn.Linear(a, b), nn.ReLU(), nn.Linear(b, num_classes))

    def forward(self, x):
        return self.net(x)


sizes = np.arange(10, 60, 10)


def pair(size, **changes):
    train = EdgeDetectionDataset({**BASE, **changes, "data_per_class": int(size)}, mode="train")
    valid = EdgeDetectionDataset({**BASE, **changes, "data_per_class": 50}, mode="valid")
    return [DataLoader(train, batch_size=len(train), shuffle=True), DataLoader(valid, batch_size=len(valid))]


def size_sweep_loaders():
    return {size: pair(size) for size in sizes}


def domain_shift_loaders():
    return {size: pair(size, possible_edge_location_ratio=0.5) for size in sizes}


def permuted_loaders(permutater, unpermutater):
    order, back = np.array(permutater), np.array(unpermutater)
    return {size: pair(size, use_permutation=True, permutater=order, unpermutater=back) for size in sizes}


def five_class_loaders():
    kinds = ["horizontal", "vertical", "diagonal", "both", "none"]
    return {size: pair(size, num_classes=len(kinds), class_type=kinds) for size in sizes}


OVERFIT_CNN = dict(num_filters=np.int64(16), kernel_size=np.int64(5), lr=np.float64(0.01), epochs=np.int64(150), batch_size=10)
OVERFIT_MLP = dict(hidden_dims=np.array([50, 10]), lr=0.01, epochs=40, batch_size=30)
CNN_50 = dict(num_filters=16, kernel_size=5, lr=0.01, num_epochs=40, batch_size=25)
CNN_10 = dict(num_filters=32, kernel_size=3, lr=0.01, epochs=120, batch_size=10)
CNN_SHIFT = dict(num_filters=16, kernel_size=2, lr=0.02, epochs=100, batch_size=10)
MLP_PERMUTED = dict(hidden_dims=(100, 50), lr=0.005, epochs=40, batch_size=25)
CNN_PERMUTED = dict(num_filters=3, kernel_size=7, lr=0.01, epochs=30, batch_size=25)
CNN_FIVE = dict(num_filters=16, kernel_size=5, lr=0.01, epochs=30, batch_size=10)
