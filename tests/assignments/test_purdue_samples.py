"""The committed archives of purdue_hw1 are what their build script makes."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

SPECS = Path(__file__).parents[2] / "test_specs" / "purdue_hw1"


def contents(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_archives_are_up_to_date(tmp_path):
    command = [sys.executable, "-B", str(SPECS / "samples" / "build.py"), str(tmp_path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)
    built = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*.tar.gz")}
    committed = {path.relative_to(SPECS / "samples"): path for path in (SPECS / "samples").glob("*/*.tar.gz")}
    assert built.keys() == committed.keys()
    stale = [
        str(name)
        for name, path in built.items()
        if contents(path.read_bytes()) != contents(committed[name].read_bytes())
    ]
    assert not stale, "Run test_specs/purdue_hw1/samples/build.py."


def test_given_files_are_the_reference_s_and_the_template_s():
    given = SPECS / "given"
    for path in given.rglob("*.py"):
        name = path.relative_to(given)
        for copy in (SPECS / "template", SPECS.parents[1] / "reference" / "purdue_hw1"):
            assert (copy / name).read_bytes() == path.read_bytes()
