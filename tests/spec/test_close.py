# ruff: noqa: SIM201, SIM202, SIM300, PT018 - which operator is used, and on which side, is what is tested
import math
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from grader.errors import SpecError
from grader.spec.close import close, drain_explanations, drain_findings
from grader.spec.values import tolerances


@pytest.fixture(autouse=True)
def nothing_left_from_other_tests():
    drain_findings()


class Remote:
    """Stands for a remote object: compares as grader.proxy.remote.Remote does."""

    __tensorgrade_remote__ = True
    __hash__ = None

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        if hasattr(type(other), "__tensorgrade_comparison__"):
            return NotImplemented
        raise AssertionError("compared as an object")


X = torch.tensor([[0.1, -2.0], [3.0, 1e3]])


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (X, X),
        (X, X.double()),
        (X, X.numpy()),
        (X.numpy(), X),
        (X.double() + 1e-9, X.double()),
        (X.clone().requires_grad_(), X),
        (torch.nn.Parameter(X), X),
        (X.T.contiguous().T, X),
        (X.half(), X.half()),
        (X.bfloat16(), X.bfloat16()),
        (X.to(torch.complex64), X),
        (torch.tensor([1, 0]), torch.tensor([True, False])),
        (torch.tensor([1.0, 0.0]), torch.tensor([1, 0])),
        (torch.tensor(3), 3),
        (3, torch.tensor(3.0)),
        (np.float32(3), 3.0),
        (3.0, np.int64(3)),
        (True, 1),
        (0.1 + 0.2, 0.3),
        (1 + 2j, torch.tensor(1 + 2j)),
        (math.nan, math.nan),
        (-math.inf, -math.inf),
        (10**400, 10**400),
        (torch.zeros(0, 3), np.zeros((0, 3))),
        ([X, 1], (X, 1)),
        ({"a": [X], 2: None}, {2: None, "a": (X,)}),
        (None, None),
        ("same", "same"),
        (Remote(X), X),
        ([Remote(X), {"b": Remote(2)}], (X, {"b": 2})),
        (X, Remote(X)),
    ],
)
def test_close(actual, expected):
    comparison = close(expected)
    assert actual == comparison
    assert not (actual != comparison)
    comparison = close(expected)
    assert comparison == actual
    assert comparison.explanation == ()


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (X, X + 0.1),
        (X, X[:1]),
        (X, X[None]),
        (X.numpy(), X + 1),
        (np.float64(2), 3),
        (3, 3.001),
        (10**400, 10**300),
        (math.inf, 1e300),
        (1e300, math.inf),
        (math.inf, -math.inf),
        (math.nan, 0),
        (0, math.nan),
        (2**62, 2**62 + 1),
        (2**64 - 1, 2**63 - 1),
        (-1, 2**64 - 1),
        (torch.tensor([255], dtype=torch.uint8), torch.tensor([-1], dtype=torch.int8)),
        (X.half() * 1.002, X),
        (None, 3),
        ("3", 3),
        ([1.0], torch.tensor([1.0])),
        ([1, 2], [1, 2, 3]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1}, {"a": 2}),
        ("a", "b"),
        (b"a", "a"),
        (3, None),
        (object(), 3),
        (Remote(X), X + 1),
    ],
)
def test_not_close(actual, expected):
    assert actual != close(expected)
    comparison = close(expected)
    assert not (actual == comparison)
    assert comparison.explanation
    assert drain_explanations() == comparison.explanation


