"""Says "slow down" to whoever asks too often."""

from __future__ import annotations

import ipaddress
import logging
import math
import time

from fastapi import Request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from api.errors import TooManyRequests
from api.settings import Settings

_LOG = logging.getLogger(__name__)
_REDIS_SECONDS = 1.0
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Limiter:
    """Counts requests in a moving window: in memory, or in Redis where there is one for several processes.

    Rules: "login", "upload" and "token"; the settings say how many. Several keys are counted each for itself.
    """

    def __init__(self, settings: Settings) -> None:
        self.is_on = settings.rate_limits
        self._rules: dict[str, RateLimitItem] = {
            "login": parse(settings.login_rate),
            "upload": parse(settings.upload_rate),
            "token": parse(settings.token_rate),
        }
        self._memory = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_storage(settings)) if _has_redis(settings) else self._memory

    def hit(self, rule: str, *keys: str) -> None:
        """Count a request. Raises `TooManyRequests` when one of the keys has none left."""
        for key in keys if self.is_on else ():
            if not self._ask("hit", rule, key):
                raise self._refusal(rule, key)

    def check(self, rule: str, *keys: str) -> None:
        """The same without counting."""
        for key in keys if self.is_on else ():
            if not self._ask("test", rule, key):
                raise self._refusal(rule, key)

    def _ask(self, verb: str, rule: str, key: str) -> bool:
        item = self._rules[rule]
        try:
            return bool(getattr(self._shared, verb)(item, rule, key))
        except StorageError:
            _LOG.warning("The rate limiter cannot reach Redis; this process counts for itself.")
            return bool(getattr(self._memory, verb)(item, rule, key))

    def _refusal(self, rule: str, key: str) -> TooManyRequests:
        item = self._rules[rule]
        try:
            reset = self._shared.get_window_stats(item, rule, key).reset_time
        except StorageError:
            reset = time.time() + item.get_expiry()
        seconds = max(1, math.ceil(reset - time.time()))
        return TooManyRequests(
            f"Too many requests of this kind. Try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
            retry_after=seconds,
        )


def client_address(request: Request) -> str:
    """The address that a request came from, as far as the trusted proxies vouch for it."""
    settings: Settings = request.app.state.services.settings
    trusted = _networks(settings.trusted_proxies)
    found = request.client.host if request.client else ""
    forwarded = [part.strip() for part in ",".join(request.headers.getlist("x-forwarded-for")).split(",")]
    while forwarded and _is_in(found, trusted):
        claimed = forwarded.pop()
        if _address(claimed) is None:
            break
        found = claimed
    return found


def client_key(request: Request) -> str:
    """What to count a client by: its address, or its network of 2^64 addresses in IPv6."""
    found = client_address(request)
    address = _address(found)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return f"address {address.ipv4_mapped}"
        found = str(ipaddress.IPv6Network((address, 64), strict=False))
    return f"address {found}"


def _networks(text: str) -> list[_Network]:
    return [ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


def _is_in(text: str, networks: list[_Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _has_redis(settings: Settings) -> bool:
    return settings.broker.startswith(("redis://", "rediss://"))


def _storage(settings: Settings) -> RedisStorage:
    return RedisStorage(
        settings.broker,
        wrap_exceptions=True,
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
    )
