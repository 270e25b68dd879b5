import json
import math

import pytest
from pydantic import ValidationError
from score_builders import make_score, make_test

from grader.scoring.model import RuleResult, Score, TestResult, TestStatus, Usage, without_times


def test_json_round_trip():
    score = make_score(make_test(part="conv"), make_test("test_b", TestStatus.ERROR, hints=("ValueError",)))
    assert Score.model_validate_json(score.to_json()) == score


def test_json_says_what_it_is_first():
    data = json.loads(make_score(make_test()).to_json())
    assert next(iter(data)) == "schema"
    assert data["schema"] == "tensorgrade.score/1"


def test_key_order_is_fixed():
    first, second = (make_score(make_test(name)) for name in ("test_a", "test_b"))
    assert list(json.loads(first.to_json())) == list(json.loads(second.to_json())) == list(_fields(Score))


def _fields(model):
    return [field.alias or name for name, field in model.model_fields.items()]


def test_two_gradings_differ_in_times_only():
    fast = make_score(make_test(duration_ms=1.0), usage=Usage(wall_seconds=1.0))
    slow = make_score(make_test(duration_ms=900.0), usage=Usage(wall_seconds=9.0, sandboxes=2))
    assert fast != slow
    assert without_times(fast) == without_times(slow)
    assert "duration_ms" not in json.dumps(without_times(fast))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0, 2.0])
def test_points_are_finite_and_within_the_maximum(bad):
    with pytest.raises(ValidationError):
        make_test(score=bad, max_score=1.0)


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError):
        TestResult(id="x", name="x", status="passed", points=3)


def test_a_score_is_frozen():
    score = make_score(make_test())
    with pytest.raises(ValidationError):
        score.score = 100.0


def test_text_is_cleaned_on_the_way_in():
    test = make_test(name="x", stdout="a\x1b[31mb\ud800\u202e", output="y\x00", hints=("  indented\x1b[0m",))
    assert (test.stdout, test.output, test.hints) == ("ab\ufffd", "y", ("  indented",))
    rule = RuleResult(id="r", file="so\nlution.py", line=3, text="import os\x1b[2J", message="no")
    assert (rule.file, rule.text) == ("so lution.py", "import os")


def test_printed_text_is_capped():
    assert len(make_test(stdout="x" * 10**6).stdout) == 20_000


@pytest.mark.parametrize("status", TestStatus)
def test_only_our_fault_and_the_authors_fault_are_no_verdict(status):
    assert status.is_verdict == (status not in ("infrastructure", "spec_error"))
