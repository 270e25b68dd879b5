"""Zip archives, honest and crafted."""

import io
import stat
import struct
import zipfile

import pytest
from intake_archives import config, patched, zip_entry, zip_link, zip_of

from grader.errors import SubmissionError
from grader.intake import read_bytes
from grader.intake.collect import MAX_ENTRIES

GOOD = {"solution.py": b"x = 1\n", "data/a.csv": b"1,2\n"}


def refuse(data, match, **code):
    with pytest.raises(SubmissionError, match=match) as caught:
        read_bytes("hw.zip", data, config(**code))
    assert str(caught.value).startswith("hw.zip")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_come_out_as_they_went_in(method):
    assert read_bytes("hw.zip", zip_of({"data/": b"", **GOOD}, method), config()).files == dict(
        sorted(GOOD.items())
    )


def test_streamed_zip_with_data_descriptors_and_zip64():
    class Unseekable(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise OSError

    buffer = Unseekable()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("solution.py", "w", force_zip64=True) as stream,
    ):
        stream.write(b"x = 1\n")
    assert read_bytes("hw.zip", buffer.getvalue(), config()).files == {"solution.py": b"x = 1\n"}


def test_single_top_folder_is_kept():
    submission = read_bytes(
        "hw.zip", zip_of({"hw/solution.py": b"x = 1\n", "__MACOSX/hw/._solution.py": b"\0"}), config()
    )
    assert set(submission.files) == {"hw/solution.py"}
    assert submission.entry == "hw/solution.py"
    assert submission.notes == ("Left out, because it is no part of a homework: `__MACOSX`.",)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../x.py", r"`\.\.`"),
        ("a/../../x.py", r"`\.\.`"),
        ("/etc/x.py", "absolute"),
        ("//host/share/x.py", "absolute"),
        ("C:/x.py", "absolute"),
        ("c:x.py", "absolute"),
        ("a\\b.py", "backslash"),
        ("a\0b.py", "control"),
        ("a\nb.py", "control"),
        ("a\u202eyp.x", "control"),
        ("sub/aux.txt", "reserved"),
        ("COM1", "reserved"),
        ("a" * 241, "longer than 240 bytes"),
        ("/".join("a" * 17), "deeper than 16"),
    ],
)
def test_unsafe_names_are_refused(name, reason):
    refuse(zip_entry(name), reason)


@pytest.mark.parametrize(
    "name", ["a" * 237 + ".py", "/".join("a" * 16), "auxiliary.py", "a b (1).py", "گزارش‌کار.txt", "./x.py"]
)
def test_unusual_names_are_accepted(name):
    assert name.removeprefix("./") in read_bytes("hw.zip", zip_entry(name), config()).files


@pytest.mark.parametrize(
    ("one", "other"), [("A.py", "a.py"), ("é.py", "e\u0301.py"), ("x.py", "./x.py"), ("x", "X/y.py")]
)
def test_names_that_clash_are_refused(one, other):
    refuse(zip_of({one: b"1", other: b"2"}), "twice|both")
    refuse(zip_of({other: b"1", one: b"2"}), "twice|both")


def test_same_name_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zip_entry("solution.py")
    refuse(data, "`solution.py` twice")


def test_links_and_devices_are_refused_by_name():
    refuse(zip_link("steal.py", "/etc/passwd"), "`steal.py` is a link or a device")
    refuse(zip_entry("null", b"", stat.S_IFCHR | 0o666), "`null` is a link or a device")
    refuse(zip_entry("pipe", b"", stat.S_IFIFO | 0o666), "`pipe` is a link or a device")


def test_messages_show_strange_names_in_printable_form():
    refuse(zip_link("a\u00a0b", "c"), r"`a\?b` is a link")
    refuse(zip_entry("../" + "a" * 500), r"`\.\./a{95,}…`")


def test_link_inside_a_left_out_folder_does_no_harm():
    assert set(read_bytes("hw.zip", zip_link(".venv/bin/python", "/usr/bin/python"), config()).files) == {
        "solution.py"
    }


def test_encrypted_is_said_clearly():
    data = zip_of({"solution.py": b"x = 1\n"})
    directory = data.index(b"PK\x01\x02")
    refuse(patched(patched(data, 6, "<H", 1), directory + 8, "<H", 1), "without a password")


