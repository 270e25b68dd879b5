"""A real HTTP server on this machine that serves small files, and can do all that spoils a download."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does. It notes the Range of every request."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True  # whether it knows Range; else it sends everything
    cuts: list[int] = field(default_factory=list)  # of the next answers: bytes after which it hangs up
    errors: list[int] = field(default_factory=list)  # of the next answers: the status
    shift: int = 0  # a partial answer begins so much later than was asked
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def serving(behaviour):
    """The address of its folder; the server ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range")
            behaviour.asked.append((self.path, asked))
            content = behaviour.files.get(self.path.removeprefix("/folder/"))
            if behaviour.errors:
                return self.send_error(behaviour.errors.pop(0))
            if content is None:
                return self.send_error(404)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and behaviour.ranges else 0
            if start >= len(content):
                return self.send_error(416)
            start += behaviour.shift
            self.send_response(206 if asked and behaviour.ranges else 200)
            self.send_header("Content-Length", str(len(content) - start))
            if asked and behaviour.ranges:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            end = start + behaviour.cuts.pop(0) if behaviour.cuts else len(content)
            self.wfile.write(content[start:end])
            return None

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/folder/"
        finally:
            server.shutdown()
            thread.join()
