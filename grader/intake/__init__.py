"""Takes in what a student hands in: a .py file, a folder, a .zip or a .tar[.gz]. Everything stays in memory.

    unpack (disk, zips, tars into a Collector) -> answers -> entry -> sources to UTF-8 -> Submission

A mistake of the student is a SubmissionError that says what to change. A syntax error is not one: the rest
of the homework may still be graded; `syntax_error` gives the sentence for it.
"""

from __future__ import annotations

from grader.intake.model import Submission
from grader.intake.syntax import syntax_error
from grader.intake.unpack import read, read_bytes

__all__ = ["Submission", "read", "read_bytes", "syntax_error"]
