"""The local backend: a sandbox is a fork of a process that has torch imported, in namespaces of its own."""

from grader.sandbox.local.backend import LocalBackend, LocalClient, LocalSandbox

__all__ = ["LocalBackend", "LocalClient", "LocalSandbox"]
