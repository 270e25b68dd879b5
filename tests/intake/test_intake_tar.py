"""Tar archives, honest and crafted."""

import gzip
import tarfile

import pytest
from intake_archives import TAR_END, config, padded, pax, pax_record, tar_header, tar_member, tar_of

from grader.errors import SubmissionError
from grader.intake import read_bytes

GOOD = {"solution.py": b"x = 1\n", "data/a.csv": b"1,2\n" * 300}
SOLUTION = tar_member(b"solution.py", b"x = 1\n")


def accept(data, **code):
    return read_bytes("hw.tar", data, config(**code)).files


def refuse(data, match, **code):
    with pytest.raises(SubmissionError, match=match) as caught:
        read_bytes("hw.tar", data, config(**code))
    assert str(caught.value).startswith("hw.tar")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize(
    ("name", "mode"), [("hw.tar", "w"), ("hw.tar.gz", "w:gz"), ("hw.tgz", "w:gz"), ("HW.TAR (1).GZ", "w:gz")]
)
def test_files_come_out_as_they_went_in(name, mode, form):
    data = tar_of({"data/": b"", **GOOD}, mode, format=form)
    assert read_bytes(name, data, config()).files == dict(sorted(GOOD.items()))


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_and_foreign_names(form):
    names = ["solution.py", "d" * 120 + "/" + "é" * 40 + ".py", "a/" * 12 + "x" * 110]
    assert set(accept(tar_of(dict.fromkeys(names, b"x = 1\n"), format=form))) == set(names)


def test_ustar_prefix_and_old_tar_without_magic():
    assert set(accept(tar_member(b"b.py", b"1", prefix=b"a") + SOLUTION + TAR_END)) == {
        "a/b.py",
        "solution.py",
    }
    assert set(accept(tar_member(b"solution.py", b"x = 1", b"\0", magic=bytes(8)) + TAR_END)) == {
        "solution.py"
    }
    assert set(accept(tar_member(b"d/", b"", b"\0", magic=bytes(8)) + SOLUTION + TAR_END)) == {"solution.py"}


def test_archives_of_a_mac():
    data = tar_of(
        {"./": b"", "./._solution.py": b"\0\5\x16\7", "./solution.py": b"x = 1\n", "./.DS_Store": b"\0"}
    )
    assert set(accept(data)) == {"solution.py"}


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (b"S", "of an unusual kind"),
        (b"D", "of an unusual kind"),
        (b"\xff", "of an unusual kind"),
    ],
)
def test_everything_but_files_and_folders_is_refused_by_name(kind, what):
    refuse(SOLUTION + tar_member(b"evil", b"", kind) + TAR_END, f"`evil` is {what}")


def test_sparse_by_pax_is_refused():
    refuse(pax(GNU__sparse__size="99999999999", GNU__sparse__map="0,1") + SOLUTION + TAR_END, "sparse")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "C:x", "a\\b"])
def test_unsafe_names_are_refused_wherever_they_stand(name):
    refuse(SOLUTION + tar_member(name.encode(), b"") + TAR_END, "the name")
    refuse(SOLUTION + pax(path=name) + tar_member(b"fine.py", b"") + TAR_END, "the name")
    long_name = tar_member(b"././@LongLink", name.encode() + b"\0", b"L")
    refuse(SOLUTION + long_name + tar_member(b"fine.py", b"") + TAR_END, "the name")


def test_path_of_all_files_at_once_is_refused():
    shared = tar_member(b"g", pax_record("path", "other.py"), b"g")
    refuse(shared + SOLUTION + TAR_END, "damaged.*all files")
    comment = tar_member(
        b"pax_global_header", b"52 comment=" + b"a" * 40 + b"\n", b"g"
    )  # as git archive writes it
    assert set(accept(comment + SOLUTION + TAR_END)) == {"solution.py"}


def test_lying_pax_size_is_damaged():
    refuse(pax(size="999999999999") + SOLUTION + TAR_END, "damaged.*cut off")
    refuse(pax(size="-512") + SOLUTION + TAR_END, "damaged.*malformed")
    refuse(pax(size="9" * 5000) + SOLUTION + TAR_END, "damaged.*malformed")
    refuse(pax(size="0") + tar_member(b"solution.py", b"x = 1\n" * 100) + TAR_END, "damaged.*checksum")


@pytest.mark.parametrize(
    "body",
    [
        b"99 path=x\n",
        b"0 path=x\n",
        b"8 path=x\n",
        b"11 path=x\n",
        b"path=x\n",
        b"8 path=x",
        b"9999999999 p=x\n",
        b"6 path\n",
    ],
)
def test_malformed_pax_records_are_damaged(body):
    refuse(tar_member(b"p", body, b"x") + SOLUTION + TAR_END, "damaged")


@pytest.mark.parametrize(
    "field",
    [
        b"\xff" * 12,
        b"\x80" + b"\xff" * 11,
        b"77777777777\0",
        b"-0000000010\0",
        b"0x000000010\0",
        b"99999999999\0",
    ],
)
def test_negative_and_huge_sizes_are_damaged(field):
    refuse(tar_header(b"solution.py", size_field=field) + TAR_END, "damaged|cannot be unpacked")
    refuse(SOLUTION + tar_header(b"b.py", size_field=field) + TAR_END, "damaged")


def test_base_256_size_is_read():
    header = tar_header(b"solution.py", size_field=b"\x80" + (6).to_bytes(11, "big"))
    assert accept(header + padded(b"x = 1\n") + TAR_END) == {"solution.py": b"x = 1\n"}


def test_wrong_checksum_is_damaged():
    broken = bytearray(SOLUTION)
    broken[148:154] = b"777777"
    refuse(SOLUTION + bytes(broken) + TAR_END, "damaged.*checksum")


@pytest.mark.parametrize("cut", [512, 513, 700, 1024, 1536, 2048])
def test_truncated_is_said_clearly(cut):
    refuse(tar_of(GOOD)[:cut], "damaged")
    refuse(gzip.compress(tar_of(GOOD)[:cut]), "damaged")


def test_truncated_or_flipped_gzip_is_said_clearly():
    data = tar_of(GOOD, "w:gz")
    refuse(data[:-9], "damaged.*too early")
    refuse(data[:3], "damaged")
    refuse(data[:40] + bytes([data[40] ^ 0xFF]) + data[41:], "damaged")


def test_extension_headers_without_end():
    longer = tar_member(b"././@LongLink", b"x" * 100, b"L")
    refuse(longer * 1000 + TAR_END, "damaged.*before nothing")
    refuse(gzip.compress(longer * 20_000), "unpacks to more")


def test_gzip_bombs_are_stopped():
    refuse(gzip.compress(bytes(30_000_000)), "unpacks to more than")
    refuse(tar_of({"solution.py": b"#" * 1_500_000}, "w:gz"), "unpacks to more than 1.0 MB")
    refuse(gzip.compress(gzip.compress(tar_of(GOOD))), "damaged")


def test_gzip_members():
    data, half = tar_of(GOOD), 700
    assert accept(gzip.compress(data[:half]) + gzip.compress(data[half:])) == dict(sorted(GOOD.items()))
    assert accept(gzip.compress(data) + bytes(100)) == dict(sorted(GOOD.items()))
    refuse(gzip.compress(b"") * 50_000, "too many gzip members")


def test_caps_on_files_and_names():
    refuse(tar_of({f"f{number}.py": b"" for number in range(300)}, "w:gz"), "more than 200 files")
    refuse(tar_of({"a.py": b"", "A.py": b""}), "both")
    refuse(tar_of({"a": b"", "a/b": b""}), "twice|both")
