"""Fetches the official files of a data set. What was received stays, so that a fetch that was cut goes on.

A file is received as NAME.part and gets its name once its SHA-256 is right: whoever serves it, a file with
its name is the official one.
"""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

from grader.datasets_files import has_digest, unpack
from grader.datasets_sources import Source, SourceFile
from grader.errors import InfrastructureError, UsageError
from grader.version import __version__

Progress = Callable[[SourceFile, int], None]  # the file, and how many of its bytes are here

_CHUNK = 1 << 16
_SECONDS = 30.0  # without a byte
_STANDSTILLS = 3  # attempts in a row that brought nothing
_CUT = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


class _Refused(Exception):
    """An address does not give the file; the message is the reason."""


def fetch(
    source: Source,
    root: Path,
    *,
    mirror: str | None = None,
    progress: Progress = lambda _file, _received: None,
) -> Path:
    """Fetch and unpack what of `source` is not in `root` yet; the data set's folder.

    Args:
        source: the data set.
        root: the folder of all data sets.
        mirror: address of a folder to take the files from, instead of the official places.
        progress: told while bytes come in.

    Raises:
        UsageError: `mirror` is no address.
        InfrastructureError: a file cannot be had or written; the message says why, and what to do.
    """
    addresses = (_as_folder(mirror),) if mirror else source.addresses
    folder = root / source.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in source.files:
            if not has_digest(folder / file.name, file):
                _download(file, addresses, folder / file.name, progress)
            progress(file, file.size)
            unpack(folder / file.name, file)
    except OSError as error:
        raise InfrastructureError(f"{error.filename or folder}: {error.strerror or error}.") from error
    return folder


def _as_folder(address: str) -> str:
    if not address.startswith(("https://", "http://")):
        raise UsageError(f"{address!r} is no address: it begins with https:// or http://.")
    return address if address.endswith("/") else address + "/"


def _download(file: SourceFile, addresses: tuple[str, ...], target: Path, progress: Progress) -> None:
    reasons = []
    for address in addresses:
        url = urljoin(address, file.name)
        try:
            _from(url, file, target, progress)
        except _Refused as reason:
            reasons.append(f"{url}: {reason}")
        else:
            return
    raise InfrastructureError(
        f"{file.name} cannot be fetched. {'; '.join(reasons)}. What has arrived is kept: the same command "
        "goes on with it, --mirror ADDRESS asks another place. Without a network, copy the file from another "
        f"machine to {target}. Specs that find no real data take the offline stand-in."
    )


def _from(url: str, file: SourceFile, target: Path, progress: Progress) -> None:
    """Complete `target` from one address."""
    part = target.with_name(target.name + ".part")
    was_there = _size(part) > 0
    _receive_all(url, part, file, progress)
    if has_digest(part, file):
        part.replace(target)
        return
    part.unlink()
    if not was_there:
        raise _Refused("what it serves is not the official file (another SHA-256)")
    _from(url, file, target, progress)  # perhaps the first half was of something else


def _receive_all(url: str, part: Path, file: SourceFile, progress: Progress) -> None:
    """Ask again where the connection was cut, as long as we get further than ever before."""
    standstills, furthest, reason = 0, _size(part), ""
    while _size(part) != file.size:
        if standstills == _STANDSTILLS:
            raise _Refused(reason)
        try:
            _receive(url, part, file, progress)
            reason = f"the connection ended after {_size(part)} of {file.size} bytes"
        except _CUT as error:
            reason = _reason(error)
        standstills = 0 if _size(part) > furthest else standstills + 1
        furthest = max(furthest, _size(part))


def _receive(url: str, part: Path, file: SourceFile, progress: Progress) -> None:
    """One request for what is missing."""
    have = _size(part)
    headers = {"User-Agent": f"tensorgrade/{__version__}", "Accept-Encoding": "identity"}
    if 0 < have < file.size:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http or https: see _as_folder
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the same
        have = have if _continues(answer, have) else 0
        with part.open("ab" if have else "wb") as out:
            while chunk := answer.read(_CHUNK):
                have += len(chunk)
                if have > file.size:
                    raise _Refused(f"it serves more than the {file.size} bytes of the official file")
                out.write(chunk)
                progress(file, have)


def _continues(answer: http.client.HTTPResponse, have: int) -> bool:
    """Whether the answer goes on where we stopped; one that ignores the range starts at the beginning."""
    start = re.match(r"bytes (\d{1,18})-", answer.headers.get("Content-Range") or "")
    if answer.status == http.HTTPStatus.PARTIAL_CONTENT and (start is None or int(start[1]) != have):
        raise _Refused("it does not send the part that was asked for")
    return answer.status == http.HTTPStatus.PARTIAL_CONTENT


def _reason(error: Exception) -> str:
    """Why a request failed, in words. Raises `_Refused` where asking again is of no use."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        words = f"the server answers {error.code} {error.reason}"
        if error.code < 500 and error.code not in (408, 429):
            raise _Refused(words)
        return words
    if isinstance(error, urllib.error.URLError):
        return f"no connection ({error.reason})"
    return f"the connection broke ({error or type(error).__name__})"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
