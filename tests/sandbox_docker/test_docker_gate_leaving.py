"""A client of the gate that leaves in the middle: what it began is not lost to the garbage collector."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

from grader.sandbox.docker import profile
from grader.sandbox.docker.gate import Gate
from grader.sandbox.docker.gate_shape import Shape


async def _leave_while_the_engine_thinks(folder: Path) -> list[dict[str, Any]]:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def engine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await may_answer.wait()
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()

    gate = Gate(str(folder / "engine"), Shape(seccomp=profile.text()))
    async with (
        await asyncio.start_unix_server(engine, folder / "engine"),
        await asyncio.start_unix_server(gate.accept, folder / "gate"),
    ):
        _, writer = await asyncio.open_unix_connection(folder / "gate")
        writer.write(b"GET /_ping HTTP/1.1\r\nHost: gate\r\n\r\n")
        await asked.wait()
        writer.close()
        await writer.wait_closed()
        for _ in range(10):
            await asyncio.sleep(0)
            gc.collect()
        may_answer.set()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
    return complaints


def test_a_task_whose_client_left_is_not_collected(tmp_path):
    assert asyncio.run(_leave_while_the_engine_thinks(tmp_path)) == []
