import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text import clean, one_line

ESC, BEL, CSI, ST = "\x1b", "\x07", "\x9b", "\x9c"


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        (f"{ESC}[31mred{ESC}[0m", "red"),
        (f"{ESC}[38;2;1;2;3mred", "red"),
        (f"{CSI}2Jgone", "gone"),
        (f"a{ESC}]0;title{BEL}b", "ab"),
        (f"a{ESC}]8;;http://x{ESC}\\link{ESC}]8;;{ESC}\\b", "alinkb"),
        (f"a\x9d0;title{ST}b", "ab"),
        (f"a{ESC}P1$qm{ESC}\\b", "ab"),
        (f"a{ESC}(Bb{ESC}Mc{ESC}7d", "abcd"),
        (f"a{ESC}]never ended", "anever ended"),
        ("a\x00\x08\x7f\x9fb", "ab"),
        ("10%\r20%\r\ndone\x85\u2028end", "10%\n20%\ndone\n\nend"),
        ("a\u202eevil\u2066x\u200fy", "aevilxy"),
        ("a\ud800b\udfff", "a\ufffdb\ufffd"),
        ("größe 数 🙂", "größe 数 🙂"),
    ],
)
def test_clean(dirty, expected):
    assert clean(dirty, 100) == expected


def test_long_text_is_cut_with_an_ellipsis():
    assert clean("x" * 11, 10) == "x" * 9 + "…"
    assert clean("x" * 10, 10) == "x" * 10


def test_a_long_text_of_escapes_is_marked_as_cut():
    assert clean(f"{ESC}[0m" * 10_000 + "end", 10) == "…"


def test_one_line_joins_lines():
    assert one_line("  a\n\n b\r\tc ", 20) == "a b c"


nasty = st.text(st.one_of(st.characters(), st.sampled_from(f"{ESC}{BEL}{CSI}{ST}[]0;mP\\\r\n\u202e\ud800")))


@given(nasty, st.integers(1, 50))
def test_result_is_short_harmless_and_stable(dirty, limit):
    result = clean(dirty, limit)
    assert len(result) <= limit
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", result)
    assert clean(result, limit) == result
    result.encode("utf-8")


@given(nasty, st.integers(1, 50))
def test_one_line_is_one_line(dirty, limit):
    result = one_line(dirty, limit)
    assert len(result) <= limit
    assert len(result.splitlines()) <= 1
    assert one_line(result, limit) == result


def test_the_work_grows_with_the_limit_and_not_with_the_text():
    flood = f"{ESC}]" * 2_000_000
    assert clean(flood, 100) == "…"
