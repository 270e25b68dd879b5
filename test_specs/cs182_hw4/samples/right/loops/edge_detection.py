import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

DEFAULT_CONFIG = {
	"data_per_class": 1000,
	"num_classes": 3,
	"class_type": ["horizontal", "vertical", "none"],
	"spatial_resolution": 28,
	"min_edge_width": 1,
	"max_edge_width": 4,
	"min_edge_intensity": 0.25,
	"max_edge_intensity": 1,
	"min_background_intensity": 0,
	"max_background_intensity": 0.2,
	"possible_edge_location_ratio": 1.0,
	"num_horizontal_edge": 1,
	"num_vertical_edge": 1,
	"num_diagonal_edge": 1,
	"use_permutation": False,
	"permutater": None,
	"unpermutater": None,
}


class EdgeDetectionDataset(Dataset):
	"""Grey images (1, 28, 28) from 0 to 1; the label is the place of an image's kind in class_type."""

	def __init__(self, domain_config, mode="train", transform=None):
		self.domain_config, self.mode, self.transform = domain_config, mode, transform
		kinds = domain_config["class_type"]
		assert len(kinds) == domain_config["num_classes"] and mode in ("train", "valid")
		self.images = torch.cat([self.draw(kind) for kind in kinds])
		self.labels = torch.arange(len(kinds)).repeat_interleave(domain_config["data_per_class"])

	def draw(self, kind):
		"""data_per_class images of one kind."""
		config = self.domain_config
		count, side = config["data_per_class"], config["spatial_resolution"]
		low, high = config["min_background_intensity"], config["max_background_intensity"]
		images = low + (high - low) * torch.rand(count, side, side)
		directions = ("horizontal", "vertical", "diagonal")
		for direction in directions[:2] if kind == "both" else [d for d in directions if d == kind]:
			for _ in range(config[f"num_{direction}_edge"]):
				images = self.add_edge(images, direction)
		if config["use_permutation"]:
			images = images.flatten(1)[:, torch.as_tensor(config["permutater"])].view_as(images)
		return images[:, None]

	def add_edge(self, images, direction):
		"""One edge more in each image; below ratio 1, in the first part for training, in the rest for validation."""
		config, (count, side, _) = self.domain_config, images.shape
		ratio, border = config["possible_edge_location_ratio"], 0
		if ratio < 1:
			border = round(ratio * side)
		first, end = (0, border or side) if self.mode == "train" else (border, side)
		width = torch.randint(config["min_edge_width"], config["max_edge_width"] + 1, (count, 1, 1))
		start = first + (torch.rand(count, 1, 1) * (end - first - width + 1)).long()
		low, high = config["min_edge_intensity"], config["max_edge_intensity"]
		rows, columns = torch.arange(side)[:, None], torch.arange(side)[None, :]
		line = {"horizontal": rows, "vertical": columns, "diagonal": columns - rows + side // 2}[direction]
		on_edge = (line >= start) & (line < start + width)
		return torch.where(on_edge, low + (high - low) * torch.rand(count, 1, 1), images)

	def __len__(self):
		return len(self.labels)

	def __getitem__(self, index):
		image = self.images[index]
		return (image if self.transform is None else self.transform(image)), int(self.labels[index])


class SimpleCNN(nn.Module):
	"""Convolution, ReLU and max pooling twice, then global average pooling and a linear layer."""

	def __init__(self, num_filters=3, kernel_size=2, num_classes=3):
		super().__init__()
		self.conv1 = nn.Conv2d(1, num_filters, kernel_size)
		self.conv2 = nn.Conv2d(num_filters, num_filters, kernel_size)
		self.fc = nn.Linear(num_filters, num_classes)

	def pool(self, x):
		return F.max_pool2d(x, 2)

	def forward(self, x):
		x = self.pool(F.relu(self.conv1(x)))
		x = self.pool(F.relu(self.conv2(x)))
		return self.fc(x.mean(dim=(2, 3)))


class ThreeLayerMLP(nn.Module):
	"""Two hidden layers with ReLU, then scores."""

	def __init__(self, input_dim=(1, 28, 28), hidden_dims=[10, 10], num_classes=3):
		super().__init__()
		sizes = [int(np.prod(input_dim)), *hidden_dims]
		self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
		self.fc = nn.Linear(sizes[-1], num_classes)

	def forward(self, x):
		x = x.flatten(1)
		for layer in self.hidden:
			x = F.relu(layer(x))
		return self.fc(x)


def train(model, loader, epochs, learning_rate):
	"""Adam on the cross entropy. Returns the mean loss of each epoch."""
	optimizer, losses = torch.optim.Adam(model.parameters(), lr=learning_rate), []
	for _ in range(epochs):
		total = 0.0
		for images, labels in loader:
			optimizer.zero_grad()
			loss = F.cross_entropy(model(images), labels)
			loss.backward()
			optimizer.step()
			total += loss.item()
		losses.append(total / len(loader))
	return losses


@torch.no_grad()
def evaluate(model, loader):
	"""The share of images that are told right."""
	right = [(model(images).argmax(1) == labels).float() for images, labels in loader]
	return torch.cat(right).mean().item()



all_sizes = [10, 20, 30, 40, 50]

def size_sweep_loaders():
	loaders = {}
	for n in all_sizes:
		config = DEFAULT_CONFIG.copy()
		config["data_per_class"] = n
		train_loader = DataLoader(EdgeDetectionDataset(config, "train"), batch_size=16, shuffle=True)
		config = DEFAULT_CONFIG.copy()
		config["data_per_class"] = 50
		valid_loader = DataLoader(EdgeDetectionDataset(config, "valid"), batch_size=16)
		loaders[n] = (train_loader, valid_loader)
	return loaders

def domain_shift_loaders():
	loaders = {}
	for n in all_sizes:
		config = DEFAULT_CONFIG.copy()
		config["possible_edge_location_ratio"] = 0.5
		config["data_per_class"] = n
		train_loader = DataLoader(EdgeDetectionDataset(config, "train"), batch_size=16, shuffle=True)
		config = config.copy()
		config["data_per_class"] = 50
		valid_loader = DataLoader(EdgeDetectionDataset(config, "valid"), batch_size=16)
		loaders[n] = (train_loader, valid_loader)
	return loaders

def permuted_loaders(permutater, unpermutater):
	loaders = {}
	for n in all_sizes:
		config = DEFAULT_CONFIG.copy()
		config["use_permutation"] = True
		config["permutater"] = permutater
		config["unpermutater"] = unpermutater
		config["data_per_class"] = n
		train_loader = DataLoader(EdgeDetectionDataset(config, "train"), batch_size=16, shuffle=True)
		config = config.copy()
		config["data_per_class"] = 50
		valid_loader = DataLoader(EdgeDetectionDataset(config, "valid"), batch_size=16)
		loaders[n] = (train_loader, valid_loader)
	return loaders

def five_class_loaders():
	loaders = {}
	for n in all_sizes:
		config = DEFAULT_CONFIG.copy()
		config["num_classes"] = 5
		config["class_type"] = ["horizontal", "vertical", "diagonal", "both", "none"]
		config["data_per_class"] = n
		train_loader = DataLoader(EdgeDetectionDataset(config, "train"), batch_size=16, shuffle=True)
		config = config.copy()
		config["data_per_class"] = 50
		valid_loader = DataLoader(EdgeDetectionDataset(config, "valid"), batch_size=16, shuffle=True)
		loaders[n] = (train_loader, valid_loader)
	return loaders

OVERFIT_CNN = {"num_filters": 16, "kernel_size": 5, "learning_rate": 0.01, "epochs": 150, "batch_size": 10}
OVERFIT_MLP = {"hidden_dims": [50, 10], "learning_rate": 0.01, "epochs": 40, "batch_size": 10}
CNN_50 = {"num_filters": 16, "kernel_size": 5, "learning_rate": 0.01, "epochs": 20, "batch_size": 10}
CNN_10 = {"num_filters": 16, "kernel_size": 3, "learning_rate": 0.01, "epochs": 100, "batch_size": 10}
CNN_SHIFT = {"num_filters": 16, "kernel_size": 2, "learning_rate": 0.03, "epochs": 60, "batch_size": 10}
MLP_PERMUTED = {"hidden_dims": [100, 50], "learning_rate": 0.003, "epochs": 20, "batch_size": 10}
CNN_PERMUTED = {"num_filters": 3, "kernel_size": 7, "learning_rate": 0.01, "epochs": 20, "batch_size": 10}
CNN_FIVE = {"num_filters": 16, "kernel_size": 5, "learning_rate": 0.01, "epochs": 20, "batch_size": 10}



class SimpleCNNAvgPool(nn.Module):
	def __init__(self, num_filters=3, kernel_size=2, num_classes=3):
		super(SimpleCNNAvgPool, self).__init__()
		self.first = nn.Conv2d(1, num_filters, kernel_size)
		self.second = nn.Conv2d(num_filters, num_filters, kernel_size)
		self.out = nn.Linear(num_filters, num_classes)

	def forward(self, x):
		for conv in [self.first, self.second]:
			x = nn.AvgPool2d(2)(torch.relu(conv(x)))
		return self.out(x.flatten(2).mean(2))
