"""The score of one grading: what the examiner returns, the database keeps, and students and staff read.

A `Score` as it comes from a grading holds everything: it is the staff's view; `views.student_view` makes
the student's. All text is cleaned and capped on the way in (`grader.text`), all numbers are finite.
The JSON schema is docs/score.schema.json.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, model_validator

from grader.text import clean, one_line

SCHEMA = "tensorgrade.score/1"
ANSWERS = "answers::"  # how the ids of written answers begin, where a test of code has its file
MAX_SERIES = 16  # of one test
MAX_POINTS = 1000  # of one series

# Cleaned before validation, because pydantic refuses a lone surrogate.
Line = Annotated[str, BeforeValidator(lambda text: one_line(text, 500) if isinstance(text, str) else text)]
Block = Annotated[str, BeforeValidator(lambda text: clean(text, 20_000) if isinstance(text, str) else text)]
NonNegative = Annotated[FiniteFloat, Field(ge=0)]


class TestStatus(StrEnum):
    """The verdict on one test."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    PASSED = "passed"
    FAILED = "failed"  # wrong
    NOT_IMPLEMENTED = "not_implemented"  # a stub, NotImplementedError, a missing name
    ERROR = "error"  # their exception
    TIMEOUT = "timeout"
    MEMORY = "memory"
    KILLED = "killed"
    SKIPPED = "skipped"  # a test that it requires did not pass
    WAITING = "waiting"  # a written answer that somebody has to read
    INFRASTRUCTURE = "infrastructure"  # our fault
    SPEC_ERROR = "spec_error"  # the author's fault

    @property
    def is_verdict(self) -> bool:
        """False for our fault and the author's fault: then the grading has no score."""
        return self not in (TestStatus.INFRASTRUCTURE, TestStatus.SPEC_ERROR)


class Visibility(StrEnum):
    """What students see of a test.

    visible          everything.
    hidden           name, status, points, `hints`; not `output` and `stdout`, which may give answers away.
    after_due_date   the name, and that the result is withheld; everything once the assignment is due.
    after_published  the same until the grades are published.
    """

    VISIBLE = "visible"
    HIDDEN = "hidden"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"


class _Record(BaseModel):
    """A frozen value; an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        serialize_by_alias=True,
        json_schema_serialization_defaults_required=True,
    )


class Series(_Record):
    """A curve that the student's code gave, such as its loss by epoch: the points (x[i], y[i]), to be drawn.

    Their own numbers, as they are: nothing of it decides points, and it holds no expected value.
    """

    title: Line
    x_label: Line = ""
    y_label: Line = ""
    x: tuple[FiniteFloat, ...]
    y: tuple[FiniteFloat | None, ...]  # None where there was no number, or none that is finite

    @model_validator(mode="after")
    def _points(self) -> Series:
        if len(self.x) != len(self.y) or len(self.x) > MAX_POINTS:
            raise ValueError(f"{self.title}: {len(self.x)} x and {len(self.y)} y; at most {MAX_POINTS} each")
        return self


class TestResult(_Record):
    """One test."""

    __test__: ClassVar[bool] = False

    id: str  # the pytest node id relative to the assignment: "test_x.py::test_forward[stride2]"
    name: Line  # what is checked, as a sentence for the student
    part: str | None = None  # the name of its part
    status: TestStatus
    score: NonNegative = 0.0  # earned, at most max_score; 0 where there is no verdict
    max_score: NonNegative = 0.0
    visibility: Visibility = Visibility.HIDDEN
    hints: tuple[Block, ...] = ()  # why, shown for hidden tests too: never an expected value
    output: Block = ""  # what there is to add to the hints, expected values too: for visible tests only
    stdout: Block = ""  # what the student's code printed during the test: shown for visible tests only
    # Shown for hidden tests too.
    series: Annotated[tuple[Series, ...], Field(max_length=MAX_SERIES)] = ()
    duration_ms: NonNegative = 0.0
    slow: bool = False

    @property
    def is_answer(self) -> bool:
        """Whether it is a written answer, which no code earned."""
        return self.id.startswith(ANSWERS)

    @model_validator(mode="after")
    def _score_within_max(self) -> TestResult:
        if self.score > self.max_score:
            raise ValueError(f"{self.id}: a score of {self.score} is above the maximum of {self.max_score}")
        return self


class WithheldTest(_Record):
    """A test whose result the student will see later; it counts in no shown score and no shown maximum."""

    id: str
    name: Line
    part: str | None = None
    until: Literal[Visibility.AFTER_DUE_DATE, Visibility.AFTER_PUBLISHED]


class PartScore(_Record):
    """The sum of one part, capped at the part's maximum. The part "" holds the tests that belong to none."""

    name: str
    title: Line = ""
    score: FiniteFloat | None  # None where a test of the part has no verdict
    max_score: NonNegative


