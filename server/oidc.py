"""The keys of an OIDC issuer: found by discovery, read from its JWKS, kept, and read again at most once a minute.

Only keys that the issuer publishes are ever used: a token that brings or points at a key of its own is refused before.
"""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

import jwt

from server.logs import log

FETCH_SECONDS_MAX, FETCH_BYTES_MAX = 5.0, 256 * 1024
AGAIN_AFTER_SECONDS, KEPT_SECONDS = 60.0, 3_600.0
RSA_BITS_MIN = 2_048
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Keys(Protocol):
    """Where a public key comes from; None for a key id that the issuer does not know."""

    async def key(self, kid: str) -> Any:
        """The key and its only algorithm."""


class FixedKeys:
    """The keys of the embedded issuer."""

    def __init__(self, keys: Mapping[str, Any]) -> None:
        self.keys = keys

    async def key(self, kid: str) -> Any:
        """By id."""
        found = self.keys.get(kid)
        return None if found is None else (found, "ES256")


class BadIssuer(Exception):
    """What an issuer publishes is not usable; says why."""


class PublishedKeys:
    """The keys of an issuer on the network; concurrent callers share one fetch, and old keys outlive a fetch that fails."""

    def __init__(self, issuer: str, *, loopback: bool = False) -> None:
        self.issuer, self.loopback = issuer, loopback
        self.keys: dict[str, tuple[Any, str]] = {}
        self.tried_at = self.read_at = float("-inf")
        self.lock = asyncio.Lock()

    async def key(self, kid: str) -> Any:
        """By id; an unknown one, or old keys, are a reason to ask the issuer, at most once a minute."""
        if kid in self.keys and time.monotonic() - self.read_at < KEPT_SECONDS:
            return self.keys[kid]
        async with self.lock:
            if time.monotonic() - self.tried_at >= AGAIN_AFTER_SECONDS:
                self.tried_at = time.monotonic()
                await self._read()
        return self.keys.get(kid)

    async def _read(self) -> None:
        try:
            self.keys = await asyncio.to_thread(self._fetched)
            self.read_at = time.monotonic()
        except (BadIssuer, OSError, ValueError) as error:
            log.warning("issuer not read", kind=type(error).__name__, reason=str(error) if isinstance(error, BadIssuer) else None)

    def _fetched(self) -> dict[str, tuple[Any, str]]:
        found = self._json(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise BadIssuer("the discovery document names another issuer")
        keys = self._json(str(found.get("jwks_uri", ""))).get("keys")
        made = dict(one for raw in (keys if isinstance(keys, list) else ()) if (one := usable(raw)))
        if not made:
            raise BadIssuer("no key for ES256 or RS256 is published")
        return made

    def _json(self, url: str) -> dict[str, Any]:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (self.loopback and parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise BadIssuer("an address is not https")
        with OPENER.open(url, timeout=FETCH_SECONDS_MAX) as answer:
            body = answer.read(FETCH_BYTES_MAX + 1)
        if len(body) > FETCH_BYTES_MAX:
            raise BadIssuer("a document is too large")
        made = json.loads(body)
        if not isinstance(made, dict):
            raise BadIssuer("a document is no object")
        return made


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> NoReturn:
        raise BadIssuer("an address redirects")


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def usable(raw: Any) -> tuple[str, tuple[Any, str]] | None:
    """The id, key and algorithm of a published key; None for one that must not sign tokens here."""
    if not isinstance(raw, dict) or not isinstance(raw.get("kid"), str) or raw.get("use", "sig") != "sig":
        return None
    algorithm = {"EC": "ES256", "RSA": "RS256"}.get(str(raw.get("kty")))
    if algorithm is None or raw.get("alg", algorithm) != algorithm or (algorithm == "ES256" and raw.get("crv") != "P-256"):
        return None
    try:
        key = jwt.PyJWK.from_dict({**raw, "alg": algorithm}).key
    except (jwt.PyJWTError, ValueError):
        return None
    if hasattr(key, "private_numbers") or (algorithm == "RS256" and key.key_size < RSA_BITS_MIN):
        return None
    return raw["kid"], (key, algorithm)
