"""The right values up to a function that is missing or was applied twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.spec.compare import Array
from grader.spec.diagnosis.case import Case, Diagnosis

_MOST_AXES = 4


def _log_softmax(values: Array, axis: int) -> Array:
    shifted = values - values.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def _softmax(values: Array, axis: int) -> Array:
    return np.asarray(np.exp(_log_softmax(values, axis)))


def _axes(values: Array) -> range:
    """The axes that a softmax may run over, the last first."""
    return range(values.ndim - 1, -1, -1) if values.ndim <= _MOST_AXES else range(0)


def softmax(case: Case) -> Diagnosis | None:
    """softmax or log_softmax is missing, or was applied twice."""
    if not case.real:
        return None
    for axis in _axes(case.expected):
        if case.expected.shape[axis] < 2:
            continue
        if case.near(_softmax(case.actual, axis), case.expected):
            return Diagnosis("softmax_missing", f"The softmax over axis {axis} is missing.")
        if case.near(_log_softmax(case.actual, axis), case.expected):
            return Diagnosis("log_softmax_missing", f"The log_softmax over axis {axis} is missing.")
        if case.near(_softmax(case.expected, axis), case.actual) and _sums_to_one(case.expected, axis):
            return Diagnosis("softmax_twice", f"The softmax over axis {axis} is applied twice.")
    return None


def _sums_to_one(values: Array, axis: int) -> bool:
    return bool((values >= 0).all() and np.allclose(values.sum(axis=axis), 1, atol=1e-3))


def row_sums(case: Case) -> Diagnosis | None:
    """The expected values are probabilities along an axis; the actual ones are not."""
    if not case.real or np.isin(case.expected, (0, 1)).all():
        return None  # one-hot rows sum to 1 as well
    for axis in _axes(case.expected):
        if case.expected.shape[axis] < 2 or not _sums_to_one(case.expected, axis):
            continue
        if np.allclose(case.actual.sum(axis=axis), 1, atol=1e-3):
            return None
        return Diagnosis("row_sums", _row_sums(case, axis))
    return None


def _row_sums(case: Case, axis: int) -> str:
    sentence = f"The values along axis {axis} should sum to 1, but do not"
    other = next((i for i in _axes(case.actual) if i != axis and _sums_to_one(case.actual, i)), None)
    if other is None:
        return f"{sentence}: is a softmax or a normalisation missing?"
    return f"{sentence}: they do along axis {other}, is that the wrong `dim`?"


# What makes the actual values right, and what the student reads. The domain is where the function is defined.
_RELATIONS: tuple[tuple[str, Callable[[Array], Array], str], ...] = (
    (
        "relu",
        lambda x: np.maximum(x, 0),
        "Negative values are kept where 0 is expected: is a ReLU or clamp missing?",
    ),
    ("abs", np.abs, "Right but for signs: is an absolute value missing?"),
    ("sqrt", np.sqrt, "These are the squares of the right values: variance instead of standard deviation?"),
    ("square", np.square, "These are the square roots of the right values: is a square missing?"),
    ("exp", np.exp, "These are the logarithms of the right values: is an exp missing?"),
    ("log", np.log, "These are the exponentials of the right values: is a log missing?"),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), "The sigmoid is missing."),
    ("tanh", np.tanh, "The tanh is missing."),
    ("reciprocal", lambda x: 1 / x, "These are one over the right values: divided where to multiply?"),
)


def relation(case: Case) -> Diagnosis | None:
    """A function of the actual values, element by element, gives the right ones."""
    if not case.real or not (case.varied or case.expected.size == 1):
        return None
    for name, function, sentence in _RELATIONS:
        if case.near(function(case.actual), case.expected):
            return Diagnosis(f"missing_{name}", sentence)
    return None
