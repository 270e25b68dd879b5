"""answers.toml: where it is found and what is said when it is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_archives import config, zip_of

from grader.errors import SubmissionError
from grader.intake import read, read_bytes

CODE = b"x = 1\n"
WANTED = config(answers=True)


def answers(toml, name="answers.toml"):
    return read_bytes("hw.zip", zip_of({"solution.py": CODE, name: toml}), WANTED)


def test_beside_a_lone_file_on_disk(tmp_path):
    (tmp_path / "solution.py").write_bytes(CODE)
    assert read(tmp_path / "solution.py", WANTED).answers == {}
    (tmp_path / "answers.toml").write_text('n = 3\nwhy = "it is"\n')
    submission = read(tmp_path / "solution.py", WANTED)
    assert submission.answers == {"n": 3, "why": "it is"}
    assert submission.entry == "solution.py"
    assert submission.sha256 == read(tmp_path, WANTED).sha256


def test_is_ignored_where_the_assignment_has_none(tmp_path):
    (tmp_path / "solution.py").write_bytes(CODE)
    (tmp_path / "answers.toml").write_text("not toml at all")
    assert set(read(tmp_path / "solution.py", config()).files) == {"solution.py"}
    assert read(tmp_path, config()).answers == {}


def test_a_link_beside_is_not_followed(tmp_path):
    (tmp_path / "solution.py").write_bytes(CODE)
    (tmp_path / "secret.toml").write_text("secret = 1\n")
    (tmp_path / "answers.toml").symlink_to(tmp_path / "secret.toml")
    assert read(tmp_path / "solution.py", WANTED).answers == {}


@pytest.mark.parametrize("place", ["answers.toml", "Answers.toml", "hw/answers.toml"])
def test_in_the_root_or_the_single_top_folder(place):
    assert answers(b"n = 1\n", place).answers == {"n": 1}


def test_not_deeper_and_root_first():
    assert answers(b"n = 1\n", "hw/more/answers.toml").answers == {}
    files = {"solution.py": CODE, "answers.toml": b"n = 1\n", "hw/answers.toml": b"n = 2\n"}
    assert read_bytes("hw.zip", zip_of(files), WANTED).answers == {"n": 1}


def test_answers_alone_are_graded_without_code():
    submission = read_bytes("hw.zip", zip_of({"answers.toml": b"n = 1\n"}), WANTED)
    assert (submission.entry, submission.answers) == (None, {"n": 1})
    assert "only the answers" in submission.notes[0]


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfn = 1\r\n", "n = 1 # é\n".encode("cp1252"), "n = 1\n".encode("utf-16")]
)
def test_editors_of_windows(data):
    assert answers(data).answers == {"n": 1}


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (b"n = 1\nsize = (3, 3)\n", r"`answers.toml`, line 2: .*`size = \(3, 3\)`"),
        (b"just words\n", "line 1: .*`just words`"),
        (b"n = 1\nn = 2\n", "line 2"),
        (b"x = [1, 2", "not valid TOML"),
        (b"n = " + b"9" * 5000, "not valid TOML"),
        (b"d = 2024-99-99", "not valid TOML|line 1"),
        (b"x = " + b"[" * 30_000, "nests"),
        (b"x = " + b"[" * 20 + b"]" * 20, "nests"),
        (b"a." * 20 + b"b = 1", "nests"),
        (b"a." * 30_000 + b"b = 1", "nests"),  # quadratic in tomllib
        (b"[" + b"'a' . \"b\" ." * 3_000 + b"b]", "nests"),
        (b"#" * 70_000, "longer than 65536 bytes"),
        (b"\0", "NUL byte on line 1"),
    ],
)
def test_mistakes_name_file_line_and_remedy(toml, message):
    with pytest.raises(SubmissionError, match=message) as caught:
        answers(toml)
    assert str(caught.value).endswith(".")


def test_deep_keys_never_reach_the_parser(monkeypatch):
    """It takes quadratic time for them."""
    monkeypatch.setattr("tomllib.loads", lambda text: pytest.fail("parsed"))
    escaped = b'"\\"".' * 20 + b"b = 1"
    inline = b"x = {" + b"'a' . \"b-c\"." * 9 + b"d = 1}"
    below = b'a = """ " \\""" """"" # "\nb = \'\'\' \'\' """ \'\'\'\'\'\n[' + b"a." * 20 + b"b]"
    for deep in (b"a." * 20 + b"b = 1", escaped, inline, below):
        with pytest.raises(SubmissionError, match="nests"):
            answers(deep)


DOTS = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r"


@pytest.mark.parametrize(
    "toml",
    [
        'why = "see DOTS"',
        "why = 'DOTS'",
        r'why = "\"DOTS\"" # DOTS',
        'why = """\n"DOTS" \\""" DOTS"""""\n',
        "why = '''\n'DOTS '' DOTS''''\n",
        'why = ["DOTS", \'"\', """DOTS"""]',
        "n = [" + "1.5, " * 50 + "]",
        '"DOTS" = 1',
    ],
)
def test_dots_in_texts_and_comments_are_no_depth(toml):
    assert len(answers(toml.replace("DOTS", DOTS).encode()).answers) == 1


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_arbitrary_bytes_parse_or_are_refused(data):
    try:
        result = answers(data).answers
    except SubmissionError as error:
        result = {"refused": str(error)}
    assert "`answers.toml`" in result.get("refused", "`answers.toml`")
