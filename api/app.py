"""Puts the web application together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import problems
from api.accounts.oidc_routes import router as single_sign_on
from api.accounts.routes import router as accounts
from api.answers.routes import router as answers
from api.courses.routes import router as courses
from api.gradebook.routes import router as gradebook
from api.ops import middleware
from api.ops.routes import router as ops
from api.queue.routes import router as queue
from api.reports.routes import router as reports
from api.services import Services
from api.settings import Settings
from api.submissions.routes import router as submissions
from api.web import pages
from grader.version import __version__

PREFIX = "/api/v1"
_FEATURES = (accounts, courses, submissions, answers, reports, gradebook, queue)


def create_app(settings: Settings) -> FastAPI:
    """The application: JSON below /api/v1, pages beside it, health and metrics for operators."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.services.close()

    app = FastAPI(
        title="tensorgrade",
        version=__version__,
        summary="Answer-blind autograding for deep-learning homework.",
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its scripts come from elsewhere, which our content security policy forbids
        redoc_url=None,
        redirect_slashes=False,  # it would lead to http, and to whatever host the request names
    )
    app.state.services = Services.open(settings)
    problems.install(app, pages.error_page)
    middleware.install(app, settings)
    for feature in _FEATURES:
        app.include_router(feature, prefix=PREFIX)
    app.include_router(ops)
    app.include_router(single_sign_on)
    pages.install(app)
    return app
