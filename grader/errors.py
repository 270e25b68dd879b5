"""Every exception that grader raises on purpose, in one tree.

    TensorgradeError
    |-- SubmissionError        the student's fault: the upload cannot be graded; the text says what to change
    |-- StudentCodeError       the student's fault: their code raised, is missing, hung or died during a call
    |   |-- RemoteException    it raised (their type, message and frames)
    |   |-- NotImplementedYet  a stub, a NotImplementedError or a missing name
    |   |-- CallTimeout        it ran past a deadline
    |   |-- SandboxDied        its process ended (out of memory, os._exit, signal, flood of output)
    |   `-- WireError          it sent bytes that break the protocol
    |-- SpecError              the assignment author's fault
    |-- InfrastructureError    our fault: retried, charged to nobody, never a score
    |   `-- LimitUnavailable   this machine cannot enforce a limit; carries the remedy
    `-- UsageError             wrong command line or setting

Three families never mix: what a student did, what an author did, what we did.
"""

from __future__ import annotations

from dataclasses import dataclass


class TensorgradeError(Exception):
    """Base of all of them."""


class SubmissionError(TensorgradeError):
    """An upload that cannot be graded. The message names the file, the line where there is one, and
    the remedy.
    """


class StudentCodeError(TensorgradeError):
    """The student's code did not give a result."""


@dataclass(frozen=True)
class Frame:
    """One line of a student's traceback. `source` is the text of that line, '' if unknown."""

    file: str
    line: int
    function: str
    source: str


class RemoteException(StudentCodeError):
    """The student's code raised. Only frames of the student's own files are kept."""

    def __init__(self, type_name: str, message: str, frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(f"{type_name}: {message}" if message else type_name)
        self.type_name = type_name
        self.message = message
        self.frames = frames


class NotImplementedYet(StudentCodeError):
    """A stub, a NotImplementedError or a name that the submission lacks."""


class CallTimeout(StudentCodeError):
    """A call or a test ran past its deadline; the sandbox was killed."""


class SandboxDied(StudentCodeError):
    """The sandbox ended during a call. `status` is the `grader.sandbox.Status` it ended with."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class WireError(StudentCodeError):
    """Bytes from the sandbox that break the protocol: damaged, oversized, forged or out of turn."""


class SpecError(TensorgradeError):
    """A mistake in an assignment: its toml, its tests, its reference or its samples."""


class InfrastructureError(TensorgradeError):
    """Something of ours failed. The grading is retried and charged to nobody."""


class LimitUnavailable(InfrastructureError):
    """A limit that this machine cannot enforce, so nothing is run. `remedy` says what an operator can do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} Remedy: {remedy}")
        self.remedy = remedy


class UsageError(TensorgradeError):
    """A wrong command line or setting."""
