"""Single sign-on by OpenID Connect: the authorization code flow with PKCE, state and nonce.

    Provider.authorization_url(...)   where the browser is sent
    Provider.person(...)              who came back, from the code that they brought

The ID token counts only with a signature by one of the provider's published keys, for this issuer, this
client, this browser's nonce, and now.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from api.errors import BadRequest, Unavailable

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519", "EdDSA")  # no shared secrets
_LEEWAY = 60  # seconds that clocks may differ
_METADATA_SECONDS = 3600.0
_KEYS_SECONDS = 60.0  # not more often than this because of an unknown key
_TIMEOUT = 10.0
_AT_ONCE = 8  # requests to the provider: if it hangs, most of our threads still serve everybody else
_TURN_SECONDS = 2.0  # that the next one waits

_turns = threading.BoundedSemaphore(_AT_ONCE)


@dataclass(frozen=True)
class Person:
    """Whom the provider vouches for. `email` is None unless it says that it has verified it."""

    issuer: str
    subject: str
    email: str | None
    name: str


@dataclass(frozen=True)
class Attempt:
    """One browser's way through the provider: what ties the answer to the question."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


class Provider:
    """An OpenID provider, as its discovery document describes it."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer = issuer
        self._client_id, self._client_secret = client_id, client_secret
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    def authorization_url(self, attempt: Attempt) -> str:
        """Where the browser has to go. Raises `Unavailable`."""
        with self._client(attempt) as client:
            url, _state = client.create_authorization_url(
                self._endpoint("authorization_endpoint"),
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
            )
        return str(url)

    def check_issuer(self, given: str | None) -> None:
        """RFC 9207: the answer must come from this provider, if it says so. Raises `BadRequest`."""
        says_so = bool(self._discovered().get("authorization_response_iss_parameter_supported"))
        if given != self.issuer and (given is not None or says_so):
            raise refused("the answer is from another provider")

    def person(self, code: str, attempt: Attempt) -> Person:
        """Who came back with this code. Raises `BadRequest`, `Unavailable`."""
        answer = self._exchange(code, attempt)
        claims = self._verified(str(answer.get("id_token", "")), attempt.nonce)
        said = claims
        if "email_verified" not in claims and "userinfo_endpoint" in self._discovered():
            said = self._userinfo(str(answer.get("access_token", "")), claims["sub"])
        is_verified = said.get("email_verified") in (True, "true")
        email, name = said.get("email"), said.get("name")
        return Person(
            issuer=self.issuer,
            subject=claims["sub"],
            email=email if is_verified and isinstance(email, str) else None,
            name=name if isinstance(name, str) else "",
        )

    def _client(self, attempt: Attempt) -> OAuth2Client:
        """Authlib's client for one way through: PKCE, and the secret as the provider wants it."""
        methods = self._discovered().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        by_header = self._client_secret and "client_secret_basic" in methods
        by_form = "client_secret_post" if self._client_secret else "none"
        return OAuth2Client(
            client_id=self._client_id,
            client_secret=self._client_secret or None,
            token_endpoint_auth_method="client_secret_basic" if by_header else by_form,
            scope="openid email profile",
            redirect_uri=attempt.redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT,
        )

    def _exchange(self, code: str, attempt: Attempt) -> dict[str, Any]:
        endpoint = self._endpoint("token_endpoint")
        try:
            with self._client(attempt) as client, _turn():
                return dict(client.fetch_token(endpoint, code=code, code_verifier=attempt.verifier))
        except AuthlibBaseError as error:
            raise refused("it does not accept the answer that the browser brought") from error
        except (httpx.HTTPError, ValueError, TypeError) as error:
            raise _away(f"{endpoint} does not answer as it should") from error

    def _verified(self, id_token: str, nonce: str) -> dict[str, Any]:
        try:
            claims = self._decode(id_token)
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.issuer},
                sub={"essential": True},
                aud={"essential": True, "value": self._client_id},
                exp={"essential": True},
                iat={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise refused("its ID token is not valid") from error
        _check_party(claims, self._client_id)
        given = claims.get("nonce")
        if not isinstance(given, str) or not hmac.compare_digest(
            given.encode("utf-8", "replace"), nonce.encode()
        ):
            raise refused("its ID token belongs to another sign-in")
        return claims

    def _decode(self, id_token: str) -> dict[str, Any]:
        try:
            return jwt.decode(id_token, self._key_set(), algorithms=_ALGORITHMS).claims
        except (InvalidKeyIdError, ValueError):  # perhaps it has new keys
            return jwt.decode(id_token, self._key_set(fresh=True), algorithms=_ALGORITHMS).claims

    def _key_set(self, *, fresh: bool = False) -> KeySet:
        with self._lock:
            known, age = self._keys, time.monotonic() - self._keys_at
        if known is not None and age < (_KEYS_SECONDS if fresh else _METADATA_SECONDS):
            return known
        document = _json("GET", self._endpoint("jwks_uri"))
        found = KeySet.import_key_set({"keys": document.get("keys", [])})
        with self._lock:
            self._keys, self._keys_at = found, time.monotonic()
        return found

    def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"}
        found = _json("GET", self._endpoint("userinfo_endpoint"), headers=headers)
        if found.get("sub") != subject:
            raise refused("it speaks of two different people")
        return found

    def _endpoint(self, name: str) -> str:
        found = self._discovered().get(name)
        secure = isinstance(found, str) and found.startswith("https://")
        if not secure and not (isinstance(found, str) and self.issuer.startswith("http://")):
            raise _away(f"its {name} is missing or not https")
        return str(found)

    def _discovered(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() < self._metadata_until:
                return self._metadata
        found = _json("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise _away("its discovery document is for another issuer")
        with self._lock:
            self._metadata, self._metadata_until = found, time.monotonic() + _METADATA_SECONDS
        return found


def refused(reason: str) -> BadRequest:
    """A sign-in that cannot be believed."""
    return BadRequest(
        f"Single sign-on failed: {reason}. Start again from the sign-in page.", kind="single-sign-on"
    )


def _check_party(claims: dict[str, Any], client_id: str) -> None:
    """Whom the token was issued to, where it is meant for several parties."""
    party = claims.get("azp")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (party is not None or several) and party != client_id:
        raise refused("its ID token was issued to another client")


@contextmanager
def _turn() -> Iterator[None]:
    """One of the requests at once. Raises `Unavailable` if there is none for a while."""
    if not _turns.acquire(timeout=_TURN_SECONDS):
        raise _away("it is slow to answer others")
    try:
        yield
    finally:
        _turns.release()


def _json(method: str, url: str, **options: Any) -> dict[str, Any]:
    try:
        with _turn():
            response = httpx.request(method, url, timeout=_TIMEOUT, follow_redirects=False, **options)
        found = response.json() if response.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _away("it does not answer") from error
    if response.status_code in (400, 401, 403):
        raise refused("the provider did not accept the code")
    if not isinstance(found, dict):
        raise _away(f"it answered with status {response.status_code}")
    return found


def _away(reason: str) -> Unavailable:
    return Unavailable(
        f"The single sign-on provider cannot be used now ({reason}). Try again later, or use a password.",
        kind="single-sign-on-away",
    )
