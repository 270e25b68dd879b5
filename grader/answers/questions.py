"""questions.toml: its text to questions."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from grader.answers.choice import Choice, Honesty, Text
from grader.answers.expression import Expression
from grader.answers.marks import Marks
from grader.answers.number import Integer, Number
from grader.answers.question import Question
from grader.answers.shape import Shape
from grader.errors import SpecError

FILE_NAME = "questions.toml"

_NO_SETS: Mapping[str, Any] = {}
_Kinds = Choice | Expression | Honesty | Integer | Marks | Number | Shape | Text
_QUESTION: TypeAdapter[_Kinds] = TypeAdapter(Annotated[_Kinds, Field(discriminator="kind")])


class _File(BaseModel):
    """questions.toml. `option_sets` are options that several questions use by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: Annotated[list[dict[str, Any]], Field(min_length=1)]
    option_sets: dict[str, Any] = {}


def read_questions(text: str) -> tuple[Question, ...]:
    """Raises SpecError or ValueError: it is not TOML, or a question is wrong; the text names it."""
    file = _File.model_validate(tomllib.loads(text))
    questions = tuple(question_from(table, file.option_sets) for table in file.questions)
    keys = [question.key for question in questions]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise SpecError(f"two questions have the key {twice[0]}.")
    return questions


def question_from(table: Mapping[str, Any], option_sets: Mapping[str, Any] = _NO_SETS) -> Question:
    """One table of questions.toml. Raises SpecError: it is wrong; the text names key and field."""
    options = table.get("options")
    if isinstance(options, str):
        if options not in option_sets:
            raise SpecError(f"{table.get('key')}: there are no option_sets.{options}.")
        table = {**table, "options": option_sets[options]}
    try:
        return _QUESTION.validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"][1:])
        raise SpecError(f"{table.get('key', 'a question without key')}: {where}: {first['msg']}") from error
