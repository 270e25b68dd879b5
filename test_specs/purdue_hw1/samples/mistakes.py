"""The samples as what differs from the reference. What each must score is in verdicts.toml."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

NETWORKS = "my_neural_networks/networks.py"
ACTIVATIONS = "my_neural_networks/activations.py"
CURVES = "hw1_learning_curves.py"
NOTEBOOK = "G-equivariant_Auto-Encoder/G-equivariant-AE-skeleton.ipynb"
ANSWERS = "answers.toml"

Edit = tuple[str, str, str]  # path, old, new


def unchanged(data: bytes) -> bytes:
    """As it is."""
    return data


def on_windows(data: bytes) -> bytes:
    """Tabs, and CRLF at the ends of lines."""
    return data.replace(b"    ", b"\t").replace(b"\n", b"\r\n")


@dataclass(frozen=True)
class Sample:
    """edits: of the reference's files. without: beginnings of paths that are left out. called, folder: names."""

    edits: tuple[Edit, ...] = ()
    without: tuple[str, ...] = ()
    called: str = ""
    folder: str = ""
    convert: Callable[[bytes], bytes] = unchanged


def edit(path: str, old: str, new: str) -> Sample:
    """One place changed."""
    return Sample(((path, old, new),))


# Files of their own lie in __sources__ below the sample's name.
RIGHT = {
    "like_reference": Sample(),
    "loops_everywhere": Sample(),
    "double_precision": Sample(),
    "numpy_inside": Sample(),
    "helpers_relative": Sample(called="mary-jane_o'hara_hw1.tar.gz", folder="mary-jane_o'hara_hw1"),
    "windows_tabs": Sample(convert=on_windows),
    "other_basis": Sample(without=(NOTEBOOK,)),
    "changed_program": Sample(
        (("hw1_training.py", "def main() -> None:", "def main() -> None:\n    raise SystemExit('not ready')\n\n\ndef other() -> None:"),)
    ),
    "trains_everywhere": Sample(),
    "materials_named": Sample(((ANSWERS, 'honesty = "alone"', 'honesty = "materials"'),)),
}

_STEP = "parameter.sub_(learning_rate * gradient)\n        return float"

