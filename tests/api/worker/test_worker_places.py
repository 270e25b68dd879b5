"""Quick stages are never kept waiting by slow ones, nor slow ones for ever by quick ones."""

from __future__ import annotations

import pytest

from api.worker.places import Places
from api.worker.stages import safe_name


def start(places: Places, waiting: set[str]) -> str | None:
    """Claim as a worker does from queues that have work."""
    with places.choice() as choice:
        taken = next((queue for queue in choice.queues if queue in waiting), None)
        choice.took(taken)
    return taken


def test_one_place_is_left_for_quick_stages():
    places = Places(3, ("quick", "slow"))
    both = {"quick", "slow"}
    assert [start(places, both) for _ in range(3)] == ["slow", "quick", "quick"]
    places = Places(3, ("quick", "slow"))
    assert [start(places, {"slow"}) for _ in range(3)] == ["slow", "slow", None]
    places.done("slow")
    assert start(places, both) == "quick"
    assert start(places, {"slow"}) == "slow"


def test_one_place_serves_quick_ones_first():
    places = Places(1, ("quick", "slow"))
    assert start(places, {"quick", "slow"}) == "quick"
    places.done("quick")
    assert start(places, {"slow"}) == "slow"


def test_a_worker_for_slow_stages_uses_all_places():
    places = Places(2, ("slow", "gpu"))
    assert [start(places, {"gpu"}) for _ in range(3)] == ["gpu", "gpu", None]


def test_places_are_taken_and_left():
    places = Places(1, ("quick",))
    assert places.take()
    assert not places.take()
    places.leave()
    assert places.free == 1


def test_names_of_uploads_are_no_paths():
    assert safe_name("conv.py") == "conv.py"
    assert safe_name("../../etc/passwd") == "passwd"
    assert safe_name("C:\\work\\a b;.tar.gz") == "a b;.tar.gz"
    assert safe_name("a/b\0c\n.zip") == "b_c_.zip"
    assert safe_name("..") == "submission"
    assert safe_name("-rf") == "rf"
    assert safe_name("x" * 300 + ".zip").endswith("x.zip")
    assert len(safe_name("é" * 300 + ".zip").encode()) <= 200
    assert safe_name("é" * 300 + ".zip").endswith("é.zip")


@pytest.mark.parametrize("name", ["ada_lovelace_hw1 (1).tar.gz", "José Ñ - Copy.zip", "[x]{y}'&%$.py"])
def test_a_name_that_is_no_path_stays_what_it_is(name):
    """Assignments may ask for a certain one, and say so of any other."""
    assert safe_name(name) == name


def test_no_more_gpu_stages_than_gpus():
    places = Places(4, ("quick", "slow", "gpu"), gpu_slots=1)
    assert [start(places, {"gpu"}) for _ in range(2)] == ["gpu", None]
    assert start(places, {"gpu", "slow"}) == "slow"
    places.done("gpu")
    assert start(places, {"gpu"}) == "gpu"
    places.done("slow")
    assert start(places, {"gpu", "quick"}) == "quick"
