"""The edge-detection data: bars are found again in the images, without the generator's own arithmetic."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.datasets_edges import BARS, EdgeConfig, edge_images, permutation
from grader.errors import SpecError

CLEAR = {"min_edge_intensity": 0.5, "max_background_intensity": 0.2}  # a threshold tells bars from noise


def draw(mode="train", seed=0, **changes):
    config = EdgeConfig(**{"data_per_class": 50, **changes})
    return edge_images(config, mode, torch.Generator().manual_seed(seed))


def of_one_kind(kind, **changes):
    """Where the bars are in images of one kind: bool (N, 28, 28)."""
    images, _ = draw(num_classes=1, class_type=[kind], **{**CLEAR, **changes})
    return images[:, 0] > 0.35


def whole_rows(bars):
    return [row for row in range(bars.shape[0]) if bars[row].all()]


def widths(lines):
    """The lengths of the runs of neighbouring numbers."""
    runs = [1] if lines else []
    for before, after in pairwise(lines):
        if after == before + 1:
            runs[-1] += 1
        else:
            runs.append(1)
    return runs


def test_shapes_types_and_range():
    images, labels = draw()
    assert (images.shape, images.dtype) == ((150, 1, 28, 28), torch.float32)
    assert labels.tolist() == [0] * 50 + [1] * 50 + [2] * 50
    assert images.min() >= 0
    assert images.max() <= 1


def test_the_dictionary_of_the_homework_is_taken_as_it_is():
    domain_config = {
        "data_per_class": 4, "num_classes": 5,
        "class_type": ["horizontal", "vertical", "diagonal", "both", "none"],
        "spatial_resolution": 28, "min_edge_width": 1, "max_edge_width": 4,
        "min_edge_intensity": 0.25, "max_edge_intensity": 1, "min_background_intensity": 0,
        "max_background_intensity": 0.2, "possible_edge_location_ratio": 1.0, "num_horizontal_edge": 1,
        "num_vertical_edge": 1, "num_diagonal_edge": 1, "use_permutation": False, "permutater": None,
        "unpermutater": None,
    }  # fmt: skip
    images, labels = edge_images(EdgeConfig(**domain_config), "valid", torch.Generator())
    assert len(images) == len(labels) == 20


def test_horizontal_bars_are_whole_rows_of_one_brightness():
    images, _ = draw(num_classes=1, class_type=["horizontal"], **CLEAR)
    found = set()
    for image in images[:, 0]:
        rows = whole_rows(image > 0.35)
        assert len(widths(rows)) == 1
        assert torch.unique(image[rows]).numel() == 1
        assert (image > 0.35).sum() == 28 * len(rows)
        found.add(len(rows))
    assert found == {1, 2, 3, 4}


def test_vertical_bars_are_whole_columns():
    for bars in of_one_kind("vertical"):
        columns = whole_rows(bars.T)
        assert len(widths(columns)) == 1
        assert bars.sum() == 28 * len(columns)


def test_diagonal_bars_are_whole_diagonals_of_at_least_half_the_image():
    for bars in of_one_kind("diagonal"):
        lit = [offset for offset in range(-27, 28) if bars.diagonal(offset).all()]
        assert len(widths(lit)) == 1
        assert bars.sum() == sum(28 - abs(offset) for offset in lit)
        assert max(abs(offset) for offset in lit) <= 14


def test_both_is_a_row_and_a_column_and_none_is_noise():
    for bars in of_one_kind("both"):
        assert len(widths(whole_rows(bars))) == len(widths(whole_rows(bars.T))) == 1
    assert not of_one_kind("none").any()


def test_widths_brightness_and_number_follow_the_settings():
    options = {"min_edge_width": 2, "max_edge_width": 2, "num_horizontal_edge": 3}
    for bars in of_one_kind("horizontal", **options):
        rows = whole_rows(bars)
        assert 2 <= len(rows) <= 6
        assert all(width >= 2 for width in widths(rows))
    images, _ = draw(
        num_classes=1, class_type=["none"], min_background_intensity=0.3, max_background_intensity=0.4
    )
    assert 0.3 <= images.min() < 0.31
    assert 0.39 < images.max() <= 0.4
    assert draw(num_classes=1, class_type=["vertical"], spatial_resolution=12)[0].shape == (50, 1, 12, 12)


@pytest.mark.parametrize("kind", ["horizontal", "vertical"])
@pytest.mark.parametrize(("mode", "places"), [("train", range(14)), ("valid", range(14, 28))])
def test_with_a_ratio_training_bars_are_in_the_first_part_and_others_in_the_rest(kind, mode, places):
    images, _ = draw(mode, num_classes=1, class_type=[kind], possible_edge_location_ratio=0.5, **CLEAR)
    found = set()
    for image in images[:, 0]:
        found |= set(whole_rows((image if kind == "horizontal" else image.T) > 0.35))
    assert found == set(places)


def test_diagonals_keep_to_their_side_too():
    options = {"num_classes": 1, "class_type": ["diagonal"], "possible_edge_location_ratio": 0.5, **CLEAR}
    images, _ = draw("train", **options)
    assert not torch.triu(images[:, 0] > 0.35).any()  # the first half is below the main diagonal
    images, _ = draw(
        "valid", num_classes=1, class_type=["diagonal"], possible_edge_location_ratio=0.5, **CLEAR
    )
    assert not torch.tril(images[:, 0] > 0.35, -1).any()


def test_a_permutation_moves_the_same_pixels_in_every_image():
    permutater, unpermutater = permutation(784, torch.Generator().manual_seed(5))
    plain, _ = draw()
    mixed, _ = draw(use_permutation=True, permutater=permutater, unpermutater=unpermutater)
    assert not torch.equal(mixed, plain)
    assert torch.equal(mixed.flatten(1)[:, unpermutater].view_as(plain), plain)
    assert torch.equal(mixed.flatten(1)[:, 7], plain.flatten(1)[:, permutater[7]])


def test_the_generator_decides_everything():
    assert torch.equal(draw(seed=1)[0], draw(seed=1)[0])
    assert not torch.equal(draw(seed=1)[0], draw(seed=2)[0])


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(-1, 2),
    st.sampled_from(sorted(BARS)),
)
@settings(max_examples=60, deadline=None)
def test_any_settings_are_drawn_or_refused(side, narrow, wide, ratio, kind):
    try:
        images, labels = draw(
            data_per_class=3, num_classes=1, class_type=[kind], spatial_resolution=side,
            min_edge_width=narrow, max_edge_width=wide, possible_edge_location_ratio=ratio, **CLEAR,
        )  # fmt: skip
    except SpecError:
        return
    assert images.shape == (3, 1, side, side)
    assert len(labels) == 3
    bars = images[:, 0] > 0.35
    assert bars.flatten(1).any(1).tolist() == [kind != "none"] * 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"class_type": ["horizontal", "round", "none"]}, "round"),
        ({"num_classes": 5}, "num_classes"),
        ({"data_per_class": 0}, "pixels"),
        ({"data_per_class": 10**9}, "pixels"),
        ({"spatial_resolution": 0}, "pixels"),
        ({"max_edge_width": 29}, "wide"),
        ({"min_edge_width": 0}, "wide"),
        ({"min_edge_width": 3, "max_edge_width": 2}, "wide"),
        ({"possible_edge_location_ratio": 0.1}, "1 to 3 pixels wide"),
        ({"num_diagonal_edge": 99}, "0 to 16 bars"),
        ({"use_permutation": True}, "needs permutater"),
        ({"permutater": [0, 1, 2]}, "no permutation"),
        ({"permutater": [0] * 784}, "no permutation"),
    ],
)
def test_contradictions_are_named(changes, words):
    with pytest.raises(SpecError, match=f"domain_config.*{words}"):
        EdgeConfig(**changes)
