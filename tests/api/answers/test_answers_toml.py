"""Answers as TOML: whatever a student types, Python's own reader gives it back."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.answers import toml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = TEXTS | st.booleans() | NUMBERS | st.lists(TEXTS | NUMBERS) | st.dictionaries(TEXTS, TEXTS)


@given(st.dictionaries(TEXTS, VALUES))
def test_what_is_written_is_read_again(answers):
    assert tomllib.loads(toml.write(answers)) == answers


def test_one_line_per_answer():
    text = toml.write({"size": "2x3", "which": {"a": 'so "fast"\n', "b": ""}, "n": [1, 2.5]})
    assert text.splitlines() == [
        '"size" = "2x3"',
        r'"which" = { "a" = "so \"fast\"\n", "b" = "" }',
        '"n" = [1, 2.5]',
    ]


def test_half_a_character_is_refused():
    with pytest.raises(ValueError, match="surrogates"):
        toml.write({"a": "\ud800"})
