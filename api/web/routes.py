"""Every page."""

from __future__ import annotations

from fastapi import APIRouter

from api.web import assignment, home, invitation, signing, submission, tokens

router = APIRouter()
for _pages in (home, signing, assignment, submission, tokens, invitation):
    router.include_router(_pages.router)
