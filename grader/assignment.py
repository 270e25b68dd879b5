"""An assignment as its author writes it: test_specs/<name>/assignment.toml, parsed and checked."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from grader.errors import SpecError, UsageError
from grader.sandbox.base import Limits

REPOSITORY = Path(__file__).resolve().parent.parent


class _Table(BaseModel):
    """A toml table: unknown keys are refused, so that a typo is never a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Table):
    """A named share of the points. `max_points` caps the sum of its tests."""

    name: str
    title: str = ""
    max_points: float | None = None


class Code(_Table):
    """The code that students hand in."""

    entry: str = "solution"  # the name that specs use: submission.solution
    files: tuple[str, ...] = ("solution.py",)  # preferred names of the entry module, best first
    required_names: tuple[str, ...] = ()  # also finds the entry among several files
    max_bytes: int = 2_000_000  # of the upload, and of all its files unpacked
    max_files: int = 200
    import_seconds: float = 10.0  # longer at import, and the file is salvaged
    salvage_penalty: Annotated[float, Field(ge=0, le=1)] = 0.0  # fraction of its points salvaged code loses


class Module(_Table):
    """A further module that specs call `submission.<name>`: found like the entry among the files, loaded when
    it is first asked for, and lost by itself where it cannot be imported.
    """

    name: str
    files: tuple[str, ...]  # preferred paths below the top folder, best first; .ipynb or .py
    required_names: tuple[str, ...] = ()  # also finds it among several files
    fallback: str = ""  # a file of the course, below the assignment's folder, that other modules import in
    # its place where it cannot be compiled; sandboxes see it


class RequiredPath(_Table):
    """What an archive has to hold; a missing one is named to the student."""

    path: str  # below the top folder, without regard to case; `*` for any letters, a final / for a folder
    points: float = 0.0  # what it costs if it is missing
    message: str = ""


class Package(_Table):
    """What an uploaded archive has to look like. Nothing of it applies to a lone file."""

    name: str = ""  # a regular expression for the archive's whole name
    example: str = ""  # what students read: "[firstname]_[lastname]_hw1.tar.gz"
    name_points: float = 0.0  # what a wrong name costs
    folder_points: float = 0.0  # what it costs if the one folder inside has not the archive's name
    required: tuple[RequiredPath, ...] = ()
    given: str = ""  # folder below the assignment's: its files take the place of the student's


class LimitsTable(_Table):
    """`Limits` of the sandbox, as toml. Unset fields keep their default."""

    cpu_seconds: float | None = None
    wall_seconds: float | None = None
    memory_mib: int | None = None
    processes: int | None = None
    open_files: int | None = None
    output_kib: int | None = None
    tmp_mib: int | None = None
    tmp_files: int | None = None
    threads: int | None = None
    gpus: int | None = None

    def limits(self) -> Limits:
        """The same as a `Limits`."""
        given = self.model_dump(exclude_none=True)
        scaled = {
            "memory_mib": ("memory_bytes", 2**20),
            "output_kib": ("output_bytes", 2**10),
            "tmp_mib": ("tmp_bytes", 2**20),
        }
        fields = {}
        for key, value in given.items():
            name, factor = scaled.get(key, (key, 1))
            fields[name] = value * factor
        return Limits(**fields)


class SlowLimitsTable(LimitsTable):
    """The same for slow tests, which train."""

    cpu_seconds: float | None = 240.0
    wall_seconds: float | None = 300.0
    memory_mib: int | None = 2048


class Deadlines(_Table):
    """Seconds of wall time."""

    call_seconds: float = 10.0
    test_seconds: float = 30.0
    slow_test_seconds: float = 120.0


