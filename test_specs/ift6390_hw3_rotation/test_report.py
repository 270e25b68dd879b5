"""The numbers of the report, from answers.toml. They are worth nothing here: the report is graded by hand.

Errors were measured by each student on the course's data, with weights of their own: the ranges are wide.
"""

from __future__ import annotations

import pytest

from grader.spec import part, visibility

pytestmark = [part("report_numbers"), visibility("after_due_date")]

RANGES = {
    "mae_start": (0.6, 1.1),  # about 0.8
    "mae_small_rate": (0.6, 1.1),  # with 1e-8 nothing is learned
    "mae_middle_rate": (0.05, 0.16),  # about 0.1
    "mae_large_rate": (0.1, 0.4),  # fluctuates near 0.2
    "mae_cnn": (0.05, 0.25),  # about 0.15
}


def test_report_learning_rate(answers):
    """learning_rate: the best of 0.01, 1e-4 and 1e-8 for the MLP (128, 128)."""
    assert answers["learning_rate"] == 1e-4, "Another learning rate is better."


@pytest.mark.parametrize("key", RANGES)
def test_report_mae(answers, key):
    """The mean absolute errors on the test set are about what this training gives."""
    low, high = RANGES[key]
    assert low <= answers[key] <= high, f"{key} is far from what is usual."


def test_report_equivariance(answers):
    """equivariant_to: what convolutions commute with."""
    assert answers["equivariant_to"] == "shift", "Convolutions do not commute with that."
