"""Fetching from a real server on this machine: whole, cut, resumed, spoilt, refused, and unreachable."""

import gzip
import hashlib
import io
import os
import socket
import tarfile

import pytest
from data_server import Behaviour, serving

from grader.datasets_fetch import fetch
from grader.datasets_files import State, faults, state
from grader.datasets_sources import SOURCES, Source, SourceFile
from grader.errors import InfrastructureError, UsageError

LETTERS = os.urandom(200_000)  # packs badly: the .gz is as long
NUMBERS = os.urandom(1000)


def tar(**files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"top/{name}.bin")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


FILES = {
    "letters.gz": gzip.compress(LETTERS),
    "numbers.tar.gz": tar(one=NUMBERS, two=NUMBERS[::-1], other=b"not asked for"),
}


def published(name, *contents):
    content = FILES[name]
    return SourceFile(name, len(content), hashlib.sha256(content).hexdigest(), contents)


def source_at(*addresses):
    files = (published("letters.gz", "letters"), published("numbers.tar.gz", "one.bin", "two.bin"))
    return Source("alphabet", "Letters", "Alphabet/raw", addresses, files)


@pytest.fixture
def server():
    behaviour = Behaviour(dict(FILES))
    with serving(behaviour) as address:
        behaviour.address = address
        yield behaviour


def asked_for(server, name="letters.gz"):
    return [asked for path, asked in server.asked if path.endswith(name)]


def assert_complete(root):
    folder = root / "Alphabet" / "raw"
    assert (folder / "letters").read_bytes() == LETTERS
    assert (folder / "one.bin").read_bytes() == NUMBERS
    assert (folder / "two.bin").read_bytes() == NUMBERS[::-1]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "letters", "one.bin", "two.bin"])
    assert list(faults(source_at("http://unused/"), root)) == []


def test_everything_is_fetched_checked_and_unpacked(server, tmp_path):
    told = []
    where = fetch(source_at(server.address), tmp_path, progress=lambda file, n: told.append((file.name, n)))
    assert where == tmp_path / "Alphabet" / "raw"
    assert_complete(tmp_path)
    assert told[-1] == ("numbers.tar.gz", len(FILES["numbers.tar.gz"]))
    letters = [received for name, received in told if name == "letters.gz"]
    assert letters == sorted(letters)
    assert len(letters) > 2


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    fetch(source_at(server.address), tmp_path)
    server.asked.clear()
    fetch(source_at(server.address), tmp_path)
    assert server.asked == []
    assert_complete(tmp_path)


def test_a_connection_that_breaks_is_taken_up_again_where_it_ended(server, tmp_path):
    server.cuts = [70_000, 50_000]
    fetch(source_at(server.address), tmp_path)
    assert asked_for(server) == [None, "bytes=70000-", "bytes=120000-"]
    assert_complete(tmp_path)


def test_a_later_fetch_goes_on_where_the_first_ended(server, tmp_path):
    server.cuts = [70_000, 0, 0, 0]
    with pytest.raises(InfrastructureError, match=r"70000 of \d+ bytes.*the same command"):
        fetch(source_at(server.address), tmp_path)
    assert state(source_at("http://unused/"), tmp_path) == (State.BEGUN, 70_000)
    server.asked.clear()
    fetch(source_at(server.address), tmp_path)
    assert asked_for(server) == ["bytes=70000-"]
    assert_complete(tmp_path)


def test_a_server_without_ranges_sends_everything_again(server, tmp_path):
    server.cuts, server.ranges = [70_000], False
    fetch(source_at(server.address), tmp_path)
    assert_complete(tmp_path)


def test_a_server_that_never_gets_further_is_given_up(server, tmp_path):
    server.cuts, server.ranges = [70_000, 50_000] * 20, False
    with pytest.raises(InfrastructureError, match="the connection ended"):
        fetch(source_at(server.address), tmp_path)
    assert len(server.asked) == 4


def test_a_first_half_of_something_else_is_thrown_away(server, tmp_path):
    part = tmp_path / "Alphabet" / "raw" / "letters.gz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    fetch(source_at(server.address), tmp_path)
    assert asked_for(server) == ["bytes=1000-", None]
    assert_complete(tmp_path)


def test_a_part_that_is_too_long_is_thrown_away(server, tmp_path):
    part = tmp_path / "Alphabet" / "raw" / "letters.gz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 300_000)
    fetch(source_at(server.address), tmp_path)
    assert_complete(tmp_path)


def test_a_wrong_checksum_is_refused_and_nothing_of_it_is_kept(server, tmp_path):
    server.files["letters.gz"] = gzip.compress(LETTERS[::-1]).ljust(len(FILES["letters.gz"]), b"\0")
    with pytest.raises(InfrastructureError, match=r"not the official file.*--mirror"):
        fetch(source_at(server.address), tmp_path)
    assert list((tmp_path / "Alphabet" / "raw").iterdir()) == []