class RuleResult(_Record):
    """A static rule that the submission breaks, at one place."""

    id: str
    file: Line
    line: Annotated[int, Field(ge=0)]  # 0 where the whole file is meant
    text: Line = ""  # that line of the student's source
    message: Line
    points: NonNegative = 0.0  # deducted from the total
    zero_parts: tuple[str, ...] = ()  # parts that earn nothing because of it


class Usage(_Record):
    """What all sandboxes of the grading used together."""

    cpu_seconds: NonNegative = 0.0
    wall_seconds: NonNegative = 0.0  # of the whole grading
    peak_memory_bytes: Annotated[int, Field(ge=0)] = 0  # of the largest
    sandboxes: Annotated[int, Field(ge=0)] = 0  # how many were started
    peak_gpu_memory_bytes: Annotated[int, Field(ge=0)] | None = None  # None: no GPU, or a shared one


class Environment(_Record):
    """With what it was graded; enough to replay it."""

    tensorgrade: str
    python: str
    torch: str
    numpy: str
    platform: str
    backend: str  # the sandbox backend
    data: Line | None = None  # the data set, in words; None if none was used
    gpu: Line | None = None  # its name; None if no sandbox had one
    gpu_driver: Line | None = None
    cuda: Line | None = None  # the version that torch was built with


class SubmissionInfo(_Record):
    """Which upload was graded."""

    sha256: str
    name: Line


class Score(_Record):
    """The result of one grading. `score` is None if a test has no verdict: then it may not count."""

    schema_: Literal["tensorgrade.score/1"] = Field("tensorgrade.score/1", alias="schema")
    assignment: str
    spec_version: str
    stage: Literal["quick", "slow", "all"] = "all"
    score: FiniteFloat | None
    max_score: NonNegative
    parts: tuple[PartScore, ...] = ()
    tests: tuple[TestResult, ...] = ()
    withheld: tuple[WithheldTest, ...] = ()  # in a student's view only
    rules: tuple[RuleResult, ...] = ()
    salvage_penalty: Annotated[FiniteFloat, Field(ge=0, le=1)] = (
        0.0  # fraction of the points that code earned, that is lost
    )
    allow_negative: bool = False  # whether deductions may bring the total below 0
    imported: bool = True  # False: nothing of the submission could be run
    notes: tuple[Line, ...] = ()  # sentences for the student: what was salvaged, renamed, ignored
    submission: SubmissionInfo
    seed: int
    environment: Environment
    usage: Usage = Usage()

    def to_json(self, indent: int | None = 2) -> str:
        """JSON with keys in the order of this page; `Score.model_validate_json` reads it back."""
        return self.model_dump_json(by_alias=True, indent=indent)


def without_times(score: Score) -> dict[str, Any]:
    """The score as JSON data without what differs between two gradings with one seed: durations and usage."""
    data = score.model_dump(mode="json", by_alias=True, exclude={"usage"})
    for test in data["tests"]:
        del test["duration_ms"]
    return data
