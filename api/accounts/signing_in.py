"""The one way in by password: counted against guessing, and the same answer for every wrong pair."""

from __future__ import annotations

from fastapi import Request

from api.accounts import service
from api.db.accounts import User
from api.errors import NotAuthenticated
from api.limiter import client_key
from api.services import Services


def by_password(services: Services, request: Request, email: str, password: str) -> User:
    """The user with this address and password.

    Every try counts for the account, failed ones also for the client's address: a lecture hall behind one
    address can sign in at once, and somebody who guesses cannot.

    Raises `NotAuthenticated`, `TooManyRequests`.
    """
    client = client_key(request)
    services.limiter.check("login", client)
    services.limiter.hit("login", f"account {email.strip().lower()[:300]}")
    user = service.authenticate(services.database, email, password)
    if user is None:
        services.limiter.hit("login", client)
        raise NotAuthenticated(
            "The e-mail address or the password is wrong.",
            kind="wrong-credentials",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return user
