"""Small functions that the specs make inside the sandbox, as source."""

# Makes the submission run as on any laptop: float32 is the default type, and what asks for a GPU that is not
# there gets the CPU. The result tells which devices were asked for, so that one test can say so.
PREPARE = """
def prepare(folder):
    from pathlib import Path
    from torch.overrides import TorchFunctionMode

    torch.set_default_dtype(torch.float32)
    asked, there = set(), {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    text = b"".join(path.read_bytes() for path in sorted(Path(folder).rglob("*.py"))[:200])
    absent = [name for name in there if name.encode() in text and not there[name]()]

    def moved(value):
        name = str(value).partition(":")[0] if isinstance(value, (str, torch.device)) else ""
        if name not in absent:
            return value
        asked.add(name)
        return torch.device("cpu")

    class OnTheCpu(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            if function is torch.Tensor.cuda and "cuda" in absent:
                asked.add("cuda")
                return args[0]
            named = {name: moved(value) for name, value in (kwargs or {}).items()}
            return function(*map(moved, args), **named)

    if absent:
        try:
            torch.empty(0)
        except Exception as error:  # their default device is not there
            asked.update([name for name in absent if name in str(error).lower()] or absent)
            torch.set_default_device("cpu")
        OnTheCpu().__enter__()
    return lambda: sorted(asked)
"""

# The submission's Trainer gets these data instead of the course's file.
HAND_IN = """
def hand_in(Trainer, train, test):
    Trainer.load_dataset = staticmethod(lambda: (train, test))
"""

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

# The output of a network for images of the type that its weights have.
OUTPUT = """
def output(network, images):
    weights = next(network.parameters(), images)
    return network(images.to(weights.dtype)).detach()
"""

# A Trainer whose __init__ needs none of the graded methods. Where it fails nevertheless, its attributes are
# set here. An epsilon that it uses but never sets is lent, and noted in `missed`.
TRAINER = """
def make(Trainer, network_type):
    class Probe(Trainer):
        missed = []
        def __getattr__(self, name):
            if name != "epsilon":
                raise AttributeError(f"{Trainer.__name__!r} object has no attribute {name!r}")
            self.missed.append(name)
            return 1e-9
        @staticmethod
        def create_activation_function(name):
            return nn.ReLU()
        @staticmethod
        def create_mlp(size, config, activation):
            return nn.Sequential(nn.Flatten(), nn.Linear(size, 1))
        @staticmethod
        def create_cnn(channels, config, activation):
            return nn.Sequential(nn.Conv2d(channels, 2, 3), nn.ReLU(), nn.AdaptiveMaxPool2d((4, 4)),
                                 nn.Flatten(), nn.Linear(32, 1))
    for name in ("__name__", "__qualname__", "__module__"):  # messages name the student's class
        setattr(Probe, name, getattr(Trainer, name))
    try:
        return Probe(network_type=network_type)
    except Exception:
        trainer = Probe.__new__(Probe)
        trainer.train, trainer.test = Trainer.load_dataset()
        create = Probe.create_mlp if network_type == "mlp" else Probe.create_cnn
        trainer.network = create(784 if network_type == "mlp" else 1, None, None)
        vars(trainer).update(batch_size=128, network_type=network_type, lr=0.001)
        logs = "train_loss test_loss train_mae test_mae train_gradient_norm"
        trainer.train_logs = {name: [] for name in logs.split()}
        return trainer
"""

# A copy of a Trainer with a network of the given weights and its own optimizer.
WITH_NETWORK = """
def with_network(trainer, layers, rate):
    import copy
    trainer = copy.copy(trainer)
    parts = [nn.Flatten()]
    for weight, bias in layers:
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": bias})
        parts += [linear, nn.Tanh()]
    trainer.network = nn.Sequential(*parts[:-1])
    trainer.optimizer = torch.optim.SGD(trainer.network.parameters(), lr=rate)
    trainer.train_logs = {name: [] for name in trainer.train_logs}
    return trainer
"""

# A copy of a Trainer with one of the homework's networks, initialised as torch does it, Adam, and data.
FOR_TRAINING = """
def for_training(trainer, kind, seed, rate, train, test):
    import copy
    torch.manual_seed(seed)
    trainer = copy.copy(trainer)
    if kind == "mlp":
        parts = [nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU()]
    else:
        parts = [nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
                 nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
                 nn.Conv2d(32, 45, 3), nn.ReLU(), nn.AdaptiveMaxPool2d((4, 4)), nn.Flatten(),
                 nn.Linear(720, 128), nn.ReLU()]
    trainer.network = nn.Sequential(*parts, nn.Linear(128, 1))
    trainer.optimizer = torch.optim.Adam(trainer.network.parameters(), lr=rate)
    trainer.train, trainer.test, trainer.batch_size, trainer.network_type = train, test, 128, kind
    trainer.train_logs = {name: [] for name in trainer.train_logs}
    return trainer
"""

