"""Part `memory`, 9 of 14 points. Sizes are computed here from what the sandbox holds."""

import pytest
import torch

from grader.spec import close, part, points, requires, slow, visibility

pytestmark = [part("memory")]

SMALL = """
def small():
    return nn.Sequential(nn.Linear(20, 30), nn.BatchNorm1d(30), nn.Linear(30, 5).requires_grad_(False))
"""
NUMBERS = 20 * 30 + 30 + 2 * 30 + 30 * 5 + 5
RESNET152 = 58164298
KEPT = {"sgd": 0, "momentum": 1, "adam": 2}  # numbers for each parameter

# On the meta device a network has shapes and no memory: ResNet-152 in a fifth of a second.
SHAPES = """
def shapes(make):
    try:
        with torch.device("meta"):
            network = make()
    except (NotImplementedError, RuntimeError):
        network = make()
    return [tuple(parameter.shape) for parameter in network.parameters()]
"""

STEP = """
def step(make):
    network = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 5))
    optimizer = make(network.parameters())
    network(torch.randn(8, 20)).square().mean().backward()
    optimizer.step()
    return optimizer

def by_name(make_optimizer, name):
    return step(lambda parameters: make_optimizer(name, parameters, 0.01))
"""

KEPT_SHAPES = """
def kept(optimizer):
    values = [value for state in optimizer.state.values() for value in state.values()]
    return [tuple(value.shape) for value in values if torch.is_tensor(value)]
"""

THEIRS = (
    STEP
    + """
def state_bytes(measure, kind):
    makers = {
        "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.01),
        "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9),
        "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01),
    }
    return float(measure(step(makers[kind])))
"""
)

# Parameters, gradients and state after a step; with a GPU in the sandbox, the peak of its memory instead.
TRAINING_MEMORY = """
def memory(make_optimizer, name):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    network = nn.Sequential(nn.Linear(512, 1024), nn.ReLU(), nn.Linear(1024, 10)).to(device)
    optimizer = make_optimizer(name, network.parameters(), 0.01)
    for _ in range(2):
        optimizer.zero_grad()
        network(torch.randn(4, 512, device=device)).square().mean().backward()
        optimizer.step()
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    tensors = [x for p in network.parameters() for x in (p, p.grad)]
    tensors += [x for state in optimizer.state.values() for x in state.values() if torch.is_tensor(x)]
    return sum(x.numel() * x.element_size() for x in tensors)
"""


def count(shapes):
    """How many numbers tensors of these shapes hold."""
    return sum(torch.Size(shape).numel() for shape in shapes)


@points(1)
@visibility("visible")
def test_count_parameters(submission):
    """count_parameters counts every parameter of a network, trained or not, and no buffers."""
    network = submission.define(SMALL)()
    assert submission.gpu_memory.count_parameters(network) == close(NUMBERS)


@points(1)
@visibility("visible")
def test_size_in_mb(submission):
    """size_in_mb is the bytes of all parameters, 4 for a float32, in MB of 1,000,000 bytes."""
    network = submission.define("lambda: nn.Linear(500, 1000)")()
    assert submission.gpu_memory.size_in_mb(network) == close(4 * 501_000 / 1e6, rtol=5e-3)


@points(2)
def test_resnet152(submission):
    """make_resnet152 makes a ResNet-152 with 10 outputs."""
    shapes = submission.define(SHAPES)(submission.gpu_memory.make_resnet152)
    assert (10,) in shapes, "No layer has 10 outputs."
    found = count(shapes)
    assert found == RESNET152, f"It has {found} parameters."


@points(3)
@pytest.mark.parametrize("name", KEPT)
def test_make_optimizer(submission, name):
    """The optimizer of this name keeps as many numbers per parameter as it should: 0, 1 or 2."""
    optimizer = submission.define(STEP)(submission.gpu_memory.make_optimizer, name)
    shapes = [shape for shape in submission.define(KEPT_SHAPES)(optimizer) if shape not in ((), (1,))]
    found = count(shapes) / (20 * 30 + 30 + 30 * 5 + 5)
    assert found == close(float(KEPT[name])), f"It keeps {found:g} numbers for each parameter."


@points(2)
@pytest.mark.parametrize("kind", KEPT)
def test_optimizer_state_bytes(submission, kind):
    """optimizer_state_bytes measures the state of an optimizer that made a step, in bytes."""
    found = submission.define(THEIRS)(submission.gpu_memory.optimizer_state_bytes, kind)
    least = 4 * KEPT[kind] * (20 * 30 + 30 + 30 * 5 + 5)
    counters = 4 * 4 if kind == "adam" else 0  # of steps, one for each of 4 tensors; they may be left out
    assert isinstance(found, float), "It is no number."
    assert least <= found <= least + counters, f"It says {found:g} bytes."


@slow
@requires("test_make_optimizer")
def test_memory_order(submission):
    """Training takes more memory with momentum than with plain SGD, and still more with Adam."""
    measure, make_optimizer = submission.define(TRAINING_MEMORY), submission.gpu_memory.make_optimizer
    sgd, momentum, adam = (measure(make_optimizer, name) for name in KEPT)
    assert sgd < momentum < adam, f"{sgd:,} bytes with SGD, {momentum:,} with momentum, {adam:,} with Adam."
