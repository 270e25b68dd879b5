"""Who looks at a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form, Request

from api.accounts.actor import Actor
from api.accounts.dependencies import MaybeSignedIn, SubmittingForm
from api.errors import NotAuthenticated


async def _maybe(request: Request, actor: MaybeSignedIn) -> Actor | None:
    request.state.viewer = actor  # what the frame of every page shows, error pages too
    return actor


async def _somebody(actor: Annotated[Actor | None, Depends(_maybe)]) -> Actor:
    if actor is None:
        raise NotAuthenticated("Sign in first.")
    return actor


async def _uploading(request: Request, actor: SubmittingForm) -> Actor:
    request.state.viewer = actor
    return actor


# A field of a form. With a length pydantic also refuses lone surrogates, which a form that names an odd
# charset can bring, and which no page could show.
Field = Annotated[str, Form(max_length=4096)]
MaybeViewer = Annotated[Actor | None, Depends(_maybe)]
Viewer = Annotated[Actor, Depends(_somebody)]
Uploader = Annotated[Actor, Depends(_uploading)]