WRONG = {
    # The mistakes that the brief knows.
    "batch_sum": edit(NETWORKS, "(act_outputs[-1] - y_1hot) / X.shape[1]", "act_outputs[-1] - y_1hot"),
    "bias_rate": edit(NETWORKS, _STEP, _STEP.replace(" * gradient", "")),
    "softmax_axis": edit(ACTIVATIONS, "powers / powers.sum(dim=0, keepdim=True)", "powers / powers.sum(dim=1, keepdim=True)"),
    "stable_examples": edit(
        ACTIVATIONS,
        "return softmax(z - z.amax(dim=0, keepdim=True))",
        "powers = torch.exp(z - z.amax(dim=0, keepdim=True))\n    return powers / powers.sum(dim=1, keepdim=True)",
    ),
    "three_layers": Sample(),
    "extra_input": Sample(
        (
            (NETWORKS, "        act_outputs: list[Tensor] = []\n", "        act_outputs: list[Tensor] = [X]\n"),
            (NETWORKS, "inputs = [X, *act_outputs[:-1]]", "inputs = act_outputs[:-1]"),
        )
    ),
    "max_tuple": edit(NETWORKS, "[1][-1].argmax(dim=0)", "[1][-1].max(dim=0)"),
    "fallback_handed_in": Sample(),
    "pasted_prose": edit(ACTIVATIONS, "def relu(", "Answer to question 2: relu is not linear, so layers do not collapse.\n\n\ndef relu("),
    "sibling_data": Sample(
        (
            (CURVES, 'mnist.load(options.data, "train", size)', 'mnist.load("../data", "train", size)'),
            (CURVES, 'mnist.load(options.data, "test")', 'mnist.load("../data", "test")'),
        )
    ),
    # Activations.
    "relu_inplace": edit(ACTIVATIONS, "torch.where(z > 0, z, torch.zeros_like(z))", "z.clamp_(min=0)"),
    "relu_leaky": edit(ACTIVATIONS, "torch.zeros_like(z))", "0.01 * z)"),
    "softmax_flat": edit(ACTIVATIONS, "powers.sum(dim=0, keepdim=True)", "powers.sum()"),
    "stable_naive": edit(ACTIVATIONS, "return softmax(z - z.amax(dim=0, keepdim=True))", "return softmax(z)"),
    "stable_overall": edit(ACTIVATIONS, "z.amax(dim=0, keepdim=True)", "z.max()"),
    "entropy_sum": edit(ACTIVATIONS, ".sum(dim=0).mean()", ".sum()"),
    "entropy_everything": edit(ACTIVATIONS, ".sum(dim=0).mean()", ".mean()"),
    "entropy_unprotected": edit(ACTIVATIONS, "torch.log(X + epsilon)", "torch.log(X)"),
    "activations_blank": Sample(),
    # Networks.
    "weights_fanout": edit(NETWORKS, "self._uniform(fan_out, fan_in, fan_in)", "self._uniform(fan_out, fan_in, fan_out)"),
    "weights_positive": edit(NETWORKS, "(2 * values - 1) / fan_in**0.5", "values / fan_in**0.5"),
    "biases_zero": edit(NETWORKS, "self._uniform(fan_out, 1, fan_in)", "torch.zeros(fan_out, 1)"),
    "gradients_accumulate": edit(NETWORKS, "                parameter.grad = None\n", ""),
    "biases_forgotten": edit(
        NETWORKS, "            for parameter in (*self.weights, *self.biases):\n                parameter.sub_", "            for parameter in self.weights:\n                parameter.sub_"
    ),
    "no_loss": edit(NETWORKS, "        return float(loss.detach())\n", ""),
    "relu_one": edit(NETWORKS, "(outputs[layer - 1] > 0)", "(outputs[layer - 1] >= 0)"),
    "relu_forgotten": edit(NETWORKS, " * (outputs[layer - 1] > 0)", ""),
    "bias_unsummed": edit(NETWORKS, "delta.sum(dim=1, keepdim=True)", "delta[:, :1]"),
    "labels_examples": edit(NETWORKS, "[1][-1].argmax(dim=0)", "[1][-1].argmax(dim=1)"),
    "syntax_networks": edit(NETWORKS, "class BasicNeuralNetwork(_Network):", "class BasicNeuralNetwork(_Network)"),
    # Rules.
    "uses_nn": Sample(),
    "uses_optim": Sample(),
    "basic_autograd": Sample(),
    "basic_hidden": Sample(),
    "basic_inherits": Sample(
        (
            (NETWORKS, "class BasicNeuralNetwork(_Network):", "class BasicNeuralNetwork(AutogradNeuralNetwork):"),
            (NETWORKS, '    """The gradients are computed by hand."""\n', '    """The gradients are computed by hand."""\n\n    def __init__(self, shape, gpu_id=-1):\n        _Network.__init__(self, shape, gpu_id)\n'),
        )
    ),
    "basic_tracked": Sample(
        (
            (NETWORKS, '    """The gradients are computed by hand."""\n', '    """The gradients are computed by hand."""\n\n    def __init__(self, shape, gpu_id=-1):\n        super().__init__(shape, gpu_id)\n        self.weights = [torch.tensor(weight.tolist(), requires_grad=True) for weight in self.weights]\n'),
            (NETWORKS, "            parameter.sub_(learning_rate * gradient)\n        for", "            with torch.no_grad():\n                parameter.sub_(learning_rate * gradient)\n        for"),
            (NETWORKS, "return float(cross_entropy(act_outputs[-1], targets))", "return float(cross_entropy(act_outputs[-1], targets).detach())"),
        )
    ),
    # Programs.
    "never_stops": edit(CURVES, "            return epoch, loss\n", "            pass\n"),
    "stops_rising": edit(CURVES, "abs(before - loss) < SMALL_CHANGE", "before - loss < SMALL_CHANGE"),
    "one_shape": edit(CURVES, "SHAPES = [(784, 10), (784, 300, 100, 10)]", "SHAPES = [(784, 300, 100, 10)]"),
    "no_figure": edit(CURVES, "    figure.savefig(path, dpi=80)\n", "    plt.show()\n"),
    "no_table": edit(CURVES, '    write_table(points, folder / "hw1_learning_curves.csv")\n', ""),
    "accuracy_percent": edit(CURVES, "return float((network.predict(X).cpu() == y).double().mean())", "return 100 * float((network.predict(X).cpu() == y).double().mean())"),
    "sizes_fewer": edit(CURVES, '"--last", type=int, default=10000', '"--last", type=int, default=5000'),
    "curves_unwritten": edit(CURVES, "    options = arguments()\n    folder", "    raise NotImplementedError\n    options = arguments()\n    folder"),
    # The notebook.
    "bias_neurons": edit(NOTEBOOK, "torch.zeros(1)", "torch.zeros(out_side**2)"),
    "two_rotations": edit(NOTEBOOK, "for quarter in range(4)", "for quarter in (0, 2, 0, 2)"),
    "project_sum": edit(NOTEBOOK, "@ in_group).mean(dim=0)", "@ in_group).sum(dim=0)"),
    "project_oneside": edit(NOTEBOOK, "(out_group.transpose(1, 2) @ weight @ in_group).mean(dim=0)", "(weight @ in_group).mean(dim=0)"),
    "plain_decoder": edit(NOTEBOOK, "self.decoder = EquivariantLayer(code_side, side)", "self.decoder = nn.Linear(code_side**2, side**2)"),
    "no_notebook": Sample(without=(NOTEBOOK,)),
    # The archive and the answers.
    "wrong_name": Sample(called="homework1.tar.gz"),
    "second_copy": Sample(called="second_copy_hw1 (1).tar.gz"),
    "no_folder": Sample(folder="."),
    "other_folder": Sample(folder="hw1"),
    "no_readme": Sample(without=("ReadMe",)),
    "readme_prose": edit("ReadMe", "python hw1_training.py ./data -e 100 -l 1e-4 -i my -g -1 -m -1 -n -1\npython hw1_training.py ./data -e 100 -l 1e-4 -i torch.autograd -g -1 -m -1 -n -1\npython hw1_learning_curves.py ./data -e 100 -l 1e-4 -o ./curves\n", "These are my solutions.\n"),
    "no_answers": Sample(without=(ANSWERS,)),
    "admits_copying": edit(ANSWERS, 'honesty = "alone"', 'honesty = "copied"'),
    "marks_wrong": Sample(
        (
            (ANSWERS, 'pooling = "the sub-sampling layers S2 and S4"', 'recurrence = "it reads lines of text"'),
            (ANSWERS, '"batch normalization" = "after each convolution"', '"batch normalization" = ""'),
        )
    ),
}
