"""The images as they were built: what is in them, and what is not."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import ImageNotFound
from machine import unavailable

from grader.sandbox.local.backend import _ENVIRONMENT

SERVICE = os.environ.get("TENSORGRADE_SERVICE_IMAGE", "tensorgrade-service:latest")
REPOSITORY = Path(__file__).resolve().parents[2]
HARNESS = "/opt/tensorgrade"
OWNER = "mode=0700,uid={0},gid={0}"
SECONDS = 120

Run = Callable[..., str]


@pytest.fixture(scope="session")
def service(engine: docker.APIClient) -> str:
    try:
        engine.inspect_image(SERVICE)
    except ImageNotFound:
        unavailable(f"no image {SERVICE}: `make images` builds it")
    return SERVICE


@contextmanager
def container(engine: docker.APIClient, image: str, **options: Any) -> Iterator[str]:
    """One with a read-only root, no capabilities and no network."""
    host = engine.create_host_config(
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        network_mode="none",
        tmpfs=options.pop("tmpfs"),
    )
    made = engine.create_container(image, host_config=host, **options)["Id"]
    try:
        yield made
    finally:
        engine.remove_container(made, force=True, v=True)


@pytest.fixture
def in_sandbox(engine: docker.APIClient, image: str) -> Run:
    """Runs a Python source in the sandbox's image and gives what it prints."""

    def run(source: str) -> str:
        tmpfs = {"/sandbox": "size=64m," + OWNER.format(10001)}
        folders = "import os; [os.mkdir(f'/sandbox/{name}') for name in ('tmp', 'home')]\n"
        entry = ["/venv/bin/python", "-c", folders + source]
        with container(engine, image, tmpfs=tmpfs, entrypoint=entry) as made:
            return _output(engine, made)

    return run


@pytest.fixture
def in_service(engine: docker.APIClient, service: str) -> Run:
    """Runs a command in the service's image and gives what it prints."""

    def run(*command: str) -> str:
        with container(engine, service, tmpfs={"/tmp": ""}, command=list(command)) as made:
            return _output(engine, made)

    return run


def _output(engine: docker.APIClient, made: str) -> str:
    engine.start(made)
    status = engine.wait(made, timeout=SECONDS)["StatusCode"]
    output = engine.logs(made).decode()
    assert status == 0, output
    return output


def _python_files(engine: docker.APIClient, image: str, folder: str) -> dict[str, bytes]:
    made = engine.create_container(image)["Id"]
    try:
        chunks, _ = engine.get_archive(made, folder)
        content = io.BytesIO(b"".join(chunks))
    finally:
        engine.remove_container(made, force=True)
    with tarfile.open(fileobj=content) as archive:
        members = [member for member in archive if member.name.endswith(".py")]
        return {member.name: archive.extractfile(member).read() for member in members}


