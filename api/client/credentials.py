"""Where the command line keeps its token: ~/.config/tensorgrade/credentials.json, for its owner only."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

URL_VARIABLE, TOKEN_VARIABLE = "TENSORGRADE_URL", "TENSORGRADE_TOKEN"


@dataclass(frozen=True)
class Credentials:
    """Which service, and the token for it."""

    url: str  # without a slash at the end
    token: str


def path(environment: Mapping[str, str] = os.environ) -> Path:
    """The file."""
    base = environment.get("XDG_CONFIG_HOME") or str(
        Path(environment.get("HOME") or "~").expanduser() / ".config"
    )
    return Path(base) / "tensorgrade" / "credentials.json"


def load(environment: Mapping[str, str] = os.environ) -> Credentials | None:
    """From the variables TENSORGRADE_URL and TENSORGRADE_TOKEN, else from the file, else None."""
    url, token = environment.get(URL_VARIABLE, ""), environment.get(TOKEN_VARIABLE, "")
    if url and token:
        return Credentials(url.rstrip("/"), token)
    try:
        data = json.loads(path(environment).read_text(encoding="utf-8"))
        return Credentials(str(data["url"]).rstrip("/"), str(data["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(credentials: Credentials, environment: Mapping[str, str] = os.environ) -> Path:
    """Keep them. The file is never readable for others, not even for a moment."""
    target = path(environment)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=target.parent)  # made with mode 600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(credentials), file, indent=2)
    Path(name).replace(target)
    return target


def forget(environment: Mapping[str, str] = os.environ) -> None:
    """Remove the file."""
    path(environment).unlink(missing_ok=True)
