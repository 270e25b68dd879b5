"""From an upload or a path to its files in memory."""

from __future__ import annotations

from pathlib import Path

from grader.assignment import AssignmentConfig, Code
from grader.errors import SubmissionError, UsageError
from grader.intake.answers import FILE_NAME, MAX_BYTES
from grader.intake.assemble import Upload, assemble
from grader.intake.collect import Collector, megabytes
from grader.intake.disk import read_folder, read_regular
from grader.intake.entry import without_ending
from grader.intake.looks import looks_like, remedy
from grader.intake.model import Submission
from grader.intake.notebook import CLEAR_OUTPUTS
from grader.intake.notebook_files import is_notebook
from grader.intake.paths import base_name, clean, left_out
from grader.intake.tars import GZIP_MAGIC, is_tar, read_tar
from grader.intake.zips import read_zip

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz")
_ACCEPTED = "Accepted are a .py file, a notebook (.ipynb), a .zip and a .tar.gz."
_LEAVE_OUT = "Leave out data sets, checkpoints and virtual environments."


def read(path: Path, config: AssignmentConfig) -> Submission:
    """Take in a file or folder on disk. An answers.toml beside a lone .py file belongs to it.

    Raises:
        SubmissionError: it cannot be graded; the message says what to change.
        UsageError: there is nothing at `path`, or it cannot be read.
    """
    if path.is_dir():
        collector = Collector(base_name(path.resolve().name), config.code)
        read_folder(path.resolve(), collector)
        return assemble(Upload(collector.where, collector.files, collector.notes()), config)
    if not path.is_file():
        raise UsageError(f"There is no file or folder {path}.")
    upload = _opened(path.name, read_regular(path.resolve(), config.code.max_bytes + 1), config)
    beside = path.with_name(FILE_NAME)
    if upload.alone and config.answers and beside.is_file() and not beside.is_symlink():
        upload.files[FILE_NAME] = read_regular(beside, MAX_BYTES + 1)
    return assemble(upload, config)


def read_bytes(name: str, data: bytes, config: AssignmentConfig) -> Submission:
    """Take in an upload called `name`. The name is data: only its ending counts.

    Raises:
        SubmissionError: it cannot be graded; the message says what to change.
    """
    return assemble(_opened(name, data, config), config)


def _opened(name: str, data: bytes, config: AssignmentConfig) -> Upload:
    """A lone .toml file holds the answers, whatever its name. Anything else is unpacked."""
    if config.answers and name.lower().endswith(".toml"):
        return Upload(base_name(name), {FILE_NAME: data}, [])
    return _unpack(name, data, config.code)


def _unpack(name: str, data: bytes, code: Code) -> Upload:
    where = base_name(name)
    if len(data) > code.max_bytes:
        remedy_ = CLEAR_OUTPUTS if is_notebook(name) else _LEAVE_OUT
        raise SubmissionError(f"{where} is bigger than {megabytes(code.max_bytes)}. {remedy_}")
    if name.lower().endswith((".py", ".ipynb")):
        return Upload(where, {_key(name, code): data}, [], alone=True)
    if name.lower().endswith(_ARCHIVES):
        return _archive(where, data, code)
    what = looks_like(data)
    looks = f" It looks like {what}. {remedy(what)}" if what else ""
    raise SubmissionError(f"{where} is of a kind that is not accepted. {_ACCEPTED}{looks}")


def _key(name: str, code: Code) -> str:
    """The path that a lone file is kept under: its own name where that is a possible one."""
    where, ending = base_name(name), ".ipynb" if is_notebook(name) else ".py"
    fallback = without_ending(code.files[0] if code.files else code.entry) + ending
    try:
        return fallback if left_out(where) or not where.lower().endswith(ending) else clean(where, where)
    except SubmissionError:
        return fallback


def _archive(where: str, data: bytes, code: Code) -> Upload:
    """Unpack by content: browsers and mail programs change endings, and unpack .gz without saying so."""
    collector = Collector(where, code, packed=len(data))
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        read_zip(data, collector)
    elif data.startswith(GZIP_MAGIC) or is_tar(data):
        read_tar(data, collector)
    else:
        what = looks_like(data) or "neither a zip nor a tar file, or a damaged one"
        raise SubmissionError(
            f"{where} cannot be unpacked: it looks like {what}. Make a .zip or .tar.gz of your files."
        )
    return Upload(where, collector.files, collector.notes())
