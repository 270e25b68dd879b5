import csv
import time

import torch
import torchvision


def make_resnet152(num_classes=10):
	"""ResNet-152, untrained, with num_classes outputs."""
	return torchvision.models.resnet152(num_classes=num_classes)


def count_parameters(model):
	"""How many numbers the parameters of a network are."""
	total = 0
	for name, parameter in model.named_parameters():
		n = 1
		for size in parameter.shape:
			n *= size
		total += n
	return total


def size_in_mb(model):
	"""The memory of the parameters in MB, that is 1,000,000 bytes."""
	return sum(parameter.numel() * parameter.element_size() for parameter in model.parameters()) / 1e6


def make_optimizer(name, parameters, learning_rate=0.01):
	"""The optimizer called "sgd", "momentum" (SGD with momentum 0.9) or "adam"."""
	if name == "sgd":
		return torch.optim.SGD(parameters, lr=learning_rate)
	if name == "momentum":
		return torch.optim.SGD(parameters, lr=learning_rate, momentum=0.9)
	if name == "adam":
		return torch.optim.Adam(parameters, lr=learning_rate)
	raise ValueError(name)


def optimizer_state_bytes(optimizer):
	"""The bytes of all tensors that an optimizer keeps between its steps."""
	kept = [value for state in optimizer.state.values() for value in state.values()]
	return sum(value.numel() * value.element_size() for value in kept if torch.is_tensor(value))


class MemoryLog:
	"""Writes the lines of one run to a CSV file."""

	def __init__(self, path):
		self.file = open(path, "w", newline="")
		self.writer = csv.writer(self.file)
		self.writer.writerow(["timestamp", "epoch", "memUsage", "loss", "accuracy"])

	def add(self, epoch, memory_mb, loss, accuracy):
		self.writer.writerow([f"{time.time():.3f}", epoch, f"{memory_mb:.1f}", loss, accuracy])
		self.file.flush()


def run(model, loader, optimizer, epochs, path):
	"""Train on the GPU and log each epoch; running out of memory is logged too, and ends the run."""
	log, epoch = MemoryLog(path), 0
	try:
		for epoch in range(epochs):
			loss, accuracy = one_epoch(model, loader, optimizer)
			log.add(epoch, torch.cuda.max_memory_allocated() / 1e6, f"{loss:.4f}", f"{accuracy:.4f}")
	except torch.cuda.OutOfMemoryError:
		log.add(epoch, torch.cuda.max_memory_allocated() / 1e6, "OOM", "OOM")


def one_epoch(model, loader, optimizer):
	"""Train on every batch once: the mean loss and the accuracy."""
	total = right = seen = 0
	for images, labels in loader:
		images, labels = images.cuda(), labels.cuda()
		optimizer.zero_grad()
		scores = model(images)
		loss = torch.nn.functional.cross_entropy(scores, labels)
		loss.backward()
		optimizer.step()
		total += loss.item() * len(labels)
		right += (scores.argmax(1) == labels).sum().item()
		seen += len(labels)
	return total / seen, right / seen
