"""What stands in real notebooks around the definitions: shell lines, magics, drives, downloads, plots, training."""

from __future__ import annotations

from collections.abc import Sequence

from hw4_notebooks import Cell

_SETUP = [
    Cell("%matplotlib inline\n%load_ext autoreload\n%autoreload 2"),
    Cell("!pip install -q scipy matplotlib", shows="Requirement already satisfied: scipy\n"),
    Cell('from google.colab import drive\ndrive.mount("/content/drive")\n%cd /content/drive/MyDrive/hw4'),
]
_BEFORE = {
    "HandDesignFilters": [
        Cell("# Filters by hand", "markdown"),
        *_SETUP[:2],
        Cell(
            "import urllib.request\nimport matplotlib.pyplot as plt\n"
            'urllib.request.urlretrieve("http://example.org/bridge.png", "bridge.png")\n'
            'image = plt.imread("bridge.png").mean(axis=2)\nplt.imshow(image, cmap="gray")\nplt.show()',
            shows="picture",
        ),
    ],
    "edge_detection": [Cell("# Edges", "markdown"), *_SETUP],
    "GPUMemory": [Cell("# Memory", "markdown"), Cell("!nvidia-smi", shows="No devices were found\n"), *_SETUP[1:]],
}
_AFTER = {
    "HandDesignFilters": [
        Cell(
            "fig, axes = plt.subplots(1, 3)\nfor axis, size in zip(axes, (3, 5, 9)):\n"
            "    axis.imshow(averaging_filtering(image, size))\nplt.show()",
            shows="picture",
        ),
        Cell("edge_detecting(image)", shows="array([[0., 0.], [0., 0.]])\n"),
    ],
    "edge_detection": [
        Cell("model = SimpleCNN(kernel_size=7)\nsum(p.numel() for p in model.parameters())", shows="606\n"),
        Cell(
            "for size, (train_loader, valid_loader) in size_sweep_loaders().items():\n"
            "    model = SimpleCNN(16, 5)\n    losses = train(model, train_loader, 2000, 0.01)\n"
            "    print(size, evaluate(model, valid_loader))",
            shows="10 0.91\n20 0.95\n30 0.97\n40 0.97\n50 0.98\n",
        ),
        Cell("import matplotlib.pyplot as plt\nplt.plot(losses)\nplt.show()", shows="picture"),
        Cell("%%time\ntrain(model, train_loader, 100, 0.01)", shows="CPU times: user 3 s\n"),
    ],
    "GPUMemory": [
        Cell('device = torch.device("cuda" if torch.cuda.is_available() else "cpu")'),
        Cell("print(count_parameters(make_resnet152()))", shows="58164298\n"),
        Cell(
            "for batch_size in (4, 16, 64, 256, 1024):\n    model = torchvision.models.resnet18().cuda()\n"
            '    run(model, cifar(batch_size), make_optimizer("adam", model.parameters()), 3, '
            'f"logs/batch_{batch_size}.csv")'
        ),
        Cell("!ls logs", shows="batch_1024.csv batch_16.csv batch_256.csv batch_4.csv batch_64.csv\n"),
    ],
}


def with_noise(name: str, content: Sequence[Cell]) -> list[Cell]:
    """The cells of one notebook among others."""
    return [*_BEFORE[name], *content, *_AFTER[name]]
