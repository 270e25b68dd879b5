import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_builders import make_test

from grader.assignment import Part
from grader.scoring.aggregate import total
from grader.scoring.model import RuleResult, TestStatus


def answer(key="q", *given, **more):
    """A written answer that earned everything, unless told otherwise."""
    return make_test(key, *given, id=f"answers::{key}", **more)


def rule(points=0.0, *zero_parts):
    return RuleResult(id="r", file="a.py", line=1, message="no", points=points, zero_parts=zero_parts)


def test_points_add_up_by_part():
    tests = [
        make_test("a", part="conv", max_score=2),
        make_test("b", "failed", part="conv", max_score=3),
        make_test("c", part="rnn", max_score=4),
    ]
    result = total(tests, [Part(name="rnn", title="Recurrent"), Part(name="conv")])
    assert (result.score, result.max_score) == (6, 9)
    assert [(p.name, p.title, p.score, p.max_score) for p in result.parts] == [
        ("rnn", "Recurrent", 4, 4),
        ("conv", "", 2, 5),
    ]


def test_a_part_is_capped_at_its_maximum():
    tests = [make_test(name, part="conv", max_score=2) for name in "abc"]
    result = total(tests, [Part(name="conv", max_points=5)])
    assert (result.score, result.max_score) == (5, 5)


def test_tests_without_a_part_come_last():
    result = total([make_test("a"), make_test("b", part="z"), make_test("c", part="y")], [Part(name="z")])
    assert [part.name for part in result.parts] == ["z", "y", ""]


def test_a_declared_part_without_tests_is_left_out():
    assert total([make_test(part="a")], [Part(name="a"), Part(name="b", max_points=5)]).max_score == 1


def test_rules_deduct_and_zero():
    tests = [make_test("a", part="conv", max_score=4), make_test("b", part="rnn", max_score=3)]
    assert total(tests, rules=[rule(1.5)]).score == 5.5
    assert total(tests, rules=[rule(0.5), rule(0.5)]).score == 6.5  # one rule, broken in two places
    zeroed = total(tests, rules=[rule(0, "conv")])
    assert (zeroed.score, zeroed.max_score) == (3, 7)
    assert zeroed.parts[0].score == 0


def test_the_total_is_not_negative_unless_allowed():
    assert total([make_test()], rules=[rule(5)]).score == 0
    assert total([make_test()], rules=[rule(5)], allow_negative=True).score == -4


def test_salvage_costs_a_fraction_before_deductions():
    assert total([make_test(max_score=10)], rules=[rule(1)], salvage_penalty=0.2).score == 7


def test_salvage_costs_written_answers_nothing():
    tests = [make_test(part="a", max_score=10), answer(part="a", max_score=4), answer("n", max_score=2)]
    assert total(tests, salvage_penalty=0.5).score == 11
    assert total(tests, [Part(name="a", max_points=6)], salvage_penalty=0.5).score == 4 + 1 + 2
    assert total(tests, [Part(name="a", max_points=3)], salvage_penalty=1).score == 3 + 2
    assert total(tests, [Part(name="a", max_points=6)], salvage_penalty=0.5).parts[0].score == 6
    assert total(tests, rules=[rule(0, "a")], salvage_penalty=0.5).score == 2
    assert total(tests, rules=[rule(1)], salvage_penalty=1).score == 5


@pytest.mark.parametrize("status", [TestStatus.INFRASTRUCTURE, TestStatus.SPEC_ERROR])
def test_a_grading_without_a_verdict_is_no_score(status):
    result = total([make_test("a", status, part="x"), make_test("b", part="y")], rules=[rule(0, "x")])
    assert result.score is None
    assert [part.score for part in result.parts] == [None, 1]
    assert result.max_score == 2


def test_thirds_add_up_to_the_whole():
    tests = [make_test(name, max_score=2 / 3) for name in "abc"]
    assert total(tests).score == total(tests).max_score == 2


points = st.floats(0, 100, allow_nan=False)


@st.composite
def gradings(draw):
    tests = []
    for index in range(draw(st.integers(0, 8))):
        most = draw(points)
        part = draw(st.sampled_from([None, "a", "b", "c"]))
        score = draw(st.floats(0, 1)) * most
        make = draw(st.sampled_from([make_test, answer]))
        tests.append(make(f"t{index}", "failed", score=score, max_score=most, part=part))
    parts = [
        Part(name="b", max_points=draw(st.none() | points)),
        Part(name="a", max_points=draw(st.none() | points)),
    ]
    zero = st.lists(st.sampled_from("abc"), max_size=1)
    rules = [rule(draw(points), *draw(zero)) for _ in range(draw(st.integers(0, 2)))]
    return tests, parts, rules, draw(st.floats(0, 1))


@given(gradings())
def test_never_above_the_maximum_and_never_negative(grading):
    tests, parts, rules, penalty = grading
    result = total(tests, parts, rules, salvage_penalty=penalty)
    assert 0 <= result.score <= result.max_score
    assert all(0 <= part.score <= part.max_score for part in result.parts)
    assert result.max_score == pytest.approx(math.fsum(p.max_score for p in result.parts), abs=1e-5)


@given(gradings(), st.randoms(use_true_random=False))
def test_the_order_of_tests_and_rules_does_not_matter(grading, rnd: random.Random):
    tests, parts, rules, penalty = grading
    shuffled, other_rules = rnd.sample(tests, len(tests)), rnd.sample(rules, len(rules))
    assert total(tests, parts, rules, salvage_penalty=penalty) == total(
        shuffled, parts, other_rules, salvage_penalty=penalty
    )


@given(gradings())
def test_the_penalty_is_a_share_of_what_the_code_adds_to_the_answers(grading):
    """The other way round: grade the answers alone, then everything; the penalty takes of the difference."""
    tests, parts, rules, penalty = grading
    answers = [test.model_copy(update={"score": 0.0}) if not test.is_answer else test for test in tests]
    everything, alone, salvaged = (
        total(some, parts, rules, salvage_penalty=share, allow_negative=True).score
        for some, share in ((tests, 0), (answers, 0), (tests, penalty))
    )
    assert salvaged == pytest.approx(everything - penalty * (everything - alone), abs=1e-5)
    assert alone - 1e-5 <= salvaged <= everything + 1e-5


@given(gradings(), st.data())
def test_a_better_test_never_lowers_the_total(grading, data):
    tests, parts, rules, penalty = grading
    if not tests:
        return
    index = data.draw(st.integers(0, len(tests) - 1))
    better = [*tests]
    better[index] = tests[index].model_copy(update={"score": tests[index].max_score})
    before, after = (total(each, parts, rules, salvage_penalty=penalty).score for each in (tests, better))
    assert after >= before
