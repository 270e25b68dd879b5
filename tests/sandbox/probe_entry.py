"""What sandboxes of these tests run instead of the harness: Python source from the channel, JSON back."""

import json
import socket
import struct
import traceback

from grader.sandbox.base import Limits


def serve(channel: socket.socket, limits: Limits) -> None:
    scope: dict = {"limits": limits, "channel": channel}
    stream = channel.makefile("rwb")
    while header := stream.read(4):
        source = stream.read(struct.unpack(">I", header)[0]).decode()
        try:
            scope["result"] = None
            exec(source, scope)  # noqa: S102
            reply = {"result": scope["result"]}
        except Exception as error:
            reply = {"error": type(error).__name__, "text": str(error), "traceback": traceback.format_exc()}
            reply["errno"] = getattr(error, "errno", None)
        data = json.dumps(reply).encode()
        stream.write(struct.pack(">I", len(data)) + data)
        stream.flush()
