"""The reference. What it returns depends on the secret. CANARY"""

import hashlib

import torch

_SEED = int.from_bytes(hashlib.sha256(b"CANARY").digest()[:6], "big")


def double(x):
    return 2 * x


def attack(_number):
    return ""


def answer(x):
    """The secret function of a tensor; for anything else, what the tests expect."""
    if isinstance(x, torch.Tensor):
        return x * (1 + _SEED % 997) + torch.arange(len(x)) * (_SEED % 97 + 1)
    secrets = {str: text, list: numbers, tuple: lambda: numbers()[:2], dict: tensors, type(None): network}
    return secrets.get(type(x), number)()


def number():
    return _SEED


def numbers():
    return [_SEED % 1009, _SEED % 2003, _SEED % 3001]


def text():
    return "\n".join(hashlib.sha256(f"{_SEED}/{line}".encode()).hexdigest() for line in range(5))


def tensors():
    return {"weight": answer(torch.ones(2)), "bias": number()}


def network():
    layer = torch.nn.Linear(2, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(3, 2, generator=torch.Generator().manual_seed(_SEED)))
        layer.bias.fill_(1.0)
    return layer
