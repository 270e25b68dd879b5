"""What of a notebook is run, what is not, and how the student is told."""

import pytest
from intake_archives import config
from notebooks import notebook

from grader.intake import read_bytes
from grader.intake.notebook_kinds import Kind

TRAINING = """
def step_once(model, batch):
    loss = model(batch)
    loss.backward()
    optimizer.step()
    return loss

def train(model, epochs):
    return [step_once(model, epoch) for epoch in range(epochs)]

class Trainer:
    def run(self):
        return train(self.model, 3)
"""


def taken(*cells):
    submission = read_bytes("solution.ipynb", notebook(*cells), config())
    lines = submission.files["solution.py"].decode().split("\n")[2:]
    return [line for line in lines if line and not line.startswith("# cell")], submission.notes


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("from google.colab import drive", Kind.DRIVE),
        ("import google.colab", Kind.DRIVE),
        ("drive.mount('/content/drive')", Kind.DRIVE),
        ("where = files.upload()", Kind.DRIVE),
        ("urllib.request.urlretrieve(url, 'x.png')", Kind.DOWNLOAD),
        ("data = requests.get(url).content", Kind.DOWNLOAD),
        ("wget.download(url)", Kind.DOWNLOAD),
        ("image = io.imread('https://example.org/cat.png')", Kind.DOWNLOAD),
        ("train = CIFAR10('data', train=True, download=True)", Kind.DOWNLOAD),
        ("net = resnet18(pretrained=True)", Kind.DOWNLOAD),
        ("plt.plot([1, 2])", Kind.PLOT),
        ("fig, ax = plt.subplots()", Kind.PLOT),
        ("plt.rcParams['figure.figsize'] = (3, 4)", Kind.PLOT),
        ("from matplotlib import pyplot as pp\npp.figure()", Kind.PLOT),
        ("losses = train(net, 10)", Kind.TRAINING),
        ("Trainer().run()", Kind.TRAINING),
        ("result = [Trainer().run() for _ in range(3)]", Kind.TRAINING),
        ("for epoch in range(3):\n    loss.backward()", Kind.TRAINING),
        ("print(1)", Kind.OTHER),
        ("x", Kind.OTHER),
        ("for i in range(3):\n    x = i", Kind.OTHER),
        ("with open('x') as file:\n    text = file.read()", Kind.OTHER),
        ("while True:\n    pass", Kind.OTHER),
        ("assert f(3) == 4", Kind.OTHER),
        ("del x", Kind.OTHER),
        ("if __name__ == '__main__':\n    main()", Kind.OTHER),
        ("%time", Kind.COMMAND),
        ("await fetch()", Kind.OTHER),
        ("return 3", Kind.OTHER),
    ],
)
def test_what_is_not_run(source, kind):
    kept, notes = taken(TRAINING, source)
    before, _ = taken(TRAINING)
    assert {line for line in kept if line not in before} <= {
        "pass",
        "from matplotlib import pyplot as pp",
    }
    last = source.count("\n") + 1
    assert len(notes) == 1
    assert str(kind) in notes[0]
    assert f"cell 2, line {last}" in notes[0] or f"cell 2, lines 1-{last}" in notes[0]


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nfrom torch import nn as n",
        "x = 1",
        "x: int = 1",
        "x += 1",
        "config['lr'] = 0.1",
        "Model.forward = forward",
        "a, (b, *c) = 1, (2, 3)",
        "net = Net(3).eval()",
        "url = 'https://example.org/x.png'",
        "def get(url):\n    return requests.get(url)",
        "def show():\n    plt.show()",
        "class Net(nn.Module):\n    pass",
        "async def f():\n    await g()",
        "fetch = lambda url: urlopen(url)",
        "mnist = MNIST('data', download=False)",
        "train_loader = make_loader(train_data)",
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)",
        "state = optimizer.step",
        '"""Some text."""',
        "@torch.no_grad()\ndef f():\n    pass",
        "try:\n    import cv2\nexcept ImportError:\n    cv2 = None",
        "if cuda():\n    device = 'cuda'\nelif x:\n    device = 'mps'\nelse:\n    device = 'cpu'",
    ],
)
def test_what_stays_as_it_is(source):
    kept, notes = taken(TRAINING, source)
    assert "\n".join(kept).endswith(source)
    assert notes == ()


def test_blocks_keep_their_definitions():
    kept, notes = taken(
        "try:\n    import google.colab\n    drive.mount('/x')\n    ROOT = '/x'\nexcept ImportError:\n"
        "    print('here')\n    ROOT = '.'\nelse: plt.show()\nfinally:\n    pass"
    )
    assert kept == [
        *("try:", "    pass", "    pass", "    ROOT = '/x'", "except ImportError:"),
        *("    pass", "    ROOT = '.'", "else: pass", "finally:", "    pass"),
    ]
    assert len(notes) == 3


def test_statements_that_share_a_line():
    kept, _ = taken("a = 1; print(\n  a\n); b = 2  # c\nif a: print(a)")
    assert kept == ["a = 1; pass; b = 2  # c", "if a: pass"]
    kept, _ = taken("print(11111); a = 1; print(2); b = 2")
    assert kept == ["pass; a = 1; pass; b = 2"]


def test_calling_backward_alone_is_no_training():
    kept, notes = taken("def gradient(x):\n    x.backward()\n    return x.grad", "g = gradient(x)")
    assert kept[-1] == "g = gradient(x)"
    assert notes == ()
