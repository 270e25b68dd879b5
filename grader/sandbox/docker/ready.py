"""The one byte by which a container says that its harness waits for requests."""

READY = b"\x06"
