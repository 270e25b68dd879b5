"""The links of the template: /tmp leads into the sandbox's own tmpfs, unless the project itself lies
below it.
"""

from __future__ import annotations

from pathlib import Path

from grader.intake.model import Submission
from grader.proxy.remote import RemoteSubmission
from grader.proxy.session import LoadPlan, Session
from grader.sandbox.base import Limits
from grader.sandbox.local.backend import LocalBackend
from grader.sandbox.local.filesystem import View, _links_beside


def test_tmp_is_a_link_into_the_private_tmpfs():
    links = _links_beside(View((Path("/usr/lib"),), ()))
    assert links["tmp"] == "/sandbox/tmp"
    assert links["dev/shm"] == "/sandbox/shm"


def test_a_virtual_environment_below_tmp_stays_where_it_is():
    links = _links_beside(View((Path("/tmp/clone/.venv/lib/site-packages"),), ()))
    assert "tmp" not in links
    assert links["var/tmp"] == "/sandbox/tmp"


def test_temporary_files_go_into_the_private_tmpfs():
    with LocalBackend() as backend:
        submission = Submission("", "0" * 64, {}, None)
        session = Session(backend, Limits(), submission, LoadPlan())
        try:
            folder = RemoteSubmission(session, "solution").tempfile.gettempdir()
        finally:
            session.stop()
    assert folder == "/sandbox/tmp"
