"""Everything that is handed in."""

from .function import Conv2DFunc
from .gradients import division_backward, elementwise_backward, expand_backward, linear_backward
from .layers import Conv2D
from .networks import Net, VariableNet, count_parameters
from .patches import unfold

__all__ = [
    "Conv2D",
    "Conv2DFunc",
    "Net",
    "VariableNet",
    "count_parameters",
    "division_backward",
    "elementwise_backward",
    "expand_backward",
    "linear_backward",
    "unfold",
]
