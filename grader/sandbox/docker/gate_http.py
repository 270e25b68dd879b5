"""As much of HTTP/1.1 as the gate needs, read strictly: what can be understood in two ways is refused."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection

from grader.sandbox.docker.gate_rules import Request
from grader.sandbox.docker.gate_shape import Refused

_HEAD_BYTES = 16 * 1024
BODY_BYTES = 256 * 1024
_SECONDS = 15.0  # that a request may take to arrive
_FIRST_LINE = re.compile(rb"(GET|HEAD|POST|DELETE|PUT|PATCH|OPTIONS) ([!-~]+) HTTP/1\.1")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~\t]*)")


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The one request of a connection; None if nothing comes. Raises `Refused`."""
    try:
        async with asyncio.timeout(_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, headers = _parsed(head)
            body = await reader.readexactly(_length(headers))
    except asyncio.IncompleteReadError as error:
        if not error.partial and error.expected is None:
            return None
        raise Refused("The request was cut off.") from error
    except asyncio.LimitOverrunError as error:
        raise Refused("The request's head is too long.") from error
    except TimeoutError as error:
        raise Refused("The request did not arrive in time.") from error
    return Request(method, target, body, headers.get("upgrade", "").lower() == "tcp")


def written(method: str, target: str, body: bytes, *, upgrade: bool, version: str = "1.1") -> bytes:
    """A request to the engine, with headers of ours only."""
    connection = "Connection: Upgrade\r\nUpgrade: tcp" if upgrade else "Connection: close"
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    content = length if method == "POST" else ""
    return (
        f"{method} {target} HTTP/{version}\r\nHost: engine\r\n{content}{connection}\r\n\r\n".encode() + body
    )


def refusal(status: str, sentence: str) -> bytes:
    """An answer of the gate itself, as the engine words its own."""
    return answer(status, json.dumps({"message": sentence}).encode())


def answer(status: str, body: bytes) -> bytes:
    """A whole answer with JSON in it."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def only(body: bytes, keys: Collection[str]) -> bytes:
    """Those keys of a JSON object."""
    return json.dumps({name: value for name, value in json.loads(body).items() if name in keys}).encode()


def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    if len(head) > _HEAD_BYTES:
        raise Refused("The request's head is too long.")
    first, *lines = head[:-4].split(b"\r\n")
    found = _FIRST_LINE.fullmatch(first)
    if found is None:
        raise Refused("The gate cannot read this request.")
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise Refused("The gate cannot read a header of this request.")
        name = header[1].decode().lower()
        if name in headers:
            raise Refused(f"The header {name[:40]} stands there twice.")
        headers[name] = header[2].decode().strip()
    return found[1].decode(), found[2].decode(), headers


def _length(headers: dict[str, str]) -> int:
    """How long the body is: said by a plain number, or there is none."""
    if {"transfer-encoding", "trailer", "expect"} & headers.keys():
        raise Refused("The gate takes bodies of a length said beforehand only, not in chunks.")
    text = headers.get("content-length", "0")
    if not re.fullmatch("[0-9]{1,9}", text):
        raise Refused("The gate cannot read the length of this body.")
    if int(text) > BODY_BYTES:
        raise Refused(f"The gate takes bodies of {BODY_BYTES} bytes at most.")
    return int(text)
