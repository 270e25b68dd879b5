"""Between a draft of answers and the fields of a form: one field per kind of question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

from grader.answers import Sheet
from grader.errors import SubmissionError

_KINDS = {"choice": "choice", "honesty": "choice", "marks": "marks", "text": "long"}  # of fields
_LONG_TEXT = 600  # characters; what may be longer gets a larger field


class Posted(Protocol):
    """A form as it was sent: several values may have one name."""

    def getlist(self, key: Any) -> list[Any]:
        """All values of this name."""


@dataclass(frozen=True)
class OptionField:
    """An option to choose or mark. `why` is its explanation, in a field of its own."""

    id: str
    value: str
    text: str
    is_chosen: bool
    why: str
    why_name: str


@dataclass(frozen=True)
class QuestionField:
    """A question on the page. `kind` says which field it has."""

    id: str
    name: str
    kind: str  # line, long, choice or marks
    text: str
    points: float
    hint: str
    value: str
    options: tuple[OptionField, ...]
    explain: bool
    most: int  # characters; 0: not said
    rows: int
    problem: str  # why the answer cannot be read


@dataclass(frozen=True)
class Section:
    """The questions of one part."""

    title: str
    questions: tuple[QuestionField, ...]


def sections(
    sheet: Sheet,
    answers: Mapping[str, Any],
    problems: Sequence[str],
    titles: Mapping[str, str],
    loose: Mapping[str, str],
) -> tuple[Section, ...]:
    """The whole form, with what was answered so far; `loose` is from `unmarked`."""
    wrong = dict(problem.partition(": ")[::2] for problem in problems)
    found = groupby(sheet.public(), lambda one: one["part"] or "")
    return tuple(
        Section(
            titles.get(part, part),
            tuple(_field(sheet, one, answers.get(one["key"]), wrong, loose) for one in asked),
        )
        for part, asked in found
    )


def read(sheet: Sheet, posted: Posted) -> dict[str, Any]:
    """What a form brought, as a draft. What was left empty is not in it."""
    found = {one["key"]: _posted(one, posted) for one in sheet.public()}
    return {key: answer for key, answer in found.items() if answer not in ("", [], {})}


def unmarked(sheet: Sheet, posted: Posted) -> dict[str, str]:
    """Explanations of options that are not marked, by the name of their field: no draft has them."""
    found = {}
    for one in sheet.public():
        marked = posted.getlist(_name(one["key"]))
        for number, option in enumerate(one["options"] if one.get("explain") else ()):
            name = _why_name(one["key"], number)
            if option["key"] not in marked and (why := _one(posted, name)):
                found[name] = why
    return found


def _posted(one: Mapping[str, Any], posted: Posted) -> Any:
    name = _name(one["key"])
    if one["kind"] != "marks":
        return _one(posted, name)
    marked = {str(value) for value in posted.getlist(name)}
    options = [(number, option["key"]) for number, option in enumerate(one["options"])]
    if not one["explain"]:
        return [key for _, key in options if key in marked]
    return {key: _one(posted, _why_name(one["key"], number)) for number, key in options if key in marked}


def _one(posted: Posted, name: str) -> str:
    """A field as text; browsers end lines with two characters."""
    values = posted.getlist(name)
    return values[-1].replace("\r\n", "\n").strip() if values and isinstance(values[-1], str) else ""


def _field(
    sheet: Sheet, one: Mapping[str, Any], answer: Any, wrong: Mapping[str, str], loose: Mapping[str, str]
) -> QuestionField:
    key, most = one["key"], int(one.get("most_characters", 0))
    chosen, options = _chosen(sheet, one, answer), enumerate(one.get("options", ()))
    return QuestionField(
        id=f"q-{key}",
        name=_name(key),
        kind=_KINDS.get(one["kind"], "line"),
        text=one["text"],
        points=one["points"],
        hint=" ".join(_hints(one)),
        value="" if one.get("options") else _shown(answer),
        options=tuple(_option(key, number, option, chosen, loose) for number, option in options),
        explain=bool(one.get("explain")),
        most=most,
        rows=8 if most > _LONG_TEXT else 3,
        problem=wrong.get(key, ""),
    )


def _option(
    key: str, number: int, option: Mapping[str, str], chosen: Mapping[str, str], loose: Mapping[str, str]
) -> OptionField:
    why_name = _why_name(key, number)
    return OptionField(
        id=f"q-{key}-{number}",
        value=option["key"],
        text=option["text"],
        is_chosen=option["key"] in chosen,
        why=loose.get(why_name) or chosen.get(option["key"], ""),
        why_name=why_name,
    )


def _chosen(sheet: Sheet, one: Mapping[str, Any], answer: Any) -> Mapping[str, str]:
    """The options that were chosen, and why. A program may have written them in other ways than the form."""
    if not one.get("options") or answer in (None, "", [], {}):
        return {}
    question = next(question for question in sheet.questions if question.key == one["key"])
    try:
        found = question.read(answer)
    except SubmissionError:
        return {}
    return found if isinstance(found, Mapping) else {str(found): ""}


def _shown(answer: Any) -> str:
    if isinstance(answer, list):
        return ", ".join(map(str, answer))
    return "" if answer is None or isinstance(answer, Mapping) else str(answer)


def _hints(one: Mapping[str, Any]) -> Iterator[str]:
    if one["kind"] not in _KINDS:
        yield f"{one['how'][:1].upper()}{one['how'][1:]}."
    if one.get("unit"):
        yield f"In {one['unit']}."
    variables = [f"{v['name']} ({v['text']})" if v["text"] else v["name"] for v in one.get("variables", ())]
    if variables:
        yield f"Variables: {', '.join(variables)}."
    if one["kind"] == "marks":
        yield "Mark all that apply, and say why." if one.get("explain") else "Mark all that apply."


def _name(key: str) -> str:
    return f"q.{key}"


def _why_name(key: str, number: int) -> str:
    return f"why.{key}.{number}"
