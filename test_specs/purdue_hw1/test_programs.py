"""Part `programs`: 11 points. Programs run in a sandbox of their own.

hw1_learning_curves.py is run with a network of ours that learns nothing and notes what is done to it: how
good the student's own networks are costs no points here.
"""

import re

import data
import pytest
from curves_run import FIRST, LAST, MOST_EPOCHS, SHAPES, SIZES, CurvesRun, run_curves

from grader.spec import part, points, slow, timeout

pytestmark = [part("programs")]

LINE = re.compile(r"epoch (\d+): loss (\S+)")


@pytest.fixture
def drawn(submission, fresh_submission) -> CurvesRun:
    """What hw1_learning_curves.py did and wrote; it runs once."""
    return submission.once("curves", lambda: run_curves(fresh_submission))


@points(2)
@pytest.mark.parametrize("implementation", ["my", "torch.autograd"])
def test_training_program(fresh_submission, implementation, rng):
    """`python hw1_training.py ./data -e 3 -l 1e-4 -i ... -g -1 -m -1 -n -1` trains your network."""
    args = ["./data", "-e", "3", "-l", "1e-4", "-i", implementation, "-g", "-1", "-m", "-1", "-n", "-1"]
    result = fresh_submission.run_program("hw1_training.py", args, files=data.noise_files("data", rng))
    assert result.exit_code == 0, f"The program ended with exit code {result.exit_code}."
    epochs = [int(number) for number, _ in LINE.findall(result.stdout)]
    assert epochs == [1, 2, 3], "The program did not report three epochs."


@points(1)
def test_readme(submission, grading):
    """The ReadMe starts with example commands."""
    submission.put(0)
    names = [
        path for path in grading.submission.files if re.search(r"(^|/)readme[^/]*$", path, re.IGNORECASE)
    ]
    text = grading.submission.files[min(names, key=len)].decode("utf-8", "replace") if names else ""
    lines = [line for line in text.splitlines() if line.strip()][:12]
    found = any("python" in line.lower() and "hw1_" in line for line in lines)
    assert found, (
        "Its first lines have no command like `python hw1_training.py ./data ...`."
        if text
        else "There is none."
    )


@points(2)
def test_curves_program(drawn):
    """hw1_learning_curves.py writes a figure and hw1_learning_curves.csv into the folder after -o."""
    assert drawn.exit_code == 0, f"The program ended with exit code {drawn.exit_code}."
    assert drawn.has_figure, f"There is no figure (.png, .pdf, .svg, .jpg) among {drawn.names}."
    assert drawn.table is not None, f"There is no hw1_learning_curves.csv among {drawn.names}."


@points(2)
def test_curves_points(drawn):
    """It trains a network of both shapes, (784, 10) and (784, 300, 100, 10), on each number of examples."""
    wanted = {(shape, size) for shape in SHAPES for size in SIZES}
    assert drawn.epochs, "It trains none of your networks."
    assert set(drawn.epochs) == wanted, f"With --first {FIRST} --last {LAST} it trains on {drawn.trained}."


@points(1)
def test_curves_early_stopping(drawn):
    """It ends a training when two consecutive losses differ by less than 1e-3, either way, and not before."""
    assert drawn.epochs, "It trains none of your networks."
    for (_, size), epochs in drawn.epochs.items():
        least = SIZES[size]
        most = min(least + 1, MOST_EPOCHS)
        assert least <= epochs <= most, (
            f"It trains {epochs} epochs where {least} are expected (--epochs {MOST_EPOCHS})."
        )


@points(1)
def test_curves_accuracy(drawn):
    """The table has the accuracy on the training examples, and on all test examples, as shares."""
    assert drawn.rows, "There is no table, or it has no rows."
    trained, rows = set(drawn.epochs), {(row.shape, row.size) for row in drawn.rows}
    assert rows == trained, f"The table has {len(rows)} different rows for {len(trained)} networks."
    for row in drawn.rows:
        expected = drawn.accuracies(row)
        found = (row.train_accuracy, row.test_accuracy)
        right = all(abs(one - other) < 2e-3 for one, other in zip(found, expected, strict=True))
        assert right, f"{row.size} training examples: train_accuracy or test_accuracy is wrong."


@points(1)
def test_curves_data_folder(fresh_submission, rng):
    """It reads the data from the folder that is its first argument, and writes nothing beside its own."""
    files = data.noise_files("digits/here", rng) | data.double()
    args = ["./digits/here", "-e", "1", "--first", "20", "--last", "20", "--step", "20", "-o", "curves"]
    result = fresh_submission.run_program("hw1_learning_curves.py", args, files=files)
    outside = [path for path, _ in result.files if path.startswith("../")]
    assert not outside, f"It writes {outside[0]} beside the folder that was handed in."
    assert result.exit_code == 0, f"The program ended with exit code {result.exit_code}."


@slow
@timeout(90)
@points(1)
def test_curves_default_sizes(fresh_submission, rng):
    """Without --first, --last and --step it trains on 250, 500, ... 10000 examples."""
    run = run_curves(fresh_submission, [], data.noise_files("data", rng, train=10_000, test=20), epochs=1)
    sizes = sorted({size for _, size in run.epochs})
    assert sizes == list(range(250, 10_001, 250)), f"It trains on {len(sizes)} numbers of examples."
