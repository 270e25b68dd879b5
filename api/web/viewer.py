"""Who looks at a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

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


MaybeViewer = Annotated[Actor | None, Depends(_maybe)]
Viewer = Annotated[Actor, Depends(_somebody)]
Uploader = Annotated[Actor, Depends(_uploading)]
