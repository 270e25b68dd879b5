"""The links of the template: /tmp leads into the sandbox's own tmpfs, unless the project itself lies
below it.
"""

from __future__ import annotations

from pathlib import Path

from grader.sandbox.local.filesystem import View, _links_beside


def test_tmp_is_a_link_into_the_private_tmpfs():
    links = _links_beside(View((Path("/usr/lib"),), ()))
    assert links["tmp"] == "/sandbox/tmp"
    assert links["dev/shm"] == "/sandbox/shm"


def test_a_virtual_environment_below_tmp_stays_where_it_is():
    links = _links_beside(View((Path("/tmp/clone/.venv/lib/site-packages"),), ()))
    assert "tmp" not in links
    assert links["var/tmp"] == "/sandbox/tmp"
