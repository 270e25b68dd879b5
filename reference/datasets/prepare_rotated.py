"""Turn the images that are here by random angles: data of ift6390_hw3_rotation, as one .npz file.

    python reference/datasets/prepare_rotated.py data --seed 1
    python reference/datasets/prepare_rotated.py data --real       (of data/FashionMNIST, not of the stand-in)

The file has train_images and test_images, uint8 (N, 28, 28), and train_angles and test_angles, standardised
float32 (N, 1). The grader does not read it: specs turn images anew for each grading.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from grader.datasets import fashion_mnist
from grader.datasets_rotated import DEGREES, rotated


def main() -> None:
    """Turn both sets."""
    parser = argparse.ArgumentParser(description="Make the set of rotated images.")
    parser.add_argument("folder", type=Path, help="the folder of all data sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--degrees", type=float, default=DEGREES, help="the largest angle")
    parser.add_argument("--real", action="store_true", help="turn FashionMNIST, which must be in the folder")
    options = parser.parse_args()
    data, rng = fashion_mnist(options.folder if options.real else None), torch.Generator()
    rng.manual_seed(options.seed)
    train_images, train_angles = rotated(data.train_images, rng, options.degrees)
    test_images, test_angles = rotated(data.test_images, rng, options.degrees)
    path = options.folder / "rotated" / "rotated.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        train_images=train_images.numpy(),
        train_angles=train_angles.numpy(),
        test_images=test_images.numpy(),
        test_angles=test_angles.numpy(),
    )
    print(f"{path}: {len(train_images)} + {len(test_images)} images of {data.name}")


if __name__ == "__main__":
    main()
