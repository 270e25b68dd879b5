"""Messages: they arrive, and nobody waits for a broker that is away."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from queue import Empty

import pytest

from api.queue.broker import LOOK, broker_app
from api.queue.doorbell import Doorbell
from api.settings import Settings


def settings(tmp_path: Path, broker: str = "") -> Settings:
    return Settings(_env_file=None, home=tmp_path, broker_url=broker)


def receive(chosen: Settings, queue: str = "quick", seconds: float = 5.0):
    with broker_app(chosen).connection_for_read() as connection:
        simple = connection.SimpleQueue(queue)
        message = simple.get(timeout=seconds)
        message.ack()
        simple.close()
    return message


def check_one_ring(chosen: Settings) -> None:
    doorbell = Doorbell(chosen)
    doorbell.ring("slow")
    doorbell.close()
    message = receive(chosen, "slow")
    assert message.headers["task"] == LOOK
    assert message.payload[0] == ["slow"]
    with pytest.raises(Empty):
        receive(chosen, "slow", 0.2)


def test_a_ring_arrives_in_a_folder(tmp_path):
    check_one_ring(settings(tmp_path))


def test_a_ring_arrives_in_redis(tmp_path, broker_url):
    check_one_ring(settings(tmp_path, broker_url))


@pytest.mark.parametrize(
    "broker", ["redis://127.0.0.1:1/0", "redis://192.0.2.1:6379/0", "redis://no.such.host/0"]
)
def test_nobody_waits_for_a_broker_that_is_away(tmp_path, broker):
    doorbell = Doorbell(settings(tmp_path, broker))
    started = time.monotonic()
    for _ in range(1000):
        doorbell.ring("quick")
    assert time.monotonic() - started < 1.0
    doorbell.close()
    assert time.monotonic() - started < 3.0


def test_a_redis_that_comes_back_is_rung(tmp_path, redis_server, broker_url):
    chosen = settings(tmp_path, broker_url)
    doorbell = Doorbell(chosen)
    doorbell.ring("quick")
    receive(chosen)
    redis_server.kill()
    doorbell.ring("quick")
    time.sleep(0.3)
    redis_server.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        doorbell.ring("quick")
        try:
            receive(chosen, seconds=1.0)
            break
        except Empty:
            continue
    else:
        pytest.fail("no ring after Redis came back")
    doorbell.close()


def test_a_message_is_taken_once_and_rubbish_is_left_alone(tmp_path):
    """Four readers of a folder, 60 messages, and a file that is none."""
    chosen = settings(tmp_path)
    doorbell = Doorbell(chosen)
    for _ in range(60):
        doorbell.ring("quick")
    time.sleep(0.5)
    doorbell.close()
    (tmp_path / "broker" / "messages" / "0_rubbish.quick.msg").write_text("{")
    got: list[int] = []

    def read() -> None:
        try:
            while True:
                receive(chosen, seconds=1.0)
                got.append(1)
        except Empty:
            return

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(got) == 60
    assert list((tmp_path / "broker" / "messages").iterdir()) == []


def test_the_folder_stays_small_while_nobody_listens(tmp_path):
    chosen = settings(tmp_path)
    app = broker_app(chosen)
    for _ in range(1000):
        app.send_task(LOOK, args=["quick"], queue="quick", ignore_result=True)
    app.close()
    waiting = len(list((tmp_path / "broker" / "messages").iterdir()))
    assert 0 < waiting < 200
    for _ in range(waiting):
        receive(chosen)


def test_a_closed_doorbell_is_silent(tmp_path):
    doorbell = Doorbell(settings(tmp_path))
    doorbell.close()
    doorbell.ring("quick")
    assert list((tmp_path / "broker" / "messages").iterdir()) == []
