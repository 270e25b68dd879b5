"""Draws the pages of reports, one report at a time."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from api.blobs import BlobStore
from api.db.engine import Database
from api.reports import drawing
from api.reports.drawing import Claim
from api.settings import Settings
from api.worker.grader import Grader
from grader.errors import InfrastructureError, SubmissionError

_log = logging.getLogger(__name__)


class Drawer:
    """Claims and draws until nothing is left. Only workers that serve quick stages do."""

    def __init__(self, settings: Settings, database: Database, blobs: BlobStore, grader: Grader) -> None:
        self._settings = settings
        self._database = database
        self._blobs = blobs
        self._grader = grader
        self._busy = threading.Lock()
        self._stopping = threading.Event()
        self._may_draw = "quick" in (name.strip() for name in settings.queues.split(","))

    def look(self) -> None:
        """Draw what waits. Returns at once if a thread of this worker does so already."""
        if not self._may_draw or not self._busy.acquire(blocking=False):
            return
        try:
            while not self._stopping.is_set() and (mine := self._claim()) is not None:
                self._draw(mine)
        except SQLAlchemyError as error:  # the database is away: whoever sweeps looks again
            _log.warning("No report could be claimed or kept: %s", error)
        finally:
            self._busy.release()

    def stop(self) -> None:
        """Claim nothing more. What is being drawn goes on, or is drawn again when its lease runs out."""
        self._stopping.set()

    def _claim(self) -> Claim | None:
        return drawing.claim(self._database, self._settings.attempts)

    def _draw(self, mine: Claim) -> None:
        try:
            with self._blobs.open(mine.blob_digest) as stream:
                data = stream.read()
            drawn = self._grader.pictures(mine.file_name, data, mine.max_pages)
            drawing.keep(self._database, self._blobs, mine, drawn)
            _log.info("Drew %d pages of report %s.", len(drawn), mine.report_id)
        except SubmissionError as error:
            drawing.refuse(self._database, mine, str(error))
        except SQLAlchemyError:
            raise
        except Exception as error:
            expected = isinstance(error, (InfrastructureError, OSError))
            _log.error(
                "Report %s was not drawn: %s", mine.report_id, error, exc_info=None if expected else error
            )
            drawing.fail(self._database, mine, self._settings.attempts)
            if not self._stopping.is_set():
                self._grader.revive()
