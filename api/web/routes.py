"""Every page."""

from __future__ import annotations

from fastapi import APIRouter

from api.web import answers, assignment, home, invitation, report, reports, signing, submission, tokens

router = APIRouter()
for _pages in (home, signing, assignment, answers, reports, report, submission, tokens, invitation):
    router.include_router(_pages.router)
