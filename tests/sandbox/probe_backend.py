"""Backends whose sandboxes run probes, for the tests of this folder."""

from __future__ import annotations

import os

import pytest
from probe import ENTRY, IMPORT_PATH

from grader.errors import LimitUnavailable
from grader.sandbox.local import LocalBackend, cgroups
from grader.sandbox.local.groups import PREFIX


def make_backend(**options) -> LocalBackend:
    """A backend of probes; where the machine cannot have one, the test is skipped, but never in CI."""
    try:
        return LocalBackend(entry=ENTRY, import_path=IMPORT_PATH, **options)
    except LimitUnavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def group_names() -> set[str]:
    """The control groups of sandboxes that exist now."""
    groups = cgroups.open_groups()
    try:
        names = {name for parent in groups.parents for name in os.listdir(parent)}  # noqa: PTH208  a descriptor
    finally:
        for parent in groups.parents:
            os.close(parent)
    return {name for name in names if name.startswith(PREFIX)}