class TestTolerance:
    def test_is_asked_of_the_expected_value(self):
        assert 103 == close(100, rtol=0.03, atol=0)
        assert 103.1 != close(100, rtol=0.03, atol=0)
        assert 0.5 == close(0, rtol=0, atol=0.5)

    def test_zero_means_exact(self):
        assert X + 1e-6 != close(X, rtol=0, atol=0)

    def test_integers_may_get_one(self):
        assert torch.tensor([11]) != close(torch.tensor([10]))
        assert torch.tensor([11]) == close(torch.tensor([10]), atol=1)

    @pytest.mark.parametrize(
        ("actual", "expected", "result"),
        [
            ("float32", "float32", (1e-4, 1e-5)),
            ("float64", "float64", (1e-7, 1e-7)),
            ("float32", "float64", (1e-4, 1e-5)),
            ("float64", "float32", (1e-4, 1e-5)),
            ("float16", "float32", (1e-4, 1e-5)),  # half precision earns no slack
            ("float32", "bfloat16", (1e-2, 1e-2)),
            ("float16", "float64", (1e-4, 1e-5)),
            ("float", "float", (1e-4, 1e-5)),
            ("complex64", "complex128", (1e-4, 1e-5)),
            ("int64", "bool", (0, 0)),
            ("float32", "int64", (1e-4, 1e-5)),
            ("float64", "int64", (1e-7, 1e-7)),
            ("int64", "float32", (1e-4, 1e-5)),
        ],
    )
    def test_default_by_dtype(self, actual, expected, result):
        assert tolerances(actual, expected) == result

    @pytest.mark.parametrize("bad", [-1e-3, math.nan])
    def test_negative_is_the_authors_mistake(self, bad):
        with pytest.raises(SpecError, match="tolerance"):
            close(1.0, rtol=bad)


@pytest.mark.parametrize(
    ("actual", "expected", "same"),
    [
        (X, X, True),
        (X.double(), X, False),
        (X.double().numpy(), X.double(), True),
        (1, 1.0, False),
        (1.0, torch.tensor(1.0), True),
        (torch.tensor(1), 1, True),
        (True, 1, False),
    ],
)
def test_exact_dtype(actual, expected, same):
    comparison = close(expected, exact_dtype=True)
    assert (actual == comparison) is same
    assert actual == close(expected)
    if not same:
        assert "dtype" in comparison.explanation[0]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (torch.rand(2, 3), "close(tensor of shape (2, 3))"),
        (np.ones(2), "close(array of shape (2,))"),
        (12345, "close(number)"),
        (True, "close(bool)"),
        ("secret", "close(string)"),
        ([12345, "secret"], "close(list of 2 items)"),
        ({"key": 12345}, "close(dict of 1 item)"),
        (None, "close(None)"),
    ],
)
def test_repr_shows_no_values(expected, text):
    assert repr(close(expected)) == text


@pytest.mark.parametrize(
    "bad", [object(), {1, 2}, lambda: 1, np.array(["a"]), torch.empty(2, device="meta"), [object()]]
)
def test_what_cannot_be_compared_is_the_authors_mistake(bad):
    with pytest.raises(SpecError, match="cannot compare"):
        close(bad)


def test_too_much_is_the_authors_mistake():
    with pytest.raises(SpecError, match="at most"):
        close(torch.zeros(1).expand(10**9))


class TestExplanations:
    def test_are_kept_for_the_plugin_once(self):
        comparison = close(X)
        assert (X * 32) != comparison
        assert drain_explanations() == ()  # that was no failure
        assert not ((X * 32) == comparison)
        hidden = comparison.explanation
        assert drain_explanations() == hidden
        assert drain_explanations() == ()

    def test_may_show_what_is_expected(self):
        assert not ((X + 7) == close(X))
        assert any("got 10, expected 3." in line for line in drain_explanations(show_expected=True))

    def test_only_the_last_failure_counts(self):
        assert not ((X == close(X + 1)) or (X == close(X[0])))
        (line,) = drain_explanations()
        assert "shape (2,)" in line

    def test_are_made_where_a_difference_is_asked_for(self):
        comparison = close(X)
        assert not (X != comparison)
        assert "should differ" in comparison.explanation[0]
        assert drain_explanations() == comparison.explanation

    def test_go_away_with_the_next_success(self):
        comparison = close(3)
        assert not (comparison == 4)
        assert comparison == 3
        assert comparison.explanation == ()

    def test_hold_no_data(self):
        assert not (X == close(X + 1))
        (finding,) = drain_findings()
        assert finding.difference.shape_actual == (2, 2)
        assert finding.difference.wrong_fraction == 1.0


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def cyclic():
    value = {}
    value["a"] = value
    return value


