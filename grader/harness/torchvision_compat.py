"""Lets `import torchvision` work beside a CPU build of torch.

The wheel of torchvision is built for CUDA. With CPU torch its compiled operators cannot be loaded, and its
import fails on the schemas of two of them. Declaring the schemas first is enough for models, data sets and
transforms; calling the operators themselves (on boxes) still fails, as it should.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_OPERATORS = ("nms", "qnms")


@functools.cache
def declare_missing_operators() -> Any:
    """Declare what torchvision's import looks for. Call it before that import; a second call does nothing.

    Returns:
        What keeps the declarations alive, or None where none are needed: torchvision is not installed, or its
        compiled operators can be loaded.
    """
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or _load_operators(spec.submodule_search_locations or []):
        return None
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in _OPERATORS:
        library.define(f"{name}{_SCHEMA}")  # type: ignore[no-untyped-call]
    return library


def _load_operators(folders: list[str]) -> bool:
    import torch

    try:
        for path in (path for folder in folders for path in Path(folder).glob("_C*.so")):
            torch.ops.load_library(str(path))  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return hasattr(torch.ops.torchvision, _OPERATORS[0])
