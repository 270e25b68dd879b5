"""Which calls of the engine's API the gate lets through, and in what words.

Nothing of a request is passed on as it came: it is read into the parts that are allowed, and those are
written anew. So there is no second way to say a path, a parameter or a key. What is not named is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from grader.sandbox.docker.gate_shape import LABEL, Refused, Shape, checked_body

_OLDEST = 40  # before API 1.24 `start` took a host configuration; 1.40 is Docker 19.03
_TARGET = re.compile(r"(?P<version>/v1\.[0-9]{2})?(?P<path>/[a-zA-Z0-9_./:-]*)(?:\?(?P<query>[!-~]*))?")
_ID = re.compile(r"[0-9a-f]{64}")
_FLAG = "0|1|[Tt]rue|[Ff]alse"
_OFF = "0|[Ff]alse"


@dataclass(frozen=True)
class Request:
    """What a worker asked for."""

    method: str
    target: str
    body: bytes = b""
    wants_upgrade: bool = False


@dataclass(frozen=True)
class Call:
    """What the engine is asked instead."""

    method: str
    target: str
    body: bytes = b""
    container: str = ""  # has to be one of ours: the gate asks the engine before
    upgrade: bool = False  # the connection becomes the container's stream
    kept: frozenset[str] | None = None  # the answer's keys that are passed on; None: all


@dataclass(frozen=True)
class _Action:
    """One thing that may be done with a container of ours: the parameters with what they may be."""

    parameters: Mapping[str, str]
    upgrade: bool = False


_ACTIONS = {
    ("POST", "start"): _Action({}),
    ("POST", "attach"): _Action(
        {"stdin": _FLAG, "stdout": _FLAG, "stderr": _FLAG, "stream": _FLAG, "logs": _OFF}, upgrade=True
    ),
    ("POST", "kill"): _Action({"signal": "[A-Z0-9]{1,9}"}),
    ("POST", "wait"): _Action({"condition": "not-running|next-exit|removed"}),
    ("GET", "json"): _Action({"size": _OFF}),
    ("GET", "stats"): _Action({"stream": _OFF, "one-shot": _FLAG}),
    ("DELETE", ""): _Action({"v": _FLAG, "force": _FLAG, "link": _OFF}),
}
_ABOUT_ENGINE = frozenset(
    {
        "Architecture",
        "CgroupDriver",
        "CgroupVersion",
        "DefaultRuntime",
        "Driver",
        "KernelVersion",
        "MemTotal",
        "NCPU",
    }
    | {"OSType", "OperatingSystem", "Runtimes", "SecurityOptions", "ServerVersion", "SwapLimit"}
    | {"CpuCfsQuota", "MemoryLimit", "PidsLimit"}
)
_ABOUT_IMAGE = frozenset({"Architecture", "Created", "Id", "Os", "RepoTags", "Size"})


def checked(request: Request, shape: Shape) -> Call:
    """The call that the engine gets for this request. Raises `Refused`."""
    found = _TARGET.fullmatch(request.target)
    if found is None:
        raise Refused("The gate cannot read this address.")
    version, path = found["version"] or "", found["path"]
    query = _parameters(found["query"] or "")
    if path in {"/_ping", "/version"} and request.method in {"GET", "HEAD"} and not query:
        _without_body(request)
        return Call(request.method, version + path)
    if not version or int(version.removeprefix("/v1.")) < _OLDEST:
        raise Refused(f"The gate wants an API version from 1.{_OLDEST} on in the address.")
    if (request.method, path) == ("POST", "/containers/create"):
        return _create(request, version, query, shape)
    _without_body(request)
    if request.method == "GET" and not path.startswith("/containers/"):
        return _about(version, path, query, shape)
    if (request.method, path) == ("GET", "/containers/json"):
        return Call("GET", f"{version}{path}?{urlencode(_listed(query))}")
    return _action(request, version, path, query)


def _create(request: Request, version: str, query: Mapping[str, str], shape: Shape) -> Call:
    known = _allowed(query, {"name": "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}"})
    target = f"{version}/containers/create" + (f"?{urlencode(known)}" if known else "")
    return Call("POST", target, json.dumps(checked_body(request.body, shape)).encode())


def _about(version: str, path: str, query: Mapping[str, str], shape: Shape) -> Call:
    """What `tensorgrade doctor` says of the engine and of the one image."""
    if query:
        raise Refused("The gate allows no parameters here.")
    if path == "/info":
        return Call("GET", f"{version}/info", kept=_ABOUT_ENGINE)
    if path == f"/images/{shape.image}/json":
        return Call("GET", f"{version}{path}", kept=_ABOUT_IMAGE)
    raise Refused("The gate lets only calls for containers of sandboxes through.")


def _listed(query: Mapping[str, str]) -> dict[str, str]:
    """Parameters of a list: whatever filters it has, only sandboxes are in it."""
    known = _allowed(query, {"all": _FLAG, "size": _OFF, "limit": "-1", "trunc_cmd": _FLAG, "filters": ".*"})
    labels = _labels(known.get("filters", "{}"))
    if labels is None:
        raise Refused("The gate lists sandboxes by a list of labels only.")
    return known | {"filters": json.dumps({"label": [*labels, LABEL]})}


def _labels(text: str) -> list[str] | None:
    """Those of a list's filters; None if there is anything else in them."""
    try:
        filters: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(filters, dict) or set(filters) - {"label"}:
        return None
    labels = filters.get("label", [])
    is_plain = isinstance(labels, list) and all(isinstance(one, str) for one in labels)
    return labels if is_plain else None


def _action(request: Request, version: str, path: str, query: Mapping[str, str]) -> Call:
    identifier, _, verb = path.removeprefix("/containers/").partition("/")
    action = _ACTIONS.get((request.method, verb))
    if action is None or not _ID.fullmatch(identifier) or path.endswith("/"):
        raise Refused("The gate lets this call through for no container; containers go by their whole id.")
    if action.upgrade and not request.wants_upgrade:
        raise Refused("The gate attaches with an upgrade of the connection only.")
    known = _allowed(query, action.parameters)
    target = f"{version}{path}" + (f"?{urlencode(known)}" if known else "")
    return Call(request.method, target, container=identifier, upgrade=action.upgrade)


def _parameters(query: str) -> dict[str, str]:
    try:
        pairs = (
            parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict") if query else []
        )
    except ValueError as error:
        raise Refused("The gate cannot read these parameters.") from error
    if len(dict(pairs)) != len(pairs):
        raise Refused("A parameter stands there twice.")
    return dict(pairs)


def _allowed(query: Mapping[str, str], patterns: Mapping[str, str]) -> dict[str, str]:
    for name, value in query.items():
        if name not in patterns or not re.fullmatch(patterns[name], value):
            raise Refused(f"The gate does not allow the parameter {name[:40]!r} with this value here.")
    return dict(query)


def _without_body(request: Request) -> None:
    """Docker-py sends `{}` or `null` where there is nothing to say."""
    if request.body.strip() not in {b"", b"{}", b"null"}:
        raise Refused("The gate allows no body here.")
