"""docs/operating.md lists every setting, and none that is not there; likewise the commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.ops.admin import app as admin
from api.settings import Settings

TEXT = (Path(__file__).parents[3] / "docs" / "operating.md").read_text()
ENGINES = {"TENSORGRADE_DATA"}  # settings of grader/, not of the service
BY_OTHER_NAMES = {"database_url": "DATABASE_URL", "broker_url": "BROKER_URL"}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_table(name):
    variable = BY_OTHER_NAMES.get(name, f"TENSORGRADE_{name.upper()}")
    assert re.search(rf"^\| .*`{variable}`", TEXT, re.MULTILINE)


def test_no_setting_is_made_up():
    documented = set(re.findall(r"TENSORGRADE_[A-Z_]+", TEXT)) - ENGINES
    assert documented <= {f"TENSORGRADE_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("command", admin.registered_commands, ids=lambda command: command.name)
def test_every_admin_command_is_in_the_table(command):
    assert re.search(rf"^\| .*\b{command.name}\b", TEXT, re.MULTILINE)
