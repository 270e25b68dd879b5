"""In a sandbox with a GPU, before the submission: which GPU it is, and settings for repeatable results.

Nothing here starts CUDA: that is left to the submission. `use_deterministic_algorithms` only warns where
there is no deterministic algorithm (`warn_only`), because an error would fail honest homework, a scatter or
an upsampling backward, for a reason that is not the student's. TF32 is off, so that a tolerance for float32
means the same as on a CPU; cuDNN picks its algorithm by rule and not by a race. With one seed and one kind of
GPU two gradings agree but for those operations; another GPU may round differently.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

# cuBLAS reads the first when it starts. The sizes are the ones that its documentation gives.
ENVIRONMENT = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    "CUDA_MODULE_LOADING": "LAZY",  # less memory and a faster start
    "CUDA_CACHE_DISABLE": "1",  # nothing is kept for the next one
}


def prepare(ids: Sequence[str] = (), memory_share: float = 1.0) -> None:
    """Before the submission is loaded; torch must be imported, and CUDA not started.

    ids: the GPUs that it may use; nothing where the container shows no others.
    """
    os.environ.update(ENVIRONMENT)
    if ids:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(ids)
    _make_deterministic()
    if memory_share < 1:
        _keep_to(memory_share)


def _make_deterministic() -> None:
    import torch

    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    # What has no deterministic algorithm would warn at every use, on the student's stderr.
    warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation.*")


def _keep_to(share: float) -> None:
    """Tell torch's allocator; unlike `set_per_process_memory_fraction` that does not start CUDA."""
    import torch

    if torch.version.cuda is not None:
        torch.cuda.memory._set_allocator_settings(f"per_process_memory_fraction:{share:g}")
