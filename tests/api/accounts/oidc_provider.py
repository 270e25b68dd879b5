"""A small OpenID Connect provider on a real port, with the faults that tests ask for."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "tensorgrade"
SECRET = "a client's secret: with / and +"  # noqa: S105


@dataclass
class Grant:
    """What the provider remembers between the browser's visit and the token request."""

    challenge: str
    nonce: str
    redirect_uri: str


@dataclass
class OidcProvider:
    """Whoever comes is signed in as the person in `claims`."""

    claims: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "alice-17",
            "email": "alice@example.edu",
            "email_verified": True,
            "name": "Alice",
        }
    )
    id_token_changes: dict[str, Any] = field(default_factory=dict)  # None takes a claim out
    userinfo: dict[str, Any] = field(default_factory=dict)
    forged: str = ""  # an ID token to send instead
    metadata_changes: dict[str, Any] = field(default_factory=dict)
    token_requests: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rotate()
        self._grants: dict[str, Grant] = {}
        routes = [
            Route("/.well-known/openid-configuration", self._metadata),
            Route("/jwks", self._jwks),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), host="127.0.0.1", port=0, log_level="error", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.issuer = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop the server."""
        self._server.should_exit = True
        self._thread.join(10)

    def rotate(self) -> None:
        """New signing keys."""
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True)
        self.key.ensure_kid()

    def sign(self, claims: dict[str, Any]) -> str:
        """An ID token."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def _metadata(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
            | self.metadata_changes
        )

    def _jwks(self, _request: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    def _authorize(self, request: Request) -> Response:
        query = request.query_params
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self._grants[code] = Grant(query["code_challenge"], query["nonce"], query["redirect_uri"])
        return RedirectResponse(f"{query['redirect_uri']}?code={code}&state={query['state']}", 302)

    async def _token(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        self.token_requests.append(form)
        grant = self._grants.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if not _is_client(request):
            return JSONResponse({"error": "invalid_client"}, 401)
        if grant is None or grant.challenge != challenge or grant.redirect_uri != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": grant.nonce}
        claims |= self.claims | self.id_token_changes
        claims = {key: value for key, value in claims.items() if value is not None}
        token = self.forged or self.sign(claims)
        return JSONResponse({"access_token": "access", "token_type": "Bearer", "id_token": token})

    def _userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer access"
        return JSONResponse(self.userinfo)


def _is_client(request: Request) -> bool:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return False
    name, _, secret = base64.b64decode(encoded).decode().partition(":")
    return unquote(name) == CLIENT and unquote(secret) == SECRET
