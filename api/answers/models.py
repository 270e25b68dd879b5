"""The JSON of written answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, FiniteFloat, JsonValue

from api.courses.models import Incoming

MOST_BYTES = 60_000  # of a draft as TOML: the engine takes 64 KiB
_MOST_ANSWERS = 500
_MOST_TEXT = 20_000


def _whole(text: str) -> str:
    """Refuse halves of characters: no file can hold them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("This text has half a character in it.") from error
    return text


Text = Annotated[str, Field(max_length=_MOST_TEXT), AfterValidator(_whole)]
Key = Annotated[str, Field(max_length=200), AfterValidator(_whole)]
_Number = Annotated[int, Field(ge=-(2**63), lt=2**63, strict=True)] | FiniteFloat
_Many = Annotated[list[Text | _Number], Field(max_length=_MOST_ANSWERS)]
_Reasons = Annotated[dict[Key, Text], Field(max_length=_MOST_ANSWERS)]
Answer = Text | bool | _Number | _Many | _Reasons


class DraftIn(Incoming):
    """Answers by the key of their question. It replaces the draft; what is left out is not answered."""

    answers: Annotated[dict[Key, Answer], Field(max_length=_MOST_ANSWERS)]


class DraftOut(BaseModel):
    """What is saved. Nothing of it counts before it is handed in."""

    answers: dict[str, JsonValue]
    saved_at: datetime | None  # None: nothing was saved yet
    problems: list[str]  # answers that cannot be read, each with what to write instead
    missing: list[str]  # keys of questions without an answer


class SheetOut(BaseModel):
    """The questions, without anything of the right answers. What a question has depends on its `kind`."""

    questions: list[dict[str, Any]]
