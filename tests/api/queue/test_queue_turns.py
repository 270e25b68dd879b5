"""Writers of one SQLite file take turns, also those of different processes."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
import time

from sqlalchemy import text

from api.db.engine import Database
from api.db.turns import Turns
from grader.assignment import REPOSITORY

_BUSY = """
import sys, threading, time
from api.db.engine import Database
database = Database(sys.argv[1])
def write():
    while True:
        with database.write():
            time.sleep(0.005)
for _ in range(4):
    threading.Thread(target=write, daemon=True).start()
print("busy", flush=True)
time.sleep(60)
"""


def test_a_process_that_writes_all_the_time_starves_nobody(tmp_path):
    url = f"sqlite:///{tmp_path / 'some.sqlite'}"
    database = Database(url)
    other = subprocess.Popen(
        [sys.executable, "-c", _BUSY, url], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "busy\n"
        waited = []
        for _ in range(40):
            started = time.perf_counter()
            with database.write() as session:
                session.execute(text("select 1"))
            waited.append(time.perf_counter() - started)
            time.sleep(0.01)
    finally:
        other.kill()
        other.communicate()
        database.close()
    waited.sort()
    print(f"median {1000 * waited[20]:.1f} ms, worst {1000 * waited[-1]:.1f} ms")
    assert waited[20] < 0.05
    assert waited[-1] < 0.5


def test_who_hangs_holds_nobody_up_for_ever(tmp_path):
    turns = Turns(tmp_path / "some.sqlite")
    with (tmp_path / "some.sqlite-turn").open("ab") as hanging:
        fcntl.flock(hanging, fcntl.LOCK_EX)
        started = time.perf_counter()
        with turns.take():
            assert time.perf_counter() - started < 5


def test_one_at_a_time(tmp_path):
    """Two lines to the same file, as two processes have them."""
    inside, most = [], []

    def work(turns: Turns) -> None:
        for _ in range(20):
            with turns.take():
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    lines = [Turns(tmp_path / "some.sqlite") for _ in range(2)]
    threads = [threading.Thread(target=work, args=(lines[number % 2],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (80, 1)