HOSTILE = [
    lambda: None,
    object,
    lambda: ...,
    lambda: slice(3),
    lambda: type,
    lambda: b"\xff",
    lambda: "x\ud800\x1b[2J",
    lambda: float("nan"),
    lambda: complex(math.inf, math.nan),
    lambda: 10**5000,
    lambda: -(10**5000),
    lambda: deep(5000),
    cyclic,
    lambda: {10**5000: 1, (10**5000,): 2, "\x1b[31m" * 1000: 3, None: 4},
    lambda: {i: i for i in range(10**5)},
    lambda: [0] * 10**6,
    lambda: torch.zeros(1).expand(10**6, 10**6),
    lambda: torch.zeros(1).expand(10**5, 10**5).numpy(),
    lambda: torch.empty(0, 10**12),
    lambda: torch.zeros((1,) * 60),
    lambda: torch.empty(3, device="meta"),
    lambda: torch.eye(3).to_sparse(),
    lambda: torch.sparse_coo_tensor(size=(10**9, 10**9)),
    lambda: torch.eye(3).to_sparse_csr(),
    lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)], layout=torch.jagged),
    lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8),
    lambda: torch.full((3,), 1e38).to(torch.float8_e5m2),
    lambda: torch.tensor([1 + 1j]).conj(),
    lambda: torch.zeros(3, dtype=torch.complex32),
    lambda: torch.tensor([2**63], dtype=torch.uint64),
    lambda: torch.Size([3]),
    lambda: torch.float32,
    lambda: np.array(["a", None], dtype=object),
    lambda: np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    lambda: np.matrix([[1, 2, 3]]),
    lambda: np.float128(1e4000) if hasattr(np, "float128") else 0,
    lambda: np.full(3, np.finfo(np.float64).max),
    lambda: np.full(3, -0.0),
    lambda: np.array([5e-324, -5e-324, 0]),
]
EXPECTED = [
    3,
    1.5,
    True,
    1j,
    float("inf"),
    "x",
    None,
    torch.zeros(3),
    torch.ones(3, dtype=torch.float64),
    torch.tensor([True, False, True]),
    torch.tensor([1, 2, 3]),
    np.full(3, np.finfo(np.float64).max),
    torch.zeros(0, 10**12),
    torch.eye(3),
    torch.randn(1, 3),
    [1, [2, 3]],
    {"a": {"a": 1}},
    [0] * 3,
]


@pytest.mark.parametrize("index", range(len(HOSTILE)))
@pytest.mark.filterwarnings("ignore")  # of torch, about sparse and quantized tensors
def test_hostile_values_never_raise(index):
    actual = HOSTILE[index]()
    for expected in EXPECTED:
        comparison = close(expected)
        result = actual == comparison
        assert result is True or comparison.explanation
        lines = drain_explanations(show_expected=True)
        assert all(len(line) < 1000 and line.isprintable() for line in lines)


shapes = nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
dtypes = st.sampled_from(["float32", "float64", "float16", "int64", "uint8", "uint64", "bool", "complex64"])
arrays = dtypes.flatmap(lambda dtype: nps.arrays(dtype, shapes))


@given(arrays)
def test_everything_is_close_to_itself(array):
    comparison = close(array)
    assert array == comparison
    assert comparison.explanation == ()


@settings(max_examples=300)
@given(st.data())
def test_any_two_arrays_of_one_shape_can_be_compared(data):
    shape = data.draw(shapes)
    actual, expected = (data.draw(nps.arrays(data.draw(dtypes), shape)) for _ in range(2))
    comparison = close(expected)
    equal = actual == comparison
    assert equal == (not comparison.explanation)
    assert all(line.isprintable() for line in drain_explanations(show_expected=True))


floats = st.floats(width=32, allow_subnormal=False)


@given(nps.arrays("float32", 5, elements=floats), nps.arrays("float32", 5, elements=floats))
def test_torch_agrees(actual, expected):
    """torch.isclose is the oracle, in float64 as here."""
    a, e = torch.from_numpy(actual).double(), torch.from_numpy(expected).double()
    oracle = torch.isclose(a, e, rtol=1e-4, atol=1e-5, equal_nan=True).all()
    assert (torch.from_numpy(actual) == close(torch.from_numpy(expected))) == bool(oracle)


def test_large_values_take_little_memory():
    """Three million float16 values, of which a copy in float64 would take 24 MB."""
    import tracemalloc

    values = torch.zeros(3_000_000, dtype=torch.float16)
    other = values.clone()
    other[-1] = 1
    tracemalloc.start()
    assert other != close(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000
    assert sys.getsizeof(drain_findings()) < 1000
