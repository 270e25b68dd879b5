"""Writes answers as TOML. Python can only read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Value = str | bool | int | float | Sequence[str | int | float] | Mapping[str, str | bool]


def write(answers: Mapping[str, Value]) -> str:
    """A document with one line per answer.

    Raises:
        ValueError: a text with half a character (a lone surrogate).
    """
    text = "".join(f"{_text(key)} = {_value(value)}\n" for key, value in answers.items())
    text.encode("utf-8")
    return text


def _value(value: Value) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_text(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return f"[{', '.join(_value(item) for item in value)}]"


def _text(text: str) -> str:
    """As a JSON string, which is a TOML string too but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
