"""Services for a command that runs once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from api.db import migrate
from api.ops.console import faults, read_settings
from api.services import Services
from grader.errors import InfrastructureError, UsageError


@contextmanager
def services(*, at_head: bool = True) -> Iterator[Services]:
    """Those of the settings. Raises nothing: the program ends with a sentence.

    at_head: whether the command needs the tables of this version.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    with faults():
        opened = Services.open(read_settings())
        try:
            if at_head and not migrate.is_at_head(opened.database):
                raise UsageError("The database is not that of this version: run `tensorgrade migrate` first.")
            yield opened
        except OperationalError as error:
            raise InfrastructureError(f"The database does not answer: {error.orig}") from error
        finally:
            opened.close()
