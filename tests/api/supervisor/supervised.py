"""A program that tests run below the supervisor: python supervised.py FOLDER STOP_SECONDS CHILD..."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from api.supervisor.child import Child
from api.supervisor.watch import Watch

HERE = Path(__file__).resolve()
CHILDREN = {
    "steady": "import time; time.sleep(600)",
    "dies": "import sys; sys.exit(7)",
    "stubborn": "import time; time.sleep(600)",
    "parent": """
import subprocess, sys, time
for new in (False, True):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=new)
time.sleep(600)""",
}


def child(name: str, folder: Path) -> Child:
    """A child that notes its process in the folder before it does what its name says."""
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if name == "stubborn" else ""
    note = f"import os, pathlib; pathlib.Path({str(folder)!r}, {name!r} + '.' + str(os.getpid())).touch()\n"
    return Child(name, (sys.executable, "-c", ignore + note + CHILDREN[name]), os.environ)


def main() -> None:
    """Watch the children named on the command line until told to stop."""
    folder, stop_seconds, names = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    watch = Watch(
        [child(name, folder) for name in names],
        lambda line: print(line, flush=True),
        stop_seconds=stop_seconds,
    )
    watch.begin()
    while watch.pause(60):
        pass
    watch.stop()
    print("end", flush=True)


if __name__ == "__main__":
    main()
