"""Submissions and rules from text, for the tests of rules."""

from textwrap import dedent

from grader.assignment import Rule
from grader.intake import Submission
from grader.rules import check


def submission(files, entry="solution.py"):
    """A submission of one source or of several files."""
    files = {"solution.py": files} if isinstance(files, str | bytes) else files
    content = {
        path: text if isinstance(text, bytes) else dedent(text).encode() for path, text in files.items()
    }
    return Submission("hw", "0" * 64, content, entry)


def violations(files, /, kind, *names, entry="solution.py", **rule):
    """What one rule finds."""
    return check(submission(files, entry), (Rule(id="r", kind=kind, names=names, **rule),))


def lines(files, /, kind, *names, **rule):
    """The lines that one rule finds, in the entry or as (file, line) elsewhere."""
    found = violations(files, kind, *names, **rule)
    return [v.line if v.file == rule.get("entry", "solution.py") else (v.file, v.line) for v in found]