@pytest.mark.parametrize("length", [100, 300_000])
def test_a_file_of_another_length_is_refused(server, tmp_path, length):
    server.files["letters.gz"] = bytes(length)
    with pytest.raises(InfrastructureError, match=r"letters\.gz cannot be fetched.*(416|more than the)"):
        fetch(source_at(server.address), tmp_path)
    assert not (tmp_path / "Alphabet" / "raw" / "letters.gz").exists()


def test_a_missing_file_names_its_address_and_is_asked_for_once(server, tmp_path):
    del server.files["letters.gz"]
    with pytest.raises(InfrastructureError, match=r"/folder/letters\.gz: the server answers 404"):
        fetch(source_at(server.address), tmp_path)
    assert asked_for(server) == [None]


def test_a_server_that_recovers_is_asked_again(server, tmp_path):
    server.errors = [503, 500]
    fetch(source_at(server.address), tmp_path)
    assert_complete(tmp_path)


def test_a_server_that_sends_another_part_is_not_believed(server, tmp_path):
    server.cuts, server.shift = [70_000], 10
    with pytest.raises(InfrastructureError, match="the part that was asked for"):
        fetch(source_at(server.address), tmp_path)


def test_the_next_place_is_asked_where_the_first_fails(server, tmp_path):
    fetch(source_at(server.address.replace("folder", "elsewhere"), server.address), tmp_path)
    assert_complete(tmp_path)


def test_a_mirror_takes_the_place_of_the_official_addresses(server, tmp_path):
    official = server.address.replace("folder", "official")
    fetch(source_at(official), tmp_path, mirror=server.address.rstrip("/"))
    assert all(path.startswith("/folder/") for path, _ in server.asked)
    assert_complete(tmp_path)


@pytest.mark.parametrize("mirror", ["file:///etc/", "ftp://example.org/", "folder"])
def test_a_mirror_is_a_web_address(tmp_path, mirror):
    with pytest.raises(UsageError, match="https://"):
        fetch(source_at("http://unused/"), tmp_path, mirror=mirror)


def test_without_a_network_the_sentence_says_so_and_what_to_do(tmp_path):
    with socket.socket() as closed:  # bound, not listening: connections are refused
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        with pytest.raises(InfrastructureError) as caught:
            fetch(source_at(address, "http://no-such-host.invalid/"), tmp_path)
    words = str(caught.value)
    assert words.count("no connection") == 2
    assert str(tmp_path / "Alphabet" / "raw" / "letters.gz") in words
    assert "offline stand-in" in words


def test_a_folder_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "Alphabet").write_text("a file")
    with pytest.raises(InfrastructureError, match="Alphabet"):
        fetch(source_at(server.address), tmp_path)


def test_a_file_copied_by_hand_only_needs_unpacking(server, tmp_path):
    folder = tmp_path / "Alphabet" / "raw"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    assert [fault.what.partition(":")[0] for fault in faults(source_at("http://unused/"), tmp_path)] == [
        "missing"
    ] * 3
    fetch(source_at("http://unused/"), tmp_path)
    assert_complete(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("letters", "differs from what letters.gz holds"),
        ("two.bin", "differs from what numbers.tar.gz holds"),
        ("letters.gz", "SHA-256"),
    ],
)
@pytest.mark.parametrize("damage", ["flipped", "longer", "shorter"])
def test_damage_is_found_and_mended(server, tmp_path, name, words, damage):
    source = source_at(server.address)
    path = fetch(source, tmp_path) / name
    content = path.read_bytes()
    changed = {"flipped": content[:-1] + bytes([content[-1] ^ 1]), "longer": content + b"x"}
    path.write_bytes(changed.get(damage, content[:-1]))
    found = list(faults(source, tmp_path))
    assert [fault.path for fault in found] == [path]
    assert words in found[0].what
    fetch(source, tmp_path)
    assert_complete(tmp_path)


def test_states(server, tmp_path):
    source = source_at(server.address)
    assert state(source, tmp_path) == (State.MISSING, 0)
    folder = fetch(source, tmp_path)
    assert state(source, tmp_path)[0] is State.READY
    (folder / "one.bin").unlink()
    assert state(source, tmp_path)[0] is State.BEGUN


def test_the_catalogue_is_well_formed():
    assert set(SOURCES) == {"fashion_mnist", "mnist", "cifar10"}
    for source in SOURCES.values():
        assert source.addresses[0].startswith("https://")
        assert all(address.endswith("/") for address in source.addresses)
        for file in source.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert 1000 < file.size < 200_000_000
    assert len({file.sha256 for source in SOURCES.values() for file in source.files}) == 9
