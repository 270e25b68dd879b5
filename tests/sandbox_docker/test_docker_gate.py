"""The gate, before a real engine: what the backend needs passes, every way around it is refused."""

from __future__ import annotations

import copy
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import APIError, DockerException, ImageNotFound
from machine import containers_wanted, unavailable

from grader.sandbox.base import Limits
from grader.sandbox.docker import profile
from grader.sandbox.docker.gate_shape import Shape, checked_body
from grader.sandbox.docker.host_config import Machine, create_body
from grader.sandbox.docker.options import DockerOptions

IMAGE = "tensorgrade-gate-test:latest"
MIB = 1024**2
GOOD = {
    "Image": IMAGE,
    "User": "10001:10001",
    "Cmd": ["/bin/cat"],
    "Labels": {"tensorgrade.sandbox": "1", "tensorgrade.owner": "gate-test"},
    "Tty": False,
    "OpenStdin": True,
    "StdinOnce": True,
    "AttachStdin": True,
    "AttachStdout": True,
    "AttachStderr": True,
    "Volumes": None,
    "HostConfig": {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={profile.text()}"],
        "PidsLimit": 16,
        "Memory": 64 * MIB,
        "MemorySwap": 64 * MIB,
        "NanoCpus": 10**9,
        "LogConfig": {"Type": "none", "Config": {}},
        "IpcMode": "private",
        "Init": True,
        "Privileged": False,
        "Binds": None,
        "Tmpfs": {"/sandbox": "rw,nosuid,nodev,noexec,size=8m,mode=0700,uid=10001"},
        "Ulimits": [{"Name": "nofile", "Soft": 64, "Hard": 64}],
        "RestartPolicy": {"Name": "no"},
    },
}


def engine_path() -> str:
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.APIClient]:
    """The engine itself, with an image that can only run `cat`."""
    containers_wanted()
    try:
        client = docker.APIClient(f"unix://{engine_path()}", version="auto")
    except DockerException as error:
        unavailable(f"There is no Docker engine: {error}")
    client.import_image_from_data(cat_image(), repository=IMAGE.split(":", maxsplit=1)[0], tag="latest")
    yield client
    for found in client.containers(all=True, filters={"label": "tensorgrade.owner=gate-test"}):
        client.remove_container(found["Id"], force=True, v=True)
    client.remove_image(IMAGE, force=True)
    client.close()


def cat_image() -> bytes:
    """A root folder with /bin/cat and the libraries that it needs."""
    cat = shutil.which("cat")
    listed = subprocess.run(["ldd", cat], check=True, capture_output=True, text=True).stdout.split()
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", dereference=True) as archive:
        archive.add(cat, "bin/cat")
        for library in {word for word in listed if word.startswith("/")}:
            archive.add(library, library.lstrip("/"))
        folder = tarfile.TarInfo("sandbox")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
    return data.getvalue()


@pytest.fixture(scope="module")
def gate(engine, tmp_path_factory) -> Iterator[Path]:
    """The socket of a gate that runs as a process of its own, as in production."""
    path = tmp_path_factory.mktemp("gate") / "engine.sock"
    command = [sys.executable, "-m", "grader.sandbox.docker.gate", "--listen", f"unix:{path}"]
    with subprocess.Popen([*command, "--engine", engine_path(), "--image", IMAGE]) as process:
        deadline = time.monotonic() + 30
        while subprocess.run([*command, "--check"]).returncode != 0:
            assert process.poll() is None, "the gate has ended"
            assert time.monotonic() < deadline, "the gate does not open"
        yield path
        process.terminate()
        assert process.wait(10) == 0
    assert not path.exists()


@pytest.fixture
def client(gate) -> Iterator[docker.APIClient]:
    """docker-py, as the backend uses it, through the gate."""
    client = docker.APIClient(f"unix://{gate}", version="auto", timeout=20)
    yield client
    client.close()


def talk(gate: Path, text: bytes, *, end: bool = False) -> bytes:
    """What comes back when these bytes are sent on one connection, until the gate ends it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(gate))
        try:
            connection.sendall(text)
            if end:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before it was all there
        data = b""
        try:
            while more := connection.recv(65536):
                data += more
        except ConnectionResetError:
            pass  # it left some of ours unread
        return data


def request(method: str, target: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: gate", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def assert_refused(answer: bytes) -> str:
    """A whole answer: 403 with a sentence. Returns the sentence."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 "), answer[:200]
    sentence = json.loads(body)["message"]
    assert len(sentence.split()) > 3
    return str(sentence)


