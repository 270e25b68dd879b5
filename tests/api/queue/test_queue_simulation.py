"""The simulated queue, against queueing theory, against the real one, and by what holds of every queue."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queue_helpers import line_up, submission_of, take

from api.queue.deadline import Deadline, constant, lognormal, measured, uploads
from api.queue.simulation import FairQueue, Upload, quantile, simulate

PEOPLE = ("alice", "bob", "carol")
_BATCHES = 30


def poisson(count, rate, service, seed, users=40):
    chance, at = random.Random(seed), 0.0  # noqa: S311 - not a secret
    for _ in range(count):
        at += chance.expovariate(rate)
        yield Upload(at, chance.randrange(users), service(chance))


def mean_and_error(graded):
    """The mean wait and its standard error, from the means of consecutive batches; the first is warm-up."""
    waits = [one.waited for one in sorted(graded, key=lambda one: one.upload.at)]
    size = len(waits) // _BATCHES
    means = [statistics.fmean(waits[start : start + size]) for start in range(size, size * _BATCHES, size)]
    return statistics.fmean(means), statistics.stdev(means) / math.sqrt(len(means))


def erlang_c(places, load):
    """The probability to have to wait in an M/M/c queue."""
    full = load**places / math.factorial(places) * places / (places - load)
    return full / (sum(load**number / math.factorial(number) for number in range(places)) + full)


@pytest.mark.parametrize(("places", "busy"), [(1, 0.5), (1, 0.8), (3, 0.7), (8, 0.85)])
def test_the_mean_wait_is_that_of_queueing_theory(places, busy):
    rate = places * busy  # gradings take 1 s on average
    arrivals = poisson(120_000, rate, lambda chance: chance.expovariate(1.0), seed=places)
    found, error = mean_and_error(simulate(arrivals, places))
    expected = erlang_c(places, rate) / (places - rate)
    assert error < 0.08 * expected
    assert abs(found - expected) < 4 * error


def test_equal_gradings_wait_half_as_long_as_random_ones():
    """Pollaczek and Khinchine: M/D/1."""
    found, error = mean_and_error(simulate(poisson(120_000, 0.7, lambda _: 1.0, seed=7), 1))
    assert abs(found - 0.7 / (2 * 0.3)) < 4 * error


@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_that_of_the_service(database, world, seed):
    chance, queue = random.Random(seed), FairQueue()  # noqa: S311 - not a secret
    names = [name for name in PEOPLE if name in world.ids]
    assert len(names) > 1
    people = {world.ids[name]: number for number, name in enumerate(names)}
    simulated, real, step = [], [], 0
    while step < 40 or len(queue):
        step += 1
        if step <= 40 and chance.random() < 0.7:
            name = chance.choice(names)
            line_up(world, name)
            queue.add(Upload(step, people[world.ids[name]], 1.0))
        elif len(queue):
            simulated.append(queue.take().user)
            real.append(people[submission_of(world, take(world).submission_id).user_id])
    assert take(world) is None
    assert simulated == real


def test_one_with_many_uploads_delays_nobody():
    hoard = [Upload(0.0, 0, 1.0) for _ in range(200)]
    others = [Upload(0.5, user, 1.0) for user in range(1, 21)]
    graded = simulate(hoard + others, places=1)
    assert max(one.waited for one in graded if one.upload.user) <= 40.5


times = st.floats(0.0, 100.0)
some_uploads = st.lists(st.builds(Upload, times, st.integers(0, 5), st.floats(0.01, 20.0)), max_size=40)


@given(some_uploads, st.integers(1, 5))
def test_what_holds_of_every_queue(given_uploads, places):
    graded = simulate(given_uploads, places)
    assert sorted(one.upload.at for one in graded) == sorted(one.at for one in given_uploads)
    for one in graded:
        running = sum(other.started <= one.started < other.finished for other in graded)
        assert running <= places
        assert one.waited >= 0
        if one.waited > 0:  # nobody waits beside an idle place
            before = [other for other in graded if other.started < one.started <= other.finished]
            assert len(before) >= places


@given(st.integers(1, 60), st.integers(1, 200), st.floats(0.1, 48), st.floats(0.05, 10))
def test_uploads_come_before_the_due_date_and_from_everybody(students, submissions, hours, rush):
    found = uploads(Deadline(students, submissions, hours, rush), constant(1.0), seed=3)
    assert len(found) == submissions
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert found[0].at >= 0
    assert found[-1].at <= hours * 3600
    assert len({one.user for one in found}) >= min(students, submissions)


def test_the_rate_grows_as_described():
    found = uploads(Deadline(100, 50_000, hours=6.0, rush=1.0), constant(1.0), seed=1)
    late = sum(one.at > 5 * 3600 for one in found) / len(found)
    later = sum(one.at > 5.75 * 3600 for one in found) / len(found)
    assert late == pytest.approx(0.634, abs=0.01)
    assert later == pytest.approx(0.222, abs=0.01)


def test_one_seed_one_result():
    deadline = Deadline(20, 100)
    assert uploads(deadline, lognormal(1.0, 1.0), 5) == uploads(deadline, lognormal(1.0, 1.0), 5)
    assert uploads(deadline, lognormal(1.0, 1.0), 5) != uploads(deadline, lognormal(1.0, 1.0), 6)


def test_service_times():
    chance = random.Random(2)  # noqa: S311 - not a secret
    drawn = [lognormal(4.0, 0.7)(chance) for _ in range(50_000)]
    assert statistics.fmean(drawn) == pytest.approx(4.0, rel=0.03)
    assert statistics.stdev(map(math.log, drawn)) == pytest.approx(0.7, rel=0.03)
    assert {measured([1.0, 2.0])(chance) for _ in range(50)} == {1.0, 2.0}


def test_quantiles_are_nearest_ranks():
    ordered = [float(number) for number in range(1, 101)]
    assert [quantile(ordered, share) for share in (0.0, 0.5, 0.95, 0.99, 1.0)] == [1, 50, 95, 99, 100]
