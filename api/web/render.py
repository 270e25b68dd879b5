"""Renders the templates. Every page is made here: one place for escaping, caching and what all pages know."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.errors import ApiError
from api.web import words

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_HASHED_BYTES = 12


def _fingerprint() -> str:
    """Changes with every static file, so that browsers may keep them for ever."""
    whole = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()[:_HASHED_BYTES]


STATIC_URL = f"/static/{_fingerprint()}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name is an error, not an empty place
        trim_blocks=True,
        lstrip_blocks=True,
    )
    helpers = (
        words.points,
        words.moment,
        words.brief,
        words.relative,
        words.duration,
        words.size,
        words.ticks,
    )
    for helper in helpers:
        made.filters[helper.__name__] = helper
    made.globals |= {"plural": words.plural, "verdict": words.verdict, "state_of": words.state}
    made.globals |= {"WITHHELD": words.WITHHELD, "static": STATIC_URL}
    return made


_ENVIRONMENT = _environment()


def page(
    request: Request,
    template: str,
    context: Any = None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    error: ApiError | None = None,
) -> Response:
    """The page `pages/<template>.html`; `context` is the dataclass that it documents.

    error: what the page explains; the answer has its status.
    """
    if error is not None:
        status, headers = error.status, error.headers
    viewer = getattr(request.state, "viewer", None)
    values = {"viewer": viewer, "path": request.url.path, **_values(context)}
    html = _ENVIRONMENT.get_template(f"pages/{template}.html").render(values)
    kept = {"Cache-Control": "no-store", "Vary": "Accept, Cookie"}
    return HTMLResponse(html, status, kept | (headers or {}))


def _values(context: Any) -> dict[str, Any]:
    if context is None:
        return {}
    if not is_dataclass(context) or isinstance(context, type):
        raise TypeError(f"A page's context is a dataclass, not {type(context).__name__}.")
    return {field.name: getattr(context, field.name) for field in fields(context)}
