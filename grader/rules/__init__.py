"""Static rules: what a submission may import, call or must define. Syntax trees only; nothing is executed.

    program    the parsed files, and which of them an import means
    scopes     which names are bound where, and to what
    resolve    what every expression may refer to, in the words of `origins`
    idle       what is written but never runs
    holders, patches    what changes a class or function from outside
    reach      what a rule looks at
    imports, calls, definitions    the five kinds of rules; `signatures` compares two
    package    what an archive is called and has to hold; it looks at names only

A rule cannot see what a program computes. It catches honest mistakes and plain evasions; hidden tests and an
author who forbids "dynamic" do the rest. A file that does not parse is skipped: it cannot run either, and the
harness says why.
"""

from __future__ import annotations

from grader.rules.check import check
from grader.rules.model import Violation
from grader.rules.package import check_package
from grader.rules.whole import check_all

__all__ = ["Violation", "check", "check_all", "check_package"]