def changed(path: str, value: object) -> dict:
    """GOOD with one key set; None removes it."""
    config = copy.deepcopy(GOOD)
    *folders, name = path.split(".")
    place = config
    for folder in folders:
        place = place[folder]
    place.pop(name, None)
    if value is not None:
        place[name] = value
    return config


def created(gate: Path, config: object) -> bytes:
    body = config if isinstance(config, bytes) else json.dumps(config).encode()
    return talk(gate, request("POST", "/v1.41/containers/create", body))


# ------------------------------------------------------------------------- what the backend needs


def test_a_sandbox_lives_its_whole_life_through_the_gate(client, engine):
    made = client.create_container_from_config(copy.deepcopy(GOOD), name="tensorgrade-gate-test-life")["Id"]
    stream = attached(client, made)
    client.start(made)
    for number in range(50):
        assert echo(stream, b"hello %d\n" % number) == b"hello %d\n" % number
    big = os.urandom(3 * MIB)
    assert echo(stream, big) == big
    found = client.inspect_container(made)
    assert found["State"]["Running"]
    assert client.stats(made, stream=False)["memory_stats"]
    assert [
        one["Id"] for one in client.containers(all=True, filters={"label": ["tensorgrade.owner=gate-test"]})
    ] == [made]
    client.kill(made, "SIGKILL")
    assert client.wait(made, timeout=20)["StatusCode"] == 137
    assert stream.recv(1) == b""
    stream.close()
    client.remove_container(made, v=True, force=True)
    with pytest.raises(APIError) as missing:
        engine.inspect_container(made)
    assert missing.value.status_code == 404


def test_the_end_of_the_input_is_passed_on(client):
    made = client.create_container_from_config(copy.deepcopy(GOOD))["Id"]
    stream = attached(client, made)
    client.start(made)
    assert echo(stream, b"last words") == b"last words"
    stream.shutdown(socket.SHUT_WR)
    assert client.wait(made, timeout=20)["StatusCode"] == 0
    stream.close()
    client.remove_container(made, v=True, force=True)


