"""The harness's loop: read a request, carry it out, reply. It ends when the other side closes the channel."""

from __future__ import annotations

import gc
import socket
from pathlib import Path

from grader.harness import failures
from grader.harness.operations import Operations
from grader.harness.output import Output
from grader.wire import messages as m
from grader.wire.codec import Decoder, Encoder, NotPlain
from grader.wire.connection import Connection, ConnectionEnded, FrameCaps

_CAPS = FrameCaps(envelope_bytes=64 << 20, buffers=1 << 14, buffer_bytes=2 << 30)  # the examiner is trusted

_CAPS_OF_EXAMINER = FrameCaps()
_GARBAGE_THRESHOLD = 20_000  # new objects between collections; a submission lives for seconds only


def serve(channel: socket.socket, *, threads: int, output_bytes: int, root: Path | None = None) -> None:
    """Serve one examiner until it hangs up.

    Args:
        channel: a connected stream socket.
        threads: torch's own threads.
        output_bytes: the process ends itself when it printed more.
        root: where the submission's files go; the current folder by default.
    """
    import torch

    torch.set_num_threads(threads)
    gc.set_threshold(_GARBAGE_THRESHOLD)
    output = Output(output_bytes)
    output.install()
    loop = _Loop(Connection(channel, _CAPS), Operations((root or Path.cwd()).resolve()), output)
    try:
        while True:
            loop.turn()
    except ConnectionEnded:
        return


class _Loop:
    def __init__(self, connection: Connection, operations: Operations, output: Output) -> None:
        self._connection = connection
        self._operations = operations
        self._output = output

    def turn(self) -> None:
        """One request and its reply."""
        envelope, buffers = self._connection.receive()
        request = m.decode_request(envelope)
        self._operations.objects.release(request.release)
        encoder = Encoder(self._operations.objects.keep)
        outcome = self._outcome(request, buffers, encoder)
        data = encoder.buffers if isinstance(outcome, m.Returned) else []
        reply = m.Reply(request.id, outcome, self._output.drain())
        answer = _encode(reply)
        if not _CAPS_OF_EXAMINER.allow(answer, data):
            error = NotPlain("The result is too large to be sent.")
            refusal = failures.describe(error, self._operations.root)
            answer, data = _encode(m.Reply(request.id, refusal, reply.output)), []
        self._connection.send(answer, data)

    def _outcome(
        self, request: m.Request, buffers: list[bytearray], encoder: Encoder
    ) -> m.Returned | m.Raised:
        decoder = Decoder(buffers, lambda handle: self._operations.objects.find(handle.id))
        try:
            result = self._operations.run(request.operation, decoder)
            return m.Returned(result if isinstance(result, m.Handle) else encoder.encode(result))
        except BaseException as error:  # SystemExit and KeyboardInterrupt of theirs must not end the loop
            return failures.describe(error, self._operations.root)


def _encode(reply: m.Reply) -> bytes:
    try:
        return m.encode(reply)
    except UnicodeEncodeError:  # lone surrogates in what they printed or raised
        return m.encode(m.Reply(reply.id, _printable(reply.outcome), _clean(reply.output)))


def _printable(outcome: m.Returned | m.Raised) -> m.Returned | m.Raised:
    if isinstance(outcome, m.Returned):
        return outcome
    frames = [
        m.TracebackLine(_clean(f.file), f.line, _clean(f.function), _clean(f.source)) for f in outcome.frames
    ]
    return m.Raised(_clean(outcome.type_name), _clean(outcome.message), outcome.missing, frames)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