def test_unusual_compression_is_refused():
    refuse(zip_of(GOOD, zipfile.ZIP_LZMA), "unusual method")
    refuse(zip_of(GOOD, zipfile.ZIP_BZIP2), "unusual method")


def test_bomb_is_stopped_while_reading():
    refuse(zip_of({"solution.py": b"#" * 10_000_000}), "unpacks to more than 2.0 MB")
    refuse(zip_of({"solution.py": b"#" * 20_000}), "unpacks to more than 10000 bytes", max_bytes=10_000)


def test_bomb_that_lies_about_its_size_is_damaged():
    data = zip_of({"solution.py": b"#" * 50_000})
    directory = data.index(b"PK\x01\x02")
    refuse(patched(patched(data, 22, "<L", 10), directory + 24, "<L", 10), "damaged")
    refuse(patched(data, directory + 24, "<L", 60_000), "damaged")


def test_ratio_is_capped_even_where_the_assignment_allows_much():
    data = zip_of({"solution.py": b"x = 1\n", "zeros.bin": bytes(5_000_000)})
    refuse(data, "unpacks to more than", max_bytes=10**9)


def test_entries_that_share_bytes_are_refused():
    """As in 42.zip's successors: many names in the list point to one block of data."""
    data = zip_of({"solution.py": b"#" * 100})
    directory, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[directory:end]
    twin = entry.replace(b"solution.py", b"solutioN.pz")
    tail = patched(data[end:], 8, "<HHL", 2, 2, 2 * len(entry))
    refuse(data[:directory] + entry + twin + tail, "overlaps")


def test_entry_that_reaches_into_the_directory_is_refused():
    data = zip_of({"solution.py": b"#" * 100}, zipfile.ZIP_STORED)
    directory = data.index(b"PK\x01\x02")
    refuse(patched(data, directory + 20, "<LL", 110, 110), "reaches into")


def test_folder_by_its_mode_alone():
    submission = read_bytes("hw.zip", zip_entry("folder", b"", stat.S_IFDIR | 0o755), config())
    assert set(submission.files) == {"solution.py"}


def test_quoted_local_header_is_refused():
    """One entry's content holds the header of the next one."""
    inner = zip_of({"b.py": b"x = 1\n"}, zipfile.ZIP_STORED)
    header = inner[: inner.index(b"PK\x01\x02")]
    outer = zip_of({"a.py": header}, zipfile.ZIP_STORED)
    directory, end = outer.index(b"PK\x01\x02"), outer.index(b"PK\x05\x06")
    second = inner[inner.index(b"PK\x01\x02") : inner.index(b"PK\x05\x06")]
    second = patched(second, 42, "<L", outer.index(header))
    tail = patched(outer[end:], 8, "<HHL", 2, 2, end - directory + len(second))
    refuse(outer[:end] + second + tail, "overlaps")


def test_thousands_of_entries_are_refused():
    refuse(zip_of({f"f{number}.py": b"" for number in range(300)}), "more than 200 files")
    refuse(zip_of({f"{number}/": b"" for number in range(MAX_ENTRIES + 1)}), f"more than {MAX_ENTRIES} names")


@pytest.mark.parametrize("cut", [4, 30, 60, 100, -1, -22])
def test_truncated_is_said_clearly(cut):
    refuse(zip_of(GOOD)[:cut], "damaged|cannot be unpacked")


def test_flipped_content_is_found_by_its_checksum():
    data = bytearray(zip_of(GOOD, zipfile.ZIP_STORED))
    data[data.index(b"x = 1")] ^= 1
    refuse(bytes(data), "damaged.*CRC")


def test_huge_zip64_claims_are_refused():
    data = zip_of({"solution.py": b"x = 1\n"})
    directory, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    extra = struct.pack("<HHQQ", 1, 16, 2**63, 2**63)
    entry = patched(data[directory:end], 20, "<LL", 2**32 - 1, 2**32 - 1)
    entry = patched(entry, 30, "<H", len(extra)) + extra
    tail = patched(data[end:], 12, "<L", len(entry))
    refuse(data[:directory] + entry + tail, "damaged")


def test_ending_may_lie_as_mail_programs_do():
    assert read_bytes("hw.tar.gz", zip_of(GOOD), config()).files == dict(sorted(GOOD.items()))
    refuse(b"Rar!\x1a\x07\x00", "it looks like a RAR archive")