def attached(client: docker.APIClient, made: str) -> socket.socket:
    """The container's stream; docker-py wraps the socket."""
    wrapped = client.attach_socket(made, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    connection: socket.socket = wrapped._sock
    wrapped.close()  # which leaves the socket itself open
    connection.settimeout(20)
    return connection


def echo(connection: socket.socket, data: bytes) -> bytes:
    """Send it to `cat`, and take what comes back out of its frames."""
    sender = threading.Thread(target=connection.sendall, args=(data,))
    sender.start()
    received = b""
    while len(received) < len(data):
        header = exactly(connection, 8)
        assert header[0] == 1, "stdout"
        received += exactly(connection, int.from_bytes(header[4:], "big"))
    sender.join()
    return received


def exactly(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = connection.recv(count - len(data))
        assert more, "the stream ended"
        data += more
    return bytes(data)


def test_doctors_questions_are_answered_in_part(client):
    assert client.ping()
    assert client.version()["ApiVersion"]
    info = client.info()
    assert "runc" in info["Runtimes"]
    assert not {"Name", "HttpProxy", "Labels", "RegistryConfig", "DockerRootDir"} & set(info)
    image = client.inspect_image(IMAGE)
    assert image["Id"]
    assert "Config" not in image


def test_a_missing_container_is_the_engines_404(client):
    with pytest.raises(APIError) as missing:
        client.kill("0" * 64)
    assert missing.value.status_code == 404


_SHAPE = Shape(seccomp=profile.text(), gpu_seccomp=profile.text(gpu=True))


@pytest.mark.parametrize("gpus", [0, 1])
@pytest.mark.parametrize("runtime", ["", "runsc"])
@pytest.mark.parametrize("cgroups", [1, 2])
def test_what_the_backend_asks_for_passes_unchanged(gpus, runtime, cgroups):
    options = DockerOptions(runtime=runtime, gpu_ids=("GPU-1234",), owner="host.1:2:3")
    machine = Machine(cpus=4, cgroup_version=cgroups, runtimes=("runc", "runsc"))
    body = create_body(Limits(gpus=gpus), options, machine)
    passed = checked_body(json.dumps(body).encode(), _SHAPE)
    assert {name: body["HostConfig"][name] for name in passed["HostConfig"] if name != "LogConfig"} == {
        name: value for name, value in passed["HostConfig"].items() if name != "LogConfig"
    }
    assert passed["Labels"] == body["Labels"]


# ------------------------------------------------------------------------- escapes in the configuration

_OPEN = '{"defaultAction": "SCMP_ACT_ALLOW"}'
ESCAPES = {
    "another image": ("Image", "debian:latest"),
    "no image": ("Image", None),
    "as root": ("User", "0"),
    "as root by name": ("User", "root"),
    "root's group": ("User", "10001:0"),
    "no user": ("User", None),
    "no label": ("Labels", {}),
    "another label's value": ("Labels", {"tensorgrade.sandbox": "0"}),
    "a foreign label": ("Labels", {"tensorgrade.sandbox": "1", "com.docker.compose.project": "x"}),
    "volumes": ("Volumes", {"/host": {}}),
    "a terminal": ("Tty", True),
    "networks": ("NetworkingConfig", {"EndpointsConfig": {"bridge": {}}}),
    "a healthcheck": ("Healthcheck", {"Test": ["CMD", "true"]}),
    "no host configuration": ("HostConfig", None),
    "a binding": ("HostConfig.Binds", ["/:/host"]),
    "the engine's socket": ("HostConfig.Binds", ["/var/run/docker.sock:/var/run/docker.sock"]),
    "a mount": ("HostConfig.Mounts", [{"Type": "bind", "Source": "/", "Target": "/host"}]),
    "others' volumes": ("HostConfig.VolumesFrom", ["redis"]),
    "privileged": ("HostConfig.Privileged", True),
    "privileged as a number": ("HostConfig.Privileged", 1),
    "privileged in other letters": ("HostConfig.privileged", True),
    "the host's network": ("HostConfig.NetworkMode", "host"),
    "the bridge": ("HostConfig.NetworkMode", "bridge"),
    "another container's network": ("HostConfig.NetworkMode", "container:redis"),
    "no network mode": ("HostConfig.NetworkMode", None),
    "a capability": ("HostConfig.CapAdd", ["SYS_ADMIN"]),
    "capabilities kept": ("HostConfig.CapDrop", ["NET_RAW"]),
    "a list of capabilities": ("HostConfig.Capabilities", ["CAP_SYS_ADMIN"]),
    "a device": ("HostConfig.Devices", [{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda"}]),
    "device rules": ("HostConfig.DeviceCgroupRules", ["a *:* rwm"]),
    "a device that is no GPU": (
        "HostConfig.DeviceRequests",
        [{"Driver": "x", "Capabilities": [["gpu"]]}],
    ),
    "more than computing": (
        "HostConfig.DeviceRequests",
        [{"Count": 1, "Capabilities": [["gpu", "display"]]}],
    ),
    "the host's processes": ("HostConfig.PidMode", "host"),
    "the host's ipc": ("HostConfig.IpcMode", "host"),
    "the host's name": ("HostConfig.UTSMode", "host"),
    "the host's users": ("HostConfig.UsernsMode", "host"),
    "the host's control groups": ("HostConfig.CgroupnsMode", "host"),
    "another control group": ("HostConfig.CgroupParent", "/"),
    "a writable root": ("HostConfig.ReadonlyRootfs", False),
    "nothing masked": ("HostConfig.MaskedPaths", ["/x"]),
    "nothing read-only": ("HostConfig.ReadonlyPaths", ["/x"]),
    "a priority": ("HostConfig.Ulimits", [{"Name": "rtprio", "Soft": 99, "Hard": 99}]),
    "no security options": ("HostConfig.SecurityOpt", None),
    "unconfined": ("HostConfig.SecurityOpt", ["no-new-privileges", "seccomp=unconfined"]),
    "another profile": ("HostConfig.SecurityOpt", ["no-new-privileges", f"seccomp={_OPEN}"]),
    "two profiles": (
        "HostConfig.SecurityOpt",
        ["no-new-privileges", f"seccomp={profile.text()}", f"seccomp={_OPEN}"],
    ),
    "a GPU's profile without a GPU": (
        "HostConfig.SecurityOpt",
        ["no-new-privileges", f"seccomp={profile.text(gpu=True)}"],
    ),
    "new privileges": ("HostConfig.SecurityOpt", ["no-new-privileges:false", f"seccomp={profile.text()}"]),
    "no AppArmor": (
        "HostConfig.SecurityOpt",
        ["no-new-privileges", "apparmor=unconfined", f"seccomp={profile.text()}"],
    ),
    "swap": ("HostConfig.MemorySwap", -1),
    "endless memory": ("HostConfig.Memory", 2**50),
    "endless processes": ("HostConfig.PidsLimit", -1),
    "processes as a text": ("HostConfig.PidsLimit", "16"),
    "never killed": ("HostConfig.OomKillDisable", True),
    "killed last": ("HostConfig.OomScoreAdj", -1000),
    "a log": ("HostConfig.LogConfig", {"Type": "json-file"}),
    "a log elsewhere": ("HostConfig.LogConfig", {"Type": "syslog", "Config": {"syslog-address": "udp://x"}}),
    "another runtime": ("HostConfig.Runtime", "io.containerd.runc.v2-host"),
    "always there": ("HostConfig.RestartPolicy", {"Name": "always"}),
    "kernel parameters": ("HostConfig.Sysctls", {"kernel.core_pattern": "|/x"}),
    "a file system with devices": ("HostConfig.Tmpfs", {"/sandbox": "rw,size=1m,nosuid,dev"}),
    "a file system without a bound": ("HostConfig.Tmpfs", {"/sandbox": "rw,nosuid,nodev"}),
    "a file system over Python": ("HostConfig.Tmpfs", {"/usr": "rw,nosuid,nodev,size=1m"}),
    "a limit as a list": ("HostConfig.IpcMode", ["private"]),
    "links": ("HostConfig.Links", ["redis"]),
    "ports": ("HostConfig.PortBindings", {"80/tcp": [{"HostPort": "80"}]}),
    "a file for the id": ("HostConfig.ContainerIDFile", "/etc/cron.d/x"),
    "storage options": ("HostConfig.StorageOpt", {"size": "1T"}),
}


@pytest.mark.parametrize("escape", ESCAPES)
def test_another_shape_is_refused(gate, engine, escape):
    path, value = ESCAPES[escape]
    before = count(engine)
    assert_refused(created(gate, changed(path, value)))
    assert count(engine) == before


def count(engine: docker.APIClient) -> int:
    return len(listed(engine))


def listed(client: docker.APIClient) -> list[str]:
    found = client.containers(all=True, filters={"label": ["tensorgrade.owner=gate-test"]})
    return [one["Id"] for one in found]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b"[" * 100_000,
        json.dumps(GOOD).encode().replace(b'"Init": true', b'"Init": true, "Init": true'),
        json.dumps(GOOD).encode()[:-1] + b', "hostconfig": {"Privileged": true}}',
        json.dumps(GOOD).encode() + json.dumps(GOOD).encode(),
        json.dumps(GOOD).encode("utf-16"),
    ],
    ids=[
        "empty",
        "list",
        "cut",
        "null",
        "deep",
        "key twice",
        "other letters",
        "two bodies",
        "other encoding",
    ],
)
def test_another_body_is_refused(gate, engine, body):
    before = count(engine)
    answer = created(gate, body)
    assert_refused(answer)
    assert count(engine) == before


# ------------------------------------------------------------------------- escapes in the call


@pytest.mark.parametrize(
    "line",
    [
        "POST /v1.41/containers/create?platform=linux",
        "POST /v1.41/containers/create?name=a&name=b",
        "POST /v1.23/containers/create",
        "POST /containers/create",
        "POST /v1.41/../v1.41/containers/create",
        "POST /v1.41//containers/create",
        "POST //v1.41/containers/create",
        "POST /v1.41/containers/create/",
        "POST /v1.41/containers%2Fcreate",
        "POST /v1.41/containers/x/../create",
        "POST /v1.41/CONTAINERS/create",
        "POST http://engine/v1.41/containers/create",
        "POST /v1.41/containers/create#x",
        "POST /v1.41/build",
        "POST /v1.41/images/create?fromImage=debian",
        "POST /v1.41/images/load",
        "POST /v1.41/commit?container=x",
        "GET /v1.41/images/json",
        "GET /v1.41/images/debian/json",
        "DELETE /v1.41/images/tensorgrade-gate-test:latest",
        "POST /v1.41/volumes/create",
        "GET /v1.41/volumes",
        "POST /v1.41/networks/create",
        "GET /v1.41/networks",
        "POST /v1.41/networks/bridge/connect",
        "GET /v1.41/secrets",
        "POST /v1.41/swarm/init",
        "POST /v1.41/plugins/pull",
        "POST /v1.41/auth",
        "POST /v1.41/session",
        "POST /v1.41/grpc",
        "GET /v1.41/events",
        "GET /v1.41/system/df",
        "POST /v1.41/containers/prune",
        "POST /v1.41/exec/{id}/start",
        "POST /v1.41/containers/{id}/exec",
        "POST /v1.41/containers/{id}/update",
        "POST /v1.41/containers/{id}/rename?name=x",
        "GET /v1.41/containers/{id}/archive?path=/",
        "PUT /v1.41/containers/{id}/archive?path=/",
        "GET /v1.41/containers/{id}/export",
        "GET /v1.41/containers/{id}/logs?stdout=1",
        "GET /v1.41/containers/{id}/attach/ws",
        "POST /v1.41/containers/{id}/attach?stream=1",
        "POST /v1.23/containers/{id}/start",
        "POST /v1.41/containers/{id}/start?checkpoint=x",
        "POST /v1.41/containers/{id}/start/",
        "POST /v1.41/containers/{id}/json",
        "POST /v1.41/containers/{id}/./start",
        "DELETE /v1.41/containers/{id}?link=1",
        "DELETE /v1.41/containers/{id}/",
        "GET /v1.41/containers/{short}/json",
        "GET /v1.41/containers/gate-test-bystander/json",
        "GET /v1.41/containers/json?filters=%7B%22name%22%3A%5B%22x%22%5D%7D",
        "GET /v1.41/containers/json?filters=%5B%5D",
        "GET /v1.41/containers/json?filters=%FF",
        "PATCH /v1.41/containers/json",
        "BREW /v1.41/containers/json",
    ],
)
def test_another_call_is_refused(gate, client, engine, line):
    made = engine.create_container_from_config(copy.deepcopy(GOOD))["Id"]
    method, target = line.format(id=made, short=made[:12]).split(" ")
    body = json.dumps(GOOD).encode() if "create" in target else b""
    before = count(engine)
    assert_refused(talk(gate, request(method, target, body)))
    assert count(engine) == before
    engine.remove_container(made, force=True)


@pytest.fixture
def bystander(engine) -> Iterator[str]:
    """Somebody else's container."""
    config = {
        "Image": IMAGE,
        "Cmd": ["/bin/cat"],
        "OpenStdin": True,
        "Labels": {"tensorgrade.owner": "gate-test"},
    }
    made = engine.create_container_from_config(config, name="gate-test-bystander")["Id"]
    yield made
    engine.remove_container(made, force=True, v=True)


@pytest.mark.parametrize("call", ["start", "kill", "wait", "json", "stats?stream=0", "attach?stream=1", ""])
def test_a_container_without_our_label_is_nobodys(gate, engine, bystander, call):
    method = "GET" if call.startswith(("json", "stats")) else "POST" if call else "DELETE"
    target = f"/v1.41/containers/{bystander}" + (f"/{call}" if call else "?force=1")
    headers = ("Connection: Upgrade", "Upgrade: tcp") if call.startswith("attach") else ()
    assert "not a sandbox" in assert_refused(talk(gate, request(method, target, b"", *headers)))
    assert engine.inspect_container(bystander)["State"]["Status"] == "created"


def test_a_list_has_sandboxes_only(client, bystander):
    made = client.create_container_from_config(copy.deepcopy(GOOD))["Id"]
    assert {
        one["Id"] for one in client.containers(all=True, filters={"label": "tensorgrade.owner=gate-test"})
    } == {made}
    client.remove_container(made, force=True)


# ------------------------------------------------------------------------- escapes in the way it is said

_PING = "GET /_ping HTTP/1.1\r\nHost: gate\r\n"


@pytest.mark.parametrize(
    "text",
    [
        _PING + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _PING + "Transfer-Encoding: identity\r\n\r\n",
        _PING + "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        _PING + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
        _PING + "Content-Length: 0\r\ncontent-length: 0\r\n\r\n",
        _PING + "Content-Length: 0, 5\r\n\r\n",
        _PING + "Content-Length: +0\r\n\r\n",
        _PING + "Content-Length: -1\r\n\r\n",
        _PING + "Content-Length: 0x0\r\n\r\n",
        _PING + "Content-Length: ٣\r\n\r\n",
        _PING + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        _PING + "X: a\r\n folded\r\n\r\n",
        _PING + "X: a\nY: b\r\n\r\n",
        _PING + "no colon\r\n\r\n",
        _PING + f"X: {'a' * 20_000}\r\n\r\n",
        _PING + "Content-Length: 999999999\r\n\r\n",
        _PING + "Content-Length: 5\r\n\r\nhello",
        "GET /_ping HTTP/1.0\r\n\r\n",
        "GET /_ping HTTP/2.0\r\n\r\n",
        "GET  /_ping HTTP/1.1\r\n\r\n",
        "GET /_ping\r\n\r\n",
        " GET /_ping HTTP/1.1\r\n\r\n",
        "GET /_ping HTTP/1.1 \r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x00\r\n\r\n",
    ],
)
def test_another_way_to_say_it_is_refused(gate, text):
    assert_refused(talk(gate, text.encode()))


def test_a_huge_body_is_refused_unread(gate):
    body = b" " * (300 * 1024)
    assert "bytes at most" in assert_refused(talk(gate, request("POST", "/v1.41/containers/create", body)))


def test_an_endless_head_is_refused(gate):
    assert_refused(talk(gate, b"GET /_ping HTTP/1.1\r\n" + b"X: y\r\n" * 100_000))


def test_a_cut_off_request_is_refused(gate):
    assert_refused(talk(gate, b"GET /_ping HTTP/1.1\r\nHo", end=True))
    assert talk(gate, b"", end=True) == b""


def test_a_second_request_on_the_connection_is_not_read(gate, engine):
    before = count(engine)
    evil = request(
        "POST", "/v1.41/containers/create", json.dumps(changed("HostConfig.Privileged", True)).encode()
    )
    answer = talk(gate, request("GET", "/_ping") + evil)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert count(engine) == before


def test_a_request_after_a_failed_attach_is_not_read(gate, engine):
    """The engine answers 404 instead of a tunnel: what follows must not reach it as a request."""
    before = count(engine)
    attach = request(
        "POST", f"/v1.41/containers/{'0' * 64}/attach?stream=1", b"", "Connection: Upgrade", "Upgrade: tcp"
    )
    config = json.dumps({"Image": IMAGE, "Labels": {"tensorgrade.owner": "gate-test"}}).encode()
    answer = talk(gate, attach + request("POST", "/v1.41/containers/create", config))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert count(engine) == before


def test_a_request_in_the_tunnel_is_the_containers_input(gate, client, engine):
    made = client.create_container_from_config(copy.deepcopy(GOOD))["Id"]
    client.start(made)
    before = count(engine)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(gate))
        target = f"/v1.41/containers/{made}/attach?stream=1&stdin=1&stdout=1"
        evil = request("GET", "/v1.41/containers/json")
        connection.sendall(request("POST", target, b"", "Connection: Upgrade", "Upgrade: tcp") + evil)
        data = b""
        while evil not in data:
            more = connection.recv(65536)
            assert more, data
            data += more
    assert data.startswith(b"HTTP/1.1 101 ")
    assert data.endswith(len(evil).to_bytes(4, "big") + evil), "what cat says, in a frame"
    assert count(engine) == before
    client.remove_container(made, force=True)


def test_without_the_engine_it_is_no_fault_of_the_caller(tmp_path):
    path = tmp_path / "gate.sock"
    command = [sys.executable, "-m", "grader.sandbox.docker.gate", "--listen", f"unix:{path}"]
    with subprocess.Popen([*command, "--engine", str(tmp_path / "none.sock")]) as process:
        deadline = time.monotonic() + 30
        while not path.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert talk(path, request("GET", "/_ping")).startswith(b"HTTP/1.1 502 ")
        assert subprocess.run([*command, "--check"]).returncode == 1
        process.terminate()
        assert process.wait(10) == 0


def test_the_image_of_the_tests_goes(engine):
    """The engine is asked by name; the fixture removes what this file made."""
    assert engine.inspect_image(IMAGE)
    with pytest.raises(ImageNotFound):
        engine.inspect_image("tensorgrade-gate-test:other")
