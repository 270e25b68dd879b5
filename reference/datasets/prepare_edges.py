"""Draw the edge-detection data of cs182_hw4 into a folder, as IDX files, to look at or to hand out.

    python reference/datasets/prepare_edges.py data --seed 1
    python reference/datasets/prepare_edges.py data --classes horizontal diagonal both none --ratio 0.5

The grader does not read these files: specs draw new images for each grading.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Literal

import torch

from grader.datasets_edges import BARS, EdgeConfig, edge_images
from grader.idx import idx_bytes

CLASSES = ["horizontal", "vertical", "none"]
MODES: tuple[Literal["train", "valid"], ...] = ("train", "valid")


def main() -> None:
    """Draw both sets."""
    parser = argparse.ArgumentParser(description="Draw the edge-detection data.")
    parser.add_argument("folder", type=Path, help="the folder of all data sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-class", type=int, default=1000)
    parser.add_argument(
        "--classes", nargs="+", choices=list(BARS), default=["horizontal", "vertical", "none"]
    )
    parser.add_argument("--ratio", type=float, default=1.0, help="possible_edge_location_ratio")
    options = parser.parse_args()
    config = EdgeConfig(
        data_per_class=options.per_class,
        num_classes=len(options.classes),
        class_type=options.classes,
        possible_edge_location_ratio=options.ratio,
    )
    for name, content in files(config, options.seed).items():
        path = options.folder / "edges" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(path)


def files(config: EdgeConfig, seed: int) -> dict[str, bytes]:
    """Images (N, 28, 28) from 0 to 255 and labels of each set, by file name."""
    rng, made = torch.Generator().manual_seed(seed), {}
    for mode in MODES:
        images, labels = edge_images(config, mode, rng)
        made[f"{mode}-images-idx3-ubyte"] = idx_bytes((images[:, 0] * 255).round())
        made[f"{mode}-labels-idx1-ubyte"] = idx_bytes(labels)
    return made


if __name__ == "__main__":
    main()
