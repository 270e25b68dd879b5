"""Returns NaN, infinities, 1e999, huge integers, complex and negative zeros where numbers are compared."""

import math

import numpy as np
import torch


def double(x):
    return 2 * x


def attack(number):
    return [[math.nan, 1e999, -1e999], [10**4000, -(10**4000), complex(math.nan, 1e999)], {math.nan: math.nan, 1e999: -0.0}][number]


def answer(x):
    values = {
        torch.Tensor: torch.full((6,), math.nan),
        int: 10**4900,
        str: math.nan,
        list: [np.float64(math.nan), np.complex64(math.inf), np.bool_(True)],
        tuple: (1e999, math.nan),
        dict: {"weight": torch.tensor([math.nan, math.inf]), "bias": 10**400},
        bool: np.float16(math.inf),
    }
    return values.get(type(x), math.nan)
