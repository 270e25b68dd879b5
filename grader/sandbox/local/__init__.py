"""The local backend: a sandbox is a fork of a process that has torch imported, in namespaces of its own."""

from grader.sandbox.local.backend import LocalBackend

__all__ = ["LocalBackend"]