class Rule(_Table):
    """A static rule, checked on the syntax tree without running anything.

    kind     names mean
    -------  ------------------------------------------------------------------------------------
    forbid-imports   modules (`torch.nn` also forbids what is below it)
    allow-imports    the only modules allowed; "stdlib" stands for the standard library
    forbid-calls     dotted names (`torch.nn.functional.conv2d`) or methods (`.backward`), even if not called
    require-names    top-level names or Class.method that must be defined
    signature        one `name(arg, arg=default)`; order and names must match, extra defaults are allowed
    """

    id: str
    kind: Literal["forbid-imports", "allow-imports", "forbid-calls", "require-names", "signature"]
    names: tuple[str, ...]
    scope: str | None = None  # only inside this top-level class or function
    files: tuple[str, ...] = ()  # only in these files, by path below the top folder; `*` for any letters
    message: str = ""  # what the student reads, before the file and line
    points: float = 0.0  # what breaking it costs
    zero_parts: tuple[str, ...] = ()  # parts that earn nothing once it is broken


class RubricItem(_Table):
    """What a reader gives points for in a report."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    points: Annotated[float, Field(gt=0, le=1e6)]  # at most
    description: str = ""  # students read it too


class Report(_Table):
    """A written report: a PDF that people mark by the rubric's items. It is not graded by the engine."""

    files: tuple[str, ...] = ("report.pdf",)  # what students are asked to call it; any name is taken
    max_pages: Annotated[int, Field(ge=1, le=200)] = 20
    max_bytes: Annotated[int, Field(ge=1, le=100_000_000)] = 10_000_000
    rubric: Annotated[tuple[RubricItem, ...], Field(min_length=1, max_length=100)]

    @field_validator("rubric")
    @classmethod
    def _ids_differ(cls, rubric: tuple[RubricItem, ...]) -> tuple[RubricItem, ...]:
        if len({item.id for item in rubric}) < len(rubric):
            raise ValueError("two items have the same id")
        return rubric


class AssignmentConfig(_Table):
    """The whole of assignment.toml."""

    name: str
    title: str
    code: Code = Code()
    modules: tuple[Module, ...] = ()
    package: Package = Package()
    parts: tuple[Part, ...] = ()
    rules: tuple[Rule, ...] = ()
    limits: LimitsTable = LimitsTable()
    slow_limits: SlowLimitsTable = SlowLimitsTable()
    deadlines: Deadlines = Deadlines()
    allow_negative: bool = False  # whether deductions may bring the total below 0
    answers: bool = False  # an answers.toml beside the code is read
    report: Report | None = None  # a PDF beside all that, for people to mark


@dataclass(frozen=True)
class Assignment:
    """An assignment on disk."""

    name: str
    folder: Path  # test_specs/<name>
    reference: Path  # reference/<name>
    config: AssignmentConfig
    spec_version: str  # 12 hex digits over every file that decides the score

    @property
    def samples(self) -> Path:
        """The folder of samples with declared verdicts."""
        return self.folder / "samples"


def names(root: Path = REPOSITORY) -> list[str]:
    """Every assignment below `root`/test_specs."""
    return sorted(path.parent.name for path in (root / "test_specs").glob("*/assignment.toml"))


def load(name: str, root: Path = REPOSITORY) -> Assignment:
    """Read one assignment.

    Raises:
        UsageError: there is none of that name.
        SpecError: its assignment.toml is wrong; the message names the key.
    """
    folder = root / "test_specs" / name
    if name not in names(root):
        known = ", ".join(names(root)) or "none"
        raise UsageError(f"There is no assignment {name!r}. Known: {known}.")
    config = _parse(folder / "assignment.toml")
    if config.name != name:
        raise SpecError(f"{folder / 'assignment.toml'}: name is {config.name!r}, but the folder is {name!r}.")
    reference = root / "reference" / name
    return Assignment(name, folder, reference, config, _version(folder, reference))


def _parse(path: Path) -> AssignmentConfig:
    try:
        return AssignmentConfig.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise SpecError(f"{path}: {where}: {first['msg']}") from error


def _version(folder: Path, reference: Path) -> str:
    """A digest over the specs and the reference; samples and documents do not count."""
    digest = hashlib.sha256()
    deciding = [*folder.glob("*.toml"), *folder.glob("*.py"), *folder.glob("given/**/*")]
    deciding += [*reference.rglob("*.py"), *reference.rglob("*.toml")]
    for path in sorted(path for path in deciding if path.is_file()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
