import json
from pathlib import Path

import jsonschema
import pytest
from score_builders import make_score, make_test

from grader.scoring.model import RuleResult
from grader.scoring.schema import schema_text
from grader.scoring.views import student_view

FILE = Path(__file__).parents[2] / "docs" / "score.schema.json"


def test_the_committed_schema_is_current():
    assert FILE.read_text("utf-8") == schema_text(), (
        "run: python -m grader.scoring.schema > docs/score.schema.json"
    )


@pytest.fixture
def validator():
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("status", ["passed", "failed", "infrastructure"])
def test_scores_are_valid(validator, status):
    rules = (RuleResult(id="r", file="a.py", line=1, message="no"),)
    score = make_score(make_test(status=status), make_test("b", visibility="after_published"), rules=rules)
    validator.validate(json.loads(score.to_json()))
    validator.validate(json.loads(student_view(score).to_json()))


@pytest.mark.parametrize("key", ["schema", "score", "tests", "seed"])
def test_a_missing_key_is_noticed(validator, key):
    data = json.loads(make_score(make_test()).to_json())
    del data[key]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(data)