def test_the_sandbox_is_an_ordinary_user_and_starts_the_harness(engine, image):
    config = engine.inspect_image(image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/venv/bin/python", "-m", "grader.sandbox.docker.inside"]
    assert not config.get("Volumes")


def test_the_sandbox_has_the_local_backends_environment(engine, image):
    entries = engine.inspect_image(image)["Config"]["Env"]
    environment = dict(entry.split("=", 1) for entry in entries)
    assert environment.pop("PATH").endswith(_ENVIRONMENT["PATH"])
    assert environment.items() >= {key: value for key, value in _ENVIRONMENT.items() if key != "PATH"}.items()


def test_the_sandbox_has_no_answers_and_no_tools(in_sandbox):
    modules = "pytest hypothesis pip docker api sklearn sqlalchemy grader.spec grader.engine grader.examiner"
    found = in_sandbox(
        f"""
from importlib.util import find_spec
from pathlib import Path
print([name for name in {modules.split()} if find_spec(name)])
names = ("test_specs", "reference", "samples", "assignment.toml", "solution.py")
roots = [path for path in Path("/").iterdir() if path.name not in ("proc", "sys", "venv", "usr")]
print([str(path) for root in roots for name in names for path in root.rglob(name)])
"""
    )
    assert found == "[]\n[]\n"


def test_the_sandbox_holds_only_the_harness_of_this_checkout(engine, image):
    inside = _python_files(engine, image, f"{HARNESS}/grader")
    packages = {Path(name).parts[1] for name in inside}
    assert packages == {"__init__.py", "errors.py", "version.py", "harness", "sandbox", "wire"}
    here = {name: REPOSITORY / name for name in inside}
    stale = [name for name, path in here.items() if not path.is_file() or path.read_bytes() != inside[name]]
    assert not stale, f"older than this checkout: {stale}; `make images` builds it anew"


def test_nothing_in_the_sandbox_is_open_to_all_or_changes_the_user(in_sandbox):
    found = in_sandbox(
        """
import os, stat
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if folder != "/" or name not in ("proc", "sys", "dev", "sandbox")]
    if os.lstat(folder).st_mode & stat.S_IWOTH and folder != "/run/lock":  # Debian's, below a read-only root
        print(folder)
    for path in (os.path.join(folder, name) for name in files):
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID):
            print(path)
print(os.getuid(), os.getgid(), os.getgroups())
"""
    )
    assert found == "10001 10001 [10001]\n"


def test_what_homework_imports_is_there(room):
    source = (
        "def versions():\n"
        "    import matplotlib.pyplot as plt, numpy, tempfile, torch, torchvision, tqdm\n"
        "    plt.plot([1, 2])\n"
        "    plt.savefig('figure.png')\n"
        "    return [tempfile.gettempdir(), torch.__version__, torchvision.__version__]\n"
    )
    folder, torch, torchvision = room(source).versions()
    pinned = (REPOSITORY / "requirements.lock").read_text().splitlines()
    assert folder == "/sandbox/tmp"
    assert f"torch=={torch.partition('+')[0]}" in pinned
    assert f"torchvision=={torchvision.partition('+')[0]}" in pinned


def test_the_service_is_an_ordinary_user_with_a_health_check(engine, service):
    config = engine.inspect_image(service)["Config"]
    assert config["User"] == "10002:10002"
    assert config["Cmd"] == ["tensorgrade", "api"]
    assert list(config["ExposedPorts"]) == ["8000/tcp"]
    assert "/healthz" in config["Healthcheck"]["Test"][-1]
    assert not config.get("Volumes")


def test_the_service_runs_on_a_read_only_root(in_service):
    assert "worker" in in_service("tensorgrade", "--help")
    assert in_service("tensorgrade", "assignments").count("\n") == len(
        list((REPOSITORY / "test_specs").glob("*/assignment.toml"))
    )
    assert in_service("id", "-u") == "10002\n"


def test_the_service_has_no_tools_for_developers(in_service):
    source = (
        "from importlib.util import find_spec\n"
        "print([name for name in ('mypy', 'ruff', 'moto', 'playwright', 'pip') if find_spec(name)])"
    )
    assert in_service("python", "-c", source) == "[]\n"


def test_nothing_of_the_service_belongs_to_its_user(in_service):
    places = ["/app", "/etc", "/opt", "/usr", "/var/lib", "/venv"]
    found = in_service("sh", "-c", f"find {' '.join(places)} -xdev -user 10002 2>/dev/null || true")
    assert found.split() == ["/var/lib/tensorgrade"]


def test_the_web_application_starts_and_is_healthy(engine, service):
    tmpfs = {"/tmp": "", "/var/lib/tensorgrade": OWNER.format(10002)}
    command = ["sh", "-c", "tensorgrade migrate && exec tensorgrade api"]
    with container(engine, service, tmpfs=tmpfs, command=command) as made:
        engine.start(made)
        end = time.monotonic() + SECONDS
        while (health := engine.inspect_container(made)["State"])["Health"]["Status"] != "healthy":
            assert health["Running"], engine.logs(made).decode()
            assert time.monotonic() < end, engine.logs(made).decode()
            time.sleep(0.5)
