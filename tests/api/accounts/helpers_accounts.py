"""Short words for the tests of accounts."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.testclient import TestClient
from world import PASSWORD

from api import problems
from api.accounts import csrf
from api.accounts.dependencies import (
    Acting,
    Administering,
    MaybeSignedIn,
    SignedIn,
    Submitting,
    SubmittingForm,
)
from api.accounts.oidc_routes import router as single_sign_on
from api.accounts.routes import router as accounts
from api.courses.invitation_routes import router as invitations
from api.services import Services
from api.settings import Settings

API = "/api/v1"
OPENED: list[Services] = []  # by this test


def accounts_app(settings: Settings) -> FastAPI:
    """An application with nothing but accounts, and a route for each dependency."""
    app = FastAPI()
    app.state.services = Services.open(settings)
    OPENED.append(app.state.services)
    problems.install(app)
    app.include_router(accounts, prefix=API)
    app.include_router(invitations, prefix=API)
    app.include_router(single_sign_on)
    app.add_api_route("/read", reading, methods=["GET"])
    app.add_api_route("/submit", submitting, methods=["POST"])
    app.add_api_route("/act", acting, methods=["POST"])
    app.add_api_route("/administer", administering, methods=["POST"])
    app.add_api_route("/upload", uploading, methods=["POST"])
    app.add_api_route("/page", page, methods=["GET", "POST"])
    return app


def reading(actor: SignedIn) -> str:
    """Anybody."""
    return actor.email


def submitting(actor: Submitting) -> str:
    """Students and all others."""
    return actor.email


def acting(actor: Acting) -> str:
    """Staff."""
    return actor.email


def administering(actor: Administering) -> str:
    """Administrators."""
    return actor.email


async def uploading(actor: SubmittingForm, request: Request) -> str:
    """A page's upload form."""
    async with request.form() as form:
        csrf.require_match(actor, str(form.get(csrf.FIELD)))
    return actor.email


def page(actor: MaybeSignedIn) -> str:
    """A page."""
    return actor.email if actor else "nobody"


def browser(app: FastAPI, address: str = "10.0.0.1") -> TestClient:
    """A browser of its own. Redirects are not followed."""
    return TestClient(
        app, base_url=app.state.services.settings.url, follow_redirects=False, client=(address, 1234)
    )


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    """Sign in with a browser; returns the CSRF header."""
    answer = client.post(f"{API}/session", json={"email": f"{name}@example.edu", "password": password})
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf_token"]}
