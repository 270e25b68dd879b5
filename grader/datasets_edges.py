"""The edge-detection data of a homework on inductive bias, drawn as its `domain_config` says.

Grey images of noise with bright bars: horizontal, vertical, diagonal, both (one kind across the other) or
none. Where a bar may lie is a share of the image, so that training and validation can differ in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from grader.errors import SpecError

BARS = {
    "horizontal": ("horizontal",),
    "vertical": ("vertical",),
    "diagonal": ("diagonal",),
    "both": ("horizontal", "vertical"),
    "none": (),
}
MAX_PIXELS = 10**8  # of one set
MAX_BARS = 16  # of one direction in one image

Mode = Literal["train", "valid"]


@dataclass(frozen=True)
class EdgeConfig:
    """What is drawn: `EdgeConfig(**domain_config)` takes the homework's dictionary as it is.

    class_type:         the kind of each class, of BARS; class i has label i.
    possible_edge_location_ratio:  below 1, bars of training images lie in the first part of rows (or columns,
                        or diagonals), those of validation images in the rest; at 1 they lie anywhere.
    use_permutation:    whether pixels are put in the order of `permutater`, indices of all pixels row by row.
                        `unpermutater` is its inverse; it is kept for whoever wants to look at the images.

    Raises:
        SpecError: at construction, where values contradict each other.
    """

    data_per_class: int = 1000
    num_classes: int = 3
    class_type: Sequence[str] = ("horizontal", "vertical", "none")
    spatial_resolution: int = 28
    min_edge_width: int = 1
    max_edge_width: int = 4
    min_edge_intensity: float = 0.25
    max_edge_intensity: float = 1.0
    min_background_intensity: float = 0.0
    max_background_intensity: float = 0.2
    possible_edge_location_ratio: float = 1.0
    num_horizontal_edge: int = 1
    num_vertical_edge: int = 1
    num_diagonal_edge: int = 1
    use_permutation: bool = False
    permutater: Sequence[int] | None = None
    unpermutater: Sequence[int] | None = None

    def __post_init__(self) -> None:
        for fault, words in self._faults():
            if fault:
                raise SpecError(f"domain_config: {words}.")

    def _faults(self) -> list[tuple[bool, str]]:
        pixels = self.spatial_resolution**2
        unknown = [kind for kind in self.class_type if kind not in BARS]
        bars = (self.num_horizontal_edge, self.num_vertical_edge, self.num_diagonal_edge)
        total = self.data_per_class * self.num_classes * pixels
        order = None if self.permutater is None else [int(index) for index in self.permutater]
        room = min(high - low for low, high in (self.places("train"), self.places("valid")))
        return [
            (bool(unknown), f"class_type has {unknown}; it may have {', '.join(BARS)}"),
            (len(self.class_type) != self.num_classes, "num_classes is not the length of class_type"),
            (
                not (self.data_per_class > 0 < pixels and total <= MAX_PIXELS),
                f"a set has 1 to {MAX_PIXELS} pixels",
            ),
            (
                not 1 <= self.min_edge_width <= self.max_edge_width <= room,
                f"bars are 1 to {room} pixels wide",
            ),
            (not all(0 <= count <= MAX_BARS for count in bars), f"0 to {MAX_BARS} bars of a direction"),
            (self.use_permutation and order is None, "use_permutation needs permutater"),
            (order is not None and not _is_permutation(order, pixels), "permutater is no permutation"),
        ]

    def places(self, mode: Mode) -> tuple[int, int]:
        """The rows (columns, diagonals) from the first up to, without it, the second in which bars lie."""
        whole, ratio = self.spatial_resolution, self.possible_edge_location_ratio
        if ratio >= 1:
            return 0, whole
        border = round(max(ratio, 0.0) * whole)
        return (0, border) if mode == "train" else (border, whole)

    def bars(self, kind: str) -> list[str]:
        """The direction of each bar of an image of this kind."""
        counts = {
            "horizontal": self.num_horizontal_edge,
            "vertical": self.num_vertical_edge,
            "diagonal": self.num_diagonal_edge,
        }
        return [direction for direction in BARS[kind] for _ in range(counts[direction])]


def edge_images(config: EdgeConfig, mode: Mode, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw a set: images float32 (N, 1, S, S) from 0 to 1 and labels int64 (N,), class after class.

    N is data_per_class * num_classes; shuffle where the order matters. The same generator state gives the
    same images.
    """
    classes = [_of_kind(config, kind, config.places(mode), rng) for kind in config.class_type]
    images = torch.cat(classes)
    if config.use_permutation and config.permutater is not None:
        order = torch.as_tensor([int(index) for index in config.permutater])
        images = images.flatten(1)[:, order].view_as(images)
    labels = torch.arange(config.num_classes).repeat_interleave(config.data_per_class)
    return images[:, None], labels


def permutation(pixels: int, rng: torch.Generator) -> tuple[list[int], list[int]]:
    """A random `permutater` for images of so many pixels, and its `unpermutater`."""
    order = torch.randperm(pixels, generator=rng)
    return order.tolist(), order.argsort().tolist()


def _is_permutation(order: Sequence[int], count: int) -> bool:
    return len(order) == count and sorted(order) == list(range(count))


def _of_kind(config: EdgeConfig, kind: str, places: tuple[int, int], rng: torch.Generator) -> torch.Tensor:
    """Images (data_per_class, S, S) of one class."""
    count, side = config.data_per_class, config.spatial_resolution
    low, high = config.min_background_intensity, config.max_background_intensity
    images = low + (high - low) * torch.rand(count, side, side, generator=rng)
    for direction in config.bars(kind):
        width, start, intensity = _random_bars(config, places, rng)
        number = _line_numbers(direction, side)
        bar = (number >= start) & (number < start + width)
        images = torch.where(bar, intensity, images)
    return images


def _random_bars(
    config: EdgeConfig, places: tuple[int, int], rng: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Width, first line and brightness of a bar in each image of a class, (data_per_class, 1, 1) each."""
    shape = (config.data_per_class, 1, 1)
    width = torch.randint(config.min_edge_width, config.max_edge_width + 1, shape, generator=rng)
    first, end = places
    room = end - first - width + 1
    start = first + (torch.rand(shape, generator=rng, dtype=torch.float64) * room).long()
    low, high = config.min_edge_intensity, config.max_edge_intensity
    return width, start, low + (high - low) * torch.rand(shape, generator=rng)


def _line_numbers(direction: str, side: int) -> torch.Tensor:
    """Which line of a direction each pixel is on, (S, S). Diagonals 0 to S - 1 are the ones in the middle,
    from lower left to upper right: each crosses at least half of the image.
    """
    rows, columns = torch.arange(side)[:, None], torch.arange(side)[None, :]
    if direction == "horizontal":
        return rows.expand(side, side)
    if direction == "vertical":
        return columns.expand(side, side)
    return columns - rows + side // 2
