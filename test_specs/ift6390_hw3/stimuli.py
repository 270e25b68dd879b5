"""Small functions that the specs make inside the sandbox, as source."""

# An activation that is not monotone, so that it matters whether it comes before or after a max pool.
SINE = """
def make():
    class Sine(nn.Module):
        def forward(self, x):
            return torch.sin(x)
    return Sine()
"""

# Sets the layers of a network, found by their shapes; False if one is missing.
INSTALL = """
def install(network, layers):
    for weight, bias in layers:
        found = [layer for layer in network.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))
                 and layer.weight.shape == weight.shape and layer.bias is not None]
        if not found:
            return False
        found[0].load_state_dict({"weight": weight, "bias": bias})
    return True
"""

# A Trainer whose __init__ needs none of the graded methods. Where it fails nevertheless, its attributes are
# set here.
TRAINER = """
def make(Trainer, datapath, classes):
    class Probe(Trainer):
        @staticmethod
        def create_activation_function(name):
            return nn.ReLU()
        @staticmethod
        def create_mlp(size, config, n_classes, activation):
            return nn.Linear(size, n_classes)
        @staticmethod
        def normalize(train, valid, test):
            return train, valid, test
    for name in ("__name__", "__qualname__", "__module__"):  # messages name the student's class
        setattr(Probe, name, getattr(Trainer, name))
    try:
        return Probe(datapath=datapath, n_classes=classes)
    except Exception:
        trainer = Probe.__new__(Probe)
        vars(trainer).update(n_classes=classes, batch_size=128, epsilon=1e-9, network_type="mlp")
        logs = "train_accuracy validation_accuracy train_loss validation_loss train_gradient_norm"
        trainer.train_logs = {name: [] for name in logs.split()}
        return trainer
"""

# A copy of a Trainer with a network of the given weights and its own optimizer.
WITH_NETWORK = """
def with_network(trainer, layers, activation, optimizer, rate):
    import copy
    trainer = copy.copy(trainer)
    parts = [nn.Flatten()]
    for weight, bias in layers:
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": bias})
        parts += [linear, getattr(nn, activation)()]
    parts[-1] = nn.Softmax(dim=1)
    trainer.network = nn.Sequential(*parts)
    trainer.optimizer = getattr(torch.optim, optimizer)(trainer.network.parameters(), lr=rate)
    return trainer
"""

# Replaces the methods that a test does not ask about. Only in a sandbox of that test's own, so that no
# other test sees them.
REPAIR = """
def repair(Trainer, names, classes):
    def one_hot(self, y):
        return F.one_hot(y, classes).float()
    def compute_loss_and_accuracy(self, X, y):
        p = self.network(X)
        right = p.argmax(1) == y.argmax(1)
        return -(y * p.clamp(1e-9, 1 - 1e-9).log()).sum(1).mean(), right.float().mean().item()
    def compute_gradient_norm(network):
        return torch.cat([p.grad.flatten() for p in network.parameters()]).norm().item()
    methods = dict(one_hot=one_hot, compute_loss_and_accuracy=compute_loss_and_accuracy,
                   compute_gradient_norm=staticmethod(compute_gradient_norm))
    for name in names:
        setattr(Trainer, name, methods[name])
"""

QUIETLY = """
def quietly(trainer, images, labels):
    with torch.inference_mode():
        loss, accuracy = trainer.compute_loss_and_accuracy(images, labels)
        return float(loss), float(accuracy)
"""
BACKWARD = "lambda network, images, labels: F.nll_loss(network(images).log(), labels).backward()"
OF_CLASSES = """
def of_classes(trainer, n_classes):
    import copy
    other = copy.copy(trainer)
    other.n_classes = n_classes
    return other
"""
OUTPUT = "lambda network, images: network(images).detach()"
PARAMETERS = "lambda network: [parameter.detach() for parameter in network.parameters()]"

# How many entries the logs have after two epochs on a few images.
TWO_EPOCHS = """
def lengths(Trainer, datapath, network_type):
    trainer = Trainer(network_type=network_type, datapath=datapath)
    trainer.train = tuple(part[:3] for part in trainer.train)
    trainer.valid = tuple(part[:3] for part in trainer.valid)
    return {name: len(values) for name, values in trainer.train_loop(2).items()}
"""
