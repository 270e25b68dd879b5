"""What a test says of itself: its id, its sentence and its marks, read once and kept with the test."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from grader.scoring.model import Visibility


@dataclass(frozen=True)
class About:
    """One test."""

    id: str  # the same from wherever pytest was started: "test_conv.py::test_forward[stride2]"
    function: str  # the test function's name, without the case of a parametrization
    sentence: str  # what the student reads, without the case
    case: str  # of a parametrization; "" if it is none
    part: str | None
    visibility: Visibility
    slow: bool  # marked slow or gpu
    requires: tuple[str, ...]  # names of tests
    patience: float | None  # seconds; None for the assignment's

    @property
    def name(self) -> str:
        """The sentence with the case."""
        return f"{self.sentence} [{self.case}]" if self.case else self.sentence


_ABOUT: pytest.StashKey[About] = pytest.StashKey()


def about(item: pytest.Item) -> About:
    """What a test says of itself."""
    known = item.stash.get(_ABOUT, None)
    if known is None:
        known = item.stash[_ABOUT] = _read(item)
    return known


def _read(item: pytest.Item) -> About:
    function = getattr(item, "originalname", None) or item.name
    part, visibility, timeout = (item.get_closest_marker(name) for name in ("part", "visibility", "timeout"))
    return About(
        id=f"{item.path.name}::{item.nodeid.partition('::')[2]}",
        function=function,
        sentence=_sentence(item, function),
        case=getattr(getattr(item, "callspec", None), "id", ""),
        part=part.args[0] if part else None,
        visibility=Visibility(visibility.args[0]) if visibility else Visibility.HIDDEN,
        slow=any(item.get_closest_marker(name) is not None for name in ("slow", "gpu")),
        requires=tuple(sorted({name for mark in item.iter_markers("requires") for name in mark.args})),
        patience=float(timeout.args[0]) if timeout else None,
    )


def _sentence(item: pytest.Item, function: str) -> str:
    """The first paragraph of the docstring; without one, test_one_hot becomes "one hot"."""
    doc = getattr(getattr(item, "function", None), "__doc__", None)
    text: str = doc or function.removeprefix("test_").replace("_", " ")
    return " ".join(text.strip().split("\n\n")[0].split())
