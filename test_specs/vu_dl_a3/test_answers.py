"""Part `answers`: 3 points, from answers.toml. Exact: no tolerance, and no hint how far off one is."""

import pytest

from grader.spec import part, points

pytestmark = [part("answers")]


@points(1)
@pytest.mark.parametrize("channels", ["", "_8_channels"])
@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1920, 1080)])
def test_output_size(answers, reference, width, height, channels):
    """The size of the convolution's output, [height, width, channels], in answers.toml."""
    rows, columns = (reference.output_size(size, kernel=5, stride=2, padding=1) for size in (height, width))
    right = answers[f"output_size_{width}x{height}{channels}"] == [rows, columns, 16]
    assert right, "This size is wrong."


@points(1)
@pytest.mark.parametrize("network", ["net", "variable_net"])
def test_parameters(answers, reference, network):
    """The number of trainable parameters of Net and of VariableNet(64), in answers.toml."""
    model = reference.Net() if network == "net" else reference.VariableNet(64)
    right = answers[f"{network}_parameters"] == reference.count_parameters(model)
    assert right, "This number is wrong."


@points(1)
def test_closest_n_filters(answers, reference):
    """The number of filters that brings VariableNet closest to Net, in answers.toml."""
    target = reference.count_parameters(reference.Net())
    one, two = (reference.count_parameters(reference.VariableNet(n)) for n in (1, 2))
    closest = 1 + round((target - one) / (two - one))  # every further filter adds the same number
    right = answers["closest_n_filters"] == closest
    assert right, "This number is wrong."
