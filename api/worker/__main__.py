"""python -m api.worker."""

from __future__ import annotations

import logging
import signal
import sys


def main() -> int:
    """Run a worker with the settings of the environment; the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):  # the imports take a second, and nothing is held yet
        signal.signal(number, lambda *_: sys.exit(0))
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from api.ops.logs import configure
    from api.settings import settings
    from api.worker.process import WorkerProcess
    from grader.errors import TensorgradeError

    configure(settings(), "worker")
    try:
        WorkerProcess(settings()).run()
    except (TensorgradeError, OperationalError, ProgrammingError) as error:
        logging.getLogger("api.worker").error("The worker cannot start: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
