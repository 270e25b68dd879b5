"""Further modules of a submission, and modules that come from notebooks, in a sandbox without isolation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.assignment import Assignment, AssignmentConfig
from grader.errors import (
    CallTimeout,
    NotImplementedYet,
    RemoteException,
    SandboxDied,
    SpecError,
    StudentCodeError,
    WireError,
)
from grader.intake.model import Submission
from grader.intake.notebook_files import convert
from grader.proxy.remote import RemoteSubmission
from grader.proxy.session import Session
from grader.spec.grading import Grading

MODULES = [
    {"name": "networks", "files": ["my_networks/networks.py"]},
    {"name": "activations", "files": ["my_networks/activations.py"], "fallback": "activations.py"},
    {"name": "filters", "files": ["filters.ipynb"]},
]
PACKAGE = {
    "hw/solution.py": "from my_networks import networks\n\ndef f(): return networks.double(3)\n",
    "hw/my_networks/__init__.py": "",
    "hw/my_networks/networks.py": "from .activations import relu\n\ndef double(x): return 2 * relu(x)\n",
    "hw/my_networks/activations.py": "def relu(x): return max(x, 0)\n",
}
FALLBACK = "def relu(x): return 100\n"


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


class Handed(RemoteSubmission):
    """A submission with its session and its grading."""

    def __init__(self, grading: Grading) -> None:
        self.grading = grading
        self.session: Session = grading.session("quick")
        super().__init__(self.session, "solution")


HandIn = Callable[..., Handed]


@pytest.fixture
def hand_in(backend, tmp_path: Path) -> Iterator[HandIn]:
    """hand_in({path: source}): entry and modules by the names above, wherever they lie."""
    gradings: list[Grading] = []
    (tmp_path / "activations.py").write_text(FALLBACK)

    def make(sources: dict[str, str], modules: list[dict[str, object]] = MODULES, **code: object) -> Handed:
        config = AssignmentConfig.model_validate(
            {"name": "hw", "title": "Homework", "modules": modules, "code": code}
        )
        submission = submitted(sources, [str(module["name"]) for module in modules])
        gradings.append(Grading(Assignment("hw", tmp_path, tmp_path, config, "0"), submission, backend, 5))
        return Handed(gradings[-1])

    yield make
    for grading in gradings:
        grading.finish()


def submitted(sources: dict[str, str], names: list[str]) -> Submission:
    made = convert({path: source.encode() for path, source in sources.items()})
    stems = {Path(path).stem: path for path in made.files}
    modules = {name: stems[name] for name in names if name in stems}
    return Submission(
        "hw.zip", "0" * 64, made.files, stems.get("solution"), modules=modules, places=made.places
    )


# ------------------------------------------------------------------ [[modules]]


def test_modules_below_the_top_folder_are_the_objects_that_the_entry_imports(hand_in):
    root = hand_in({**PACKAGE, "hw/solution.py": PACKAGE["hw/solution.py"] + "module = networks\n"})
    assert root.solution.f() == 6
    assert root.networks.double(4) == 8
    assert root.activations.relu(-1) == 0
    root.networks.mark = 7
    assert root.solution.module.mark == 7


def test_a_module_is_loaded_when_it_is_first_asked_for(hand_in):
    root = hand_in(
        {**PACKAGE, "hw/solution.py": "import sys\n\ndef known(): return 'networks' in str(sys.modules)\n"}
    )
    assert root.solution.known() is False
    assert root.networks.double(4) == 8
    assert root.solution.known() is True


def test_a_module_of_the_root_is_known_by_its_own_name(hand_in):
    root = hand_in(
        {"solution.py": "def f():\n    import networks\n    return networks.x\n", "networks.py": "x = 3\n"}
    )
    root.networks.x = 4
    assert root.solution.f() == 4


def test_one_that_was_not_handed_in_is_named(hand_in):
    root = hand_in(PACKAGE)
    with pytest.raises(NotImplementedYet, match=r"`filters\.ipynb` was not handed in"):
        _ = root.filters
    with pytest.raises(NotImplementedYet, match=r"`solution\.py` was not handed in"):
        _ = hand_in({"networks.py": "x = 1\n"}).solution


def test_a_failure_costs_the_tests_that_use_the_module(hand_in, backend):
    root = hand_in({**PACKAGE, "hw/solution.py": "def f(): return 1\n", "hw/filters.py": "x = 1\n\n1 / 0\n"})
    for _ in range(2):
        with pytest.raises(RemoteException, match="division by zero") as caught:
            _ = root.filters
        assert [(frame.file, frame.line) for frame in caught.value.frames] == [("hw/filters.py", 3)]
    assert root.solution.f() == 1
    assert root.networks.double(1) == 2


@pytest.mark.parametrize("source", ["import os\nos._exit(3)\n", "while True: pass\n"])
def test_a_module_that_ends_the_sandbox_is_tried_twice(hand_in, backend, source):
    root = hand_in({"solution.py": "def f(): return 1\n", "networks.py": source}, import_seconds=0.3)
    before = backend.started
    for _ in range(5):
        with pytest.raises((SandboxDied, CallTimeout)):
            _ = root.networks
    assert root.solution.f() == 1
    assert backend.started == before + 3


def test_importing_a_module_is_not_the_tests_time(hand_in):
    slow = "import time\ntime.sleep(0.5)\nx = 3\n"
    root = hand_in({"solution.py": "def f(): return 1\n", "networks.py": slow})
    assert root.solution.f() == 1
    root.grading.set_deadline(0.4)
    assert root.networks.x == 3


def test_an_entry_that_ends_every_sandbox_leaves_the_modules(hand_in):
    root = hand_in({**PACKAGE, "hw/solution.py": "import os\nx = os._exit(3)\n"})
    with pytest.raises(SandboxDied):
        _ = root.solution
    assert root.networks.double(4) == 8


def test_random_numbers_do_not_depend_on_when_a_module_is_loaded(hand_in):
    once = "import random\nx = random.random()\n"
    first = hand_in({"solution.py": "import random\n", "networks.py": once})
    second = hand_in({"solution.py": "import random\n", "networks.py": once + "y = random.random()\n"})
    second.solution.random.random()
    assert first.networks.x == second.networks.x
    assert first.solution.random.random() == second.solution.random.random()


def test_a_module_of_a_package_is_what_others_import_later(hand_in):
    later = "def f():\n    from my_networks import networks\n    return networks.mark\n"
    root = hand_in({**PACKAGE, "hw/solution.py": later})
    root.networks.mark = 7
    assert root.solution.f() == 7


# ------------------------------------------------------------------ fallback


def test_a_broken_module_is_lost_and_the_others_import_the_courses(hand_in):
    root = hand_in({**PACKAGE, "hw/my_networks/activations.py": "import math\n\nThis is my relu:\n"})
    with pytest.raises(
        RemoteException, match=r"SyntaxError: hw/my_networks/activations\.py, line 3: .*`This"
    ):
        _ = root.activations
    assert root.networks.double(4) == 200
    assert root.solution.f() == 200


def test_a_module_that_compiles_keeps_its_place(hand_in):
    root = hand_in({**PACKAGE, "hw/my_networks/activations.py": "1 / 0\n"})
    with pytest.raises(StudentCodeError, match="division by zero"):
        _ = root.activations
    with pytest.raises(StudentCodeError, match="division by zero"):
        _ = root.networks


def test_without_a_fallback_the_syntax_error_is_everybodys(hand_in):
    root = hand_in({**PACKAGE, "hw/solution.py": "x = 1\n", "hw/my_networks/networks.py": "def f(:\n"})
    with pytest.raises(RemoteException, match=r"SyntaxError.*networks\.py, line 1"):
        _ = root.networks
    assert root.activations.relu(3) == 3


def test_a_fallback_that_is_not_there_is_the_authors_fault(hand_in):
    missing = [{"name": "networks", "files": ["networks.py"], "fallback": "nowhere.py"}]
    with pytest.raises(SpecError, match=r"fallback of 'networks', .*nowhere\.py"):
        hand_in({"solution.py": "x = 1\n"}, missing)


# ------------------------------------------------------------------ notebooks

FILTERS = notebook(
    "%matplotlib inline\nimport nowhere\nfrom math import pi",
    "def blur(x):\n    # the mean\n    return x / 0\n\ndef later(): pass",
    "data = open('missing.csv')\nSIZE = 3\nimport time\nz = time.sleep(60)\nlast = SIZE + 1",
)


def test_a_notebook_is_loaded_statement_by_statement_and_costs_nothing(hand_in):
    root = hand_in({"solution.ipynb": FILTERS})
    assert (root.solution.SIZE, root.solution.last) == (3, 4)
    assert root.solution.pi == pytest.approx(3.14159265)
    root.grading.finish()
    skipped = root.grading.skipped["solution.py"]
    places = root.grading.submission.places["solution.py"]
    assert [places.describe(line) for line, _, _ in skipped] == [
        *("cell 1, line 2", "cell 3, line 1", "cell 3, line 4")
    ]
    assert [text for _, text, _ in skipped] == [
        "import nowhere",
        "data = open('missing.csv')",
        "z = time.sleep(60)",
    ]
    assert root.grading.salvage is None


def test_messages_name_the_cell_and_the_line_in_it(hand_in):
    root = hand_in({"hw/solution.py": "x = 1\n", "hw/filters.ipynb": FILTERS})
    with pytest.raises(RemoteException, match="division by zero") as caught:
        root.filters.blur(1)
    (frame,) = caught.value.frames
    assert (frame.file, frame.line, frame.source) == ("hw/filters.ipynb, cell 2", 3, "return x / 0")
    with pytest.raises(NotImplementedYet, match=r"filters\.ipynb does not define `sharpen`"):
        _ = root.filters.sharpen
    root.grading.finish()
    assert len(root.grading.skipped["hw/filters.py"]) == 3


def test_a_notebook_that_another_file_imports_is_read_in_the_same_way(hand_in):
    root = hand_in(
        {"solution.py": "import filters\n\ndef f(): return filters.last\n", "filters.ipynb": FILTERS}
    )
    assert root.solution.f() == 4
    root.filters.last = 5
    assert root.solution.f() == 5
    root.grading.finish()
    assert len(root.grading.skipped["filters.py"]) == 3


def test_a_notebook_that_only_the_compiler_objects_to_keeps_the_rest(hand_in):
    cells = notebook("def f():\n    x = 1\n    nonlocal x", "y = await f()", "def g(): return 3")
    root = hand_in({"solution.ipynb": cells})
    assert root.solution.g() == 3
    root.grading.finish()
    assert ["SyntaxError" in why for _, _, why in root.grading.skipped["solution.py"]] == [True, True]


def test_slow_assignments_have_one_patience_together(hand_in):
    cells = notebook("import time", *["x = time.sleep(60)"] * 25, "def f(): return 3", "y = 4")
    root = hand_in({"solution.ipynb": cells}, import_seconds=1.0)
    assert (root.solution.f(), root.solution.y) == (3, 4)
    root.grading.finish()
    assert len(root.grading.skipped["solution.py"]) == 25


def test_random_numbers_after_a_notebook_do_not_depend_on_how_far_it_came(hand_in):
    endless = "import random\ndraw = lambda: [random.random() for _ in iter(int, 1)]"
    plain = hand_in({"solution.ipynb": notebook(endless, "x = 1")})
    cut_off = hand_in({"solution.ipynb": notebook(endless, "x = draw()")})
    assert plain.solution.random.random() == cut_off.solution.random.random()


def test_annotations_of_the_future_may_stand_in_any_cell(hand_in):
    cells = notebook("x = 1", "from __future__ import annotations\ndef f(a: Unknown): return x")
    assert hand_in({"solution.ipynb": cells}).solution.f(0) == 1


# ------------------------------------------------------------------ forged answers


@pytest.mark.parametrize(
    "forged", ["3", "(None, [])", "(3, [])", "(type, [(1, 2, 3)])", "(type, 3)", "(type, [], 1)"]
)
def test_a_forged_import_is_refused(hand_in, forged):
    source = f"""
import gc
from grader.harness.operations import _OPERATIONS, Operations
from grader.wire import messages
_OPERATIONS[messages.Import] = lambda *_: {forged}
"""
    # The harness's own table is the submission's to change: what it answers is a claim.
    root = hand_in({"solution.py": "x = 1\n" + source, "networks.py": "x = 1\n"})
    with pytest.raises(WireError):
        _ = root.networks
