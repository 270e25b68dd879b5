"""Submissions that attack the grader. None gains a point, sees the secret, harms others or leaves a trace."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from backends import CHANNEL, KIND, chosen_backend
from hostile_attacks import ATTACKS, Outcome

from grader.engine import Engine
from grader.errors import InfrastructureError
from grader.scoring.model import Score, TestResult, TestStatus

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
HONEST = ("test_double_before", "test_double_after", "test_double_last")
BYSTANDERS: set[int] = set()  # servers of other tests, which live as long as the run
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Course:
    """A copy of the course that holds a secret, an engine for it, and the submissions to hand in."""

    engine: Engine
    canary: str
    submissions: Path
    folder: Path

    def grade(self, path: Path) -> Score:
        return self.engine.grade("hostile", path, seed=7)

    @property
    def honest(self) -> Path:
        return self.submission("honest")

    def submission(self, name: str) -> Path:
        path = self.submissions / name
        return path if path.is_dir() else path.with_suffix(".py")


def rewrite(folder: Path, **words: object) -> None:
    for path in folder.rglob("*.*"):
        if path.is_file():
            text = path.read_text()
            for word, replacement in words.items():
                text = text.replace(word, str(replacement))
            path.write_text(text)


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Iterator[Course]:
    root = tmp_path_factory.mktemp("hostile")
    canary, address = f"tgc-{secrets.token_hex(16)}", f"tensorgrade-{secrets.token_hex(8)}"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "course", root / "course", ignore=ignored)
    shutil.copytree(HERE / "submissions", root / "submissions", ignore=ignored)
    shutil.copy(PROJECT / "test_specs" / "pytest.ini", root / "course" / "test_specs")
    rewrite(root / "course", CANARY=canary)
    rewrite(root / "submissions", COURSE=root / "course", PROJECT=PROJECT, LISTENER=address, **CHANNEL)
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as listener:
        patch.setenv("TENSORGRADE_TEST_SECRET", canary)
        listener.bind(f"\0{address}")
        listener.listen()
        yield from opened(root, canary)


def opened(root: Path, canary: str) -> Iterator[Course]:
    BYSTANDERS.update(descendants(os.getpid()))
    with ExitStack() as stack:
        try:
            backend = stack.enter_context(chosen_backend())
            engine = stack.enter_context(Engine(root=root / "course", backend=backend))
            engine.prepare("hostile")
        except InfrastructureError as error:
            unavailable(error)
        yield Course(engine, canary, root / "submissions", root / "course")


def unavailable(error: InfrastructureError) -> None:
    if os.environ.get("CI") == "true":
        raise error
    pytest.skip(f"no sandbox here: {error}")


@dataclass(frozen=True)
class Machine:
    """What a grading could leave behind."""

    processes: frozenset[int]  # our descendants
    descriptors: tuple[tuple[int, int], ...]  # process, how many it has open; ours and our servers'
    mounts: str
    groups: frozenset[str]
    marks: frozenset[str]


def machine() -> Machine:
    processes = descendants(os.getpid(), BYSTANDERS)
    # Warm containers come and go: their server's descriptors and the engine's mounts with them.
    watched = sorted({os.getpid(), *processes}) if KIND == "local" else [os.getpid()]
    counts = tuple((pid, open_descriptors(pid)) for pid in watched)
    prefixes = tuple(f"tensorgrade-{pid}-" for pid in processes)
    groups = {
        name for _, folders, _ in os.walk("/sys/fs/cgroup") for name in folders if name.startswith(prefixes)
    }
    places = [Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path.home(), Path.cwd(), Path("/")]
    marks = {str(path) for place in places for path in place.glob("*tgm-*")}
    return Machine(
        frozenset(processes),
        counts,
        Path("/proc/self/mountinfo").read_text() if KIND == "local" else "",
        frozenset(groups),
        frozenset(marks),
    )


def open_descriptors(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has just ended


def descendants(root: int, without: Collection[int] = ()) -> set[int]:
    """Children, and theirs; `without` some of them and what they started."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    found, size = {root}, 0
    while len(found) > size:
        size = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found and pid not in without}
    return found - {root}


