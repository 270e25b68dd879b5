"""What the commands do."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console

from api.client import credentials
from api.client.credentials import Credentials
from api.client.errors import TROUBLE, USAGE, ClientError, SignInNeeded
from api.client.http import FINAL, Service
from api.client.progress import Live
from grader.report import render
from grader.scoring.model import Score


def login(url: str, token: str | None, email: str | None) -> None:
    """Get a token, or check the one given, and keep it."""
    base = (url if "://" in url else f"https://{url}").rstrip("/")
    with _faults():
        kept_token = _new_token(base, email) if token is None else _given_token(token)
        with Service(Credentials(base, kept_token)) as service:
            who = service.me()
        kept = credentials.save(Credentials(base, kept_token))
    _say(f"Signed in to {base} as {who['email']}. The token is in {kept}.")


def logout() -> None:
    """Revoke the token and remove it."""
    known = credentials.load()
    if known is None:
        _say("You are not signed in.")
        return
    try:
        with Service(known, pauses=()) as service:
            service.log_out()
    except SignInNeeded:
        pass  # it is not valid any more
    except ClientError as error:
        _say(f"The token was removed here, but not revoked: {error}")
    credentials.forget()
    _say("Signed out.")


def submit(assignment: str, files: Sequence[Path], *, wait: bool, as_json: bool) -> None:
    """Hand in; with `wait`, go on to the result."""
    for path in files:
        if not path.is_file():
            _fail(USAGE, f"{path} is no file." + (" Pack the folder as .zip." if path.is_dir() else ""))
    with _faults(), _service() as service:
        receipt = service.submit(assignment, files)
        if not wait:
            _receipt(service, receipt, as_json=as_json)
            return
        final = _wait(service, str(receipt["id"]))
    _result(final, as_json=as_json)


def status(submission: str | None, *, as_json: bool) -> None:
    """Show one submission, or the newest of each assignment."""
    with _faults(), _service() as service:
        if submission is None:
            _overview(service, as_json=as_json)
            return
        found = service.submission(submission)
    if found["state"] in FINAL:
        _result(found, as_json=as_json)
    elif as_json:
        _print_json(found)
    else:
        _say(_progress_words(found))


def _new_token(base: str, email: str | None) -> str:
    address = email or str(typer.prompt("E-mail", err=True))
    password = _asked("Password")
    with Service(Credentials(base, "")) as service:
        return service.log_in(address, password)


def _asked(what: str) -> str:
    """Without a terminal, the next line of the input."""
    return str(typer.prompt(what, hide_input=True, err=True)) if sys.stdin.isatty() else input()


def _given_token(token: str) -> str:
    """A dash asks for it, so that it need not stand in the shell's history."""
    asks = token in ("", "-")
    return _asked("Token").strip() if asks else token


def _service() -> Service:
    known = credentials.load()
    if known is None:
        raise SignInNeeded("You are not signed in. Run: tensorgrade login URL")
    return Service(known)


def _wait(service: Service, identifier: str) -> dict[str, Any]:
    with Live(Console(stderr=True)) as live:
        for event in service.follow(identifier):
            live.show(event)
    return service.submission(identifier)


def _receipt(service: Service, receipt: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        _print_json(receipt)
        return
    _say(f"Handed in: {service.url}/submissions/{receipt['id']}")
    _say(f"Its result: tensorgrade status {receipt['id']}")
    for warning in receipt.get("warnings", ()):
        _say(f"Note: {warning}")


def _result(final: dict[str, Any], *, as_json: bool) -> None:
    """The score; ends the program with status 3 where there is none by our fault."""
    if as_json:
        _print_json(final["result"] if final.get("result") else final)
    elif final.get("result"):
        render(Score.model_validate(final["result"]), Console(), view="student")
    elif final["state"] == "graded":
        _say("Graded. Your teachers show the results later.")
    elif final["state"] == "superseded":
        _say("Not graded: you handed in a newer file while it waited.")
    if final["state"] == "failed":
        _fail(TROUBLE, "Something of the service failed. Your file is safe and costs you no try.")


def _overview(service: Service, *, as_json: bool) -> None:
    rows = []
    for course in service.courses():
        for one in service.assignments(str(course["slug"])):
            newest = service.submissions(str(one["id"]))
            rows.append(
                {"course": course["slug"], "assignment": one["slug"], "newest": newest[0] if newest else None}
            )
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['course']:16} {row['assignment']:24} {_progress_words(row['newest'])}")
    if not rows:
        _say("You are in no course with assignments.")


def _progress_words(found: dict[str, Any] | None) -> str:
    if found is None:
        return "nothing handed in"
    if found.get("score") is not None:
        return f"{found['state']}: {found['score']:g} of {found['max_score']:g}"
    place = found.get("queue") or {}
    return f"{found['state']}, place {place['position']}" if place.get("position") else str(found["state"])


def _print_json(data: object) -> None:
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def _say(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False).print(sentence, markup=False)


def _fail(code: int, sentence: str) -> NoReturn:
    _say(f"tensorgrade: {sentence}")
    raise typer.Exit(code)


class _faults:  # noqa: N801 - reads as a statement
    """Ends the program with a sentence and the right status, never with a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ClientError):
            _fail(error.status, str(error))
        if isinstance(error, KeyboardInterrupt):
            _fail(130, "Stopped. What was handed in is graded all the same.")
