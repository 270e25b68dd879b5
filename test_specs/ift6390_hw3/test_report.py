"""The numbers of the report, from answers.toml. They are worth nothing here: the report is graded by hand."""

from __future__ import annotations

from grader.spec import part, visibility

pytestmark = [part("report_numbers"), visibility("after_due_date")]


def test_report_learning_rate(answers):
    """learning_rate: the best of 0.01, 1e-4 and 1e-8 for the MLP (256, 256)."""
    assert answers["learning_rate"] == 1e-4, "Another learning rate is better."


def test_report_mlp(answers):
    """mlp_parameters, and deep_mlp_64_to_64_layers: how many layers make a 64-wide MLP nearly as large."""
    assert answers["mlp_parameters"] == 269322, "mlp_parameters is another number."
    assert 51 <= answers["deep_mlp_64_to_64_layers"] <= 54, (
        "With so many layers it is not within 10000 parameters."
    )


def test_report_cnn(answers):
    """cnn_kernel and cnn_parameters of the CNN (16, 32, 45) that is nearest to the MLP."""
    assert answers["cnn_kernel"] == 3, "Another kernel size is nearer to the MLP."
    assert answers["cnn_parameters"] == 270743, "cnn_parameters is another number."


def test_report_deep_cnn(answers):
    """deep_cnn_parameters of the CNN (8, 16, 32, 64) with kernels of size 1."""
    assert answers["deep_cnn_parameters"] == 333578, "deep_cnn_parameters is another number."


def test_report_shallow_cnn(answers):
    """shallow_cnn_channels and shallow_cnn_parameters of the nearest CNN with one 28x28 kernel."""
    assert answers["shallow_cnn_channels"] == 41, "Another number of channels is nearer to the MLP."
    assert answers["shallow_cnn_parameters"] == 268739, "shallow_cnn_parameters is another number."
