"""Health and metrics, for load balancers, supervisors and Prometheus."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from api.errors import NotAuthenticated, NotFound, Unavailable
from api.ops import health, metrics
from api.services import Running
from api.settings import Settings
from grader.version import __version__

router = APIRouter(tags=["operation"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"
    version: str = __version__


class Ready(BaseModel):
    """Everything that requests need is there."""

    status: str = "ready"
    checks: list[str]


@router.get("/healthz", summary="Whether this process answers")
def healthz() -> Alive:
    """Asks nothing else: restart the process if this fails."""
    return Alive()


@router.get("/readyz", summary="Whether requests can be served")
def readyz(services: Running) -> Ready:
    """Database, migrations and uploads; 503 with what is missing."""
    found = health.examine(services)
    missing = {one.name: one.problem for one in found if one.problem}
    if missing:
        raise Unavailable(
            " ".join(missing.values()), kind="not-ready", checks=missing, headers={"Retry-After": "5"}
        )
    return Ready(checks=[one.name for one in found])


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
def read_metrics(
    request: Request, services: Running, authorization: Annotated[str, Header()] = ""
) -> Response:
    """With `TENSORGRADE_METRICS_TOKEN` as bearer token; without such a setting in development only."""
    _check_scraper(services.settings, authorization)
    return Response(metrics.exposition(request.app, services), media_type=CONTENT_TYPE_LATEST)


def _check_scraper(settings: Settings, authorization: str) -> None:
    token = settings.metrics_token.get_secret_value()
    if not token and settings.environment == "production":
        raise NotFound("Metrics are off: set TENSORGRADE_METRICS_TOKEN to read them with that bearer token.")
    given = authorization.removeprefix("Bearer ")
    if token and not hmac.compare_digest(given.encode(), token.encode()):
        raise NotAuthenticated(
            "Give TENSORGRADE_METRICS_TOKEN as bearer token.", headers={"WWW-Authenticate": "Bearer"}
        )