@pytest.fixture(scope="module")
def clean(course) -> Machine:
    """The machine after one honest grading, when everything is warm."""
    course.grade(course.honest)
    return settled(None)


def settled(wanted: Machine | None, seconds: float = 5.0) -> Machine:
    """The machine once it is as wanted, or as it still is after some time: processes take a moment to end."""
    deadline = time.monotonic() + seconds
    seen = machine()
    while seen != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
        before, seen = seen, machine()
        if wanted is None and before == seen:
            return seen
    return seen


def by_name(score: Score) -> dict[str, TestResult]:
    return {test.id.partition("::")[2]: test for test in score.tests}


def check_outcome(score: Score, expected: Outcome) -> None:
    tests = by_name(score)
    rounds = [tests[f"test_attack[{number}]"] for number in range(3)]
    told = "\n".join(f"{name}: {test.status}: {' | '.join(test.hints)[:300]}" for name, test in tests.items())
    for test, statuses, pattern in zip(rounds, expected.attack, expected.says, strict=True):
        assert test.status in statuses.split("|"), told
        assert re.fullmatch(pattern, test.hints[0], re.DOTALL), told
    for name, statuses in zip(HONEST, expected.honest, strict=True):
        assert tests[name].status in statuses.split("|"), told
    guarded = {name: test for name, test in tests.items() if name.startswith("test_guarded")}
    assert len(guarded) == 8
    assert all(test.status is not TestStatus.PASSED and test.score == 0 for test in guarded.values()), told
    # Whatever a submission does is its own fault: it gets a verdict, and the grading a score.
    assert all(test.status.is_verdict for test in tests.values()), told
    earned = sum(tests[name].status is TestStatus.PASSED for name in HONEST)
    factor = 0.5 if expected.salvaged else 1.0
    assert score.salvage_penalty == (0.5 if expected.salvaged else 0.0)
    assert tuple(rule.id for rule in score.rules) == expected.rules_broken
    assert score.score == max(0.0, factor * earned - len(expected.rules_broken)), told


def check_text(score: Score, canary: str) -> None:
    """The score is small, harmless to show, and does not know the secret."""
    text = score.to_json()
    assert canary not in text
    assert "tgc-" not in text
    assert len(text) < 1_000_000
    shown = [
        *score.notes,
        *(line for test in score.tests for line in (test.name, test.output, test.stdout, *test.hints)),
    ]
    assert not [line for line in shown if CONTROLS.search(line)]


def test_every_submission_is_expected():
    files = {path.stem for path in (HERE / "submissions").iterdir() if path.name != "__pycache__"}
    assert files == {*ATTACKS, "honest"}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(course, clean, name):
    score = course.grade(course.submission(name))
    check_text(score, course.canary)
    check_outcome(score, ATTACKS[name])
    after = course.grade(course.honest)
    statuses = {test.status for name, test in by_name(after).items() if not name.startswith("test_guarded")}
    assert statuses == {TestStatus.PASSED}, [(t.id, t.hints) for t in after.tests if t.status != "passed"]
    assert after.score == 3.0
    assert settled(clean) == clean


def test_a_submission_may_be_handed_in_again(course):
    """What the first left behind, the second does not find."""
    first, second = course.grade(course.submission("marker")), course.grade(course.submission("marker"))
    assert [test.hints for test in first.tests] == [test.hints for test in second.tests]


def test_the_secret_is_really_there(course):
    """Else none of these tests would mean anything: the course's own solution passes all that is guarded."""
    reference = course.folder / "reference" / "hostile" / "solution.py"
    assert course.canary in reference.read_text()
    assert course.grade(reference).score == 11.0
