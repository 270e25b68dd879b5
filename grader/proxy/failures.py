"""What a student reads of a request that failed."""

from __future__ import annotations

from grader.errors import Frame, NotImplementedYet, RemoteException, StudentCodeError
from grader.intake.model import Submission
from grader.sandbox.base import Limits, Result, Status
from grader.wire import messages as m

_MOST_FRAMES = 12
_MOST_TEXT = 2000  # characters of an exception's message, of a line of its traceback, of a type's name


def failure_of(raised: m.Raised, submission: Submission) -> StudentCodeError:
    """What the submission raised, with places as the student knows them."""
    frames = tuple(_frame(line, submission) for line in raised.frames[-_MOST_FRAMES:])
    message = submission.in_their_words(raised.message[:_MOST_TEXT])[:_MOST_TEXT]
    if not raised.missing:
        return RemoteException(raised.type_name[:_MOST_TEXT], message, frames)
    where = f" ({frames[-1].file}, line {frames[-1].line}, in {frames[-1].function})" if frames else ""
    return NotImplementedYet(f"{message or 'Not implemented yet'}{where}")


def _frame(line: m.TracebackLine, submission: Submission) -> Frame:
    file, function, source = (text[:_MOST_TEXT] for text in (line.file, line.function, line.source))
    return Frame(*submission.place(file, line.line), function, source)


def ending_of(result: Result, limits: Limits) -> str:
    """What to tell the student of a sandbox that ended by itself."""
    mebibytes = limits.memory_bytes // 2**20
    sentences = {
        Status.MEMORY: f"Your code used more than {mebibytes} MiB of memory.",
        Status.CPU: f"Your code used more than {limits.cpu_seconds:g} s of processor time.",
        Status.WALL: f"Your code ran for more than {limits.wall_seconds:g} s.",
        Status.OUTPUT: f"Your code printed more than {limits.output_bytes // 1024} KiB.",
        Status.EXITED: f"Your code ended the process (exit code {result.exit_code}).",
        Status.SIGNALED: f"Your code's process was ended by signal {result.signal}.",
    }
    return sentences.get(result.status, "Your code's process ended.")