# One epoch of the student's steps, without logs. It resets the gradients: another test asks for that.
EPOCH = """
def epoch(trainer):
    X, y = trainer.train
    for start in range(0, len(X), 128):
        trainer.optimizer.zero_grad()
        trainer.training_step(X[start:start + 128], y[start:start + 128])
"""

# The student's whole Trainer with the learning rate and data of a study.
STUDY = """
def study(solution, seed, rate, train, test):
    torch.manual_seed(seed)
    Trainer, before = solution.Trainer, solution.Trainer.load_dataset
    Trainer.load_dataset = staticmethod(lambda: (train, test))
    try:
        return Trainer(net_config=solution.NetworkConfiguration(dense_hiddens=(128, 128)), lr=rate)
    finally:
        Trainer.load_dataset = staticmethod(before)
"""

# Replaces the methods that a test does not ask about. Only in a sandbox of that test's own, so that no
# other test sees them.
REPAIR = """
def repair(Trainer, names):
    def compute_loss_and_mae(self, X, y):
        error = self.network(X) - y
        return error.square().mean(), error.abs().mean().item()
    def compute_gradient_norm(network):
        return torch.cat([p.grad.flatten() for p in network.parameters()]).norm().item()
    def training_step(self, X, y):
        self.optimizer.zero_grad()
        self.compute_loss_and_mae(X, y)[0].backward()
        self.optimizer.step()
        return self.compute_gradient_norm(self.network)
    methods = dict(compute_loss_and_mae=compute_loss_and_mae, training_step=training_step,
                   compute_gradient_norm=staticmethod(compute_gradient_norm))
    for name in names:
        setattr(Trainer, name, methods[name])
"""

# Both values where gradients are off, and whether the loss is a tensor, as evaluate may rely on.
QUIETLY = """
def quietly(trainer, images, angles):
    with torch.inference_mode():
        loss, mae = trainer.compute_loss_and_mae(images, angles)
        return float(loss), float(mae), isinstance(loss, torch.Tensor)
"""
BACKWARD = "lambda network, images, angles: (network(images) - angles).square().mean().backward()"
PARAMETERS = "lambda network: [parameter.detach() for parameter in network.parameters()]"

# How many entries the logs have after so many epochs on what the Trainer has.
LOGS = "lambda trainer, epochs: {name: len(values) for name, values in trainer.train_loop(epochs).items()}"

# The four results of test_equivariance as plain 2-D arrays: what [0] of each is. A network without any effect
# (a ReLU that never fires) is bad luck: another seed is tried.
EQUIVARIANCE = """
def picture(item):
    first = item[0]
    first = first.detach().cpu() if isinstance(first, torch.Tensor) else torch.as_tensor(np.asarray(first))
    while first.dim() > 2:  # of a batch, or of several channels
        first = first[0]
    return first.double()

def equivariance(trainer):
    for seed in range(8):
        torch.manual_seed(seed)
        results = trainer.test_equivariance()
        if results is None:
            return None
        pictures = tuple(picture(item) for item in results)
        if len(pictures) != 4 or pictures[1].numel() and float(pictures[1].std()) > 1e-6:
            break
    return pictures
"""

# Runs what a submission has, to see which devices it asks for. The errors are other tests' affairs.
RUN_ALL = """
def run_all(solution, trainer, images, angles):
    Trainer, errors, good = solution.Trainer, [], 0
    layer = nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    def x():
        return torch.ones(2, requires_grad=True)
    attempts = (
        lambda: Trainer(), lambda: Trainer(network_type="cnn"),
        lambda: trainer.training_step(images, angles), lambda: trainer.evaluate(images, angles),
        lambda: trainer.test_equivariance(), lambda: Trainer.compute_gradient_norm(layer),
        lambda: solution.gradient_norm(lambda x: x.sum(), x()),
        lambda: solution.jacobian_norm(lambda x: 2 * x, x()),
    )
    for attempt in attempts:
        try:
            good += attempt() is not None
        except Exception as error:
            errors.append(error)
    if not good:
        raise errors[0] if errors else NotImplementedError("nothing has a body yet")
"""
