"""The modules of a network, as plain data."""

from __future__ import annotations

from typing import Any

from grader.harness.objects import qualified_name

_MOST_MODULES = 2000
_PLAIN = (bool, int, float, str)


def modules(network: Any) -> list[dict[str, Any]]:
    """One entry per module in the order of `named_modules()`: name, type and plain attributes."""
    entries: list[dict[str, Any]] = []
    for name, module in network.named_modules():
        if len(entries) == _MOST_MODULES:
            raise ValueError(f"The network has more than {_MOST_MODULES} modules.")
        entries.append({"name": name, "type": qualified_name(type(module)), "config": _config(module)})
    return entries


def _config(module: Any) -> dict[str, Any]:
    public = {
        key: value for key, value in vars(module).items() if not key.startswith("_") and key != "training"
    }
    return {key: value for key, value in public.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if type(value) is tuple:
        return len(value) <= 8 and all(type(item) in _PLAIN for item in value)
    return type(value) in _PLAIN
