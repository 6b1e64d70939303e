"""Who is asking: a bearer token names an account; roles and branches come from the database, never from the token.

The embedded issuer signs with a key of the home and is for development alone.
"""

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Text, bindparam, func, select

from server.errors import Unauthenticated
from server.oidc import Keys
from server.settings import Settings
from storage.database import Connection, Database, Principal, connect
from storage.tables import delegations, org_units, read_grants, staff, staff_roles
from storage.terms import OrgLevel, Role

ALGORITHMS = ("ES256", "RS256")
BROUGHT_KEYS = frozenset({"jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64"})  # nobody brings a key of their own
TOKEN_CHARACTERS_MAX = 8_192
REQUIRED = ["exp", "iat", "nbf", "iss", "aud", "sub"]
LEEWAY_SECONDS = 30
EVERYWHERE = frozenset({Role.COMPLIANCE, Role.AUDITOR})
KEY_FILE = "issuer.json"
KNOWN_MAX, KEPT_SECONDS_MAX = 10_000, 3_600.0

_username = bindparam("username", type_=Text, required=True)
_top = select(staff.c.org_id.label("id")).where(staff.c.username == _username).cte("below", recursive=True)
_below = _top.union_all(select(org_units.c.id).join(_top, org_units.c.parent_id == _top.c.id))
_begins, _ends = (
    select(edge(delegations.c.during).label("at")).join(staff, staff.c.id == delegations.c.to_staff_id).where(staff.c.username == _username)
    for edge in (func.lower, func.upper)
)
_grants = (
    select(edge(read_grants.c.during).label("at")).join(staff, staff.c.id == read_grants.c.staff_id).where(staff.c.username == _username)
    for edge in (func.lower, func.upper)
)
_turns = _begins.union_all(_ends, *_grants).subquery()
_units = (
    select(read_grants.c.org_id.label("id"))
    .join(staff, staff.c.id == read_grants.c.staff_id)
    .where(staff.c.username == _username, read_grants.c.during.op("@>")(func.now()))
    .cte("granted", recursive=True)
)
_granted = _units.union(select(org_units.c.id).join(_units, org_units.c.parent_id == _units.c.id))
WHO = (
    select(
        staff.c.id,
        staff.c.staff_no,
        staff.c.name,
        staff.c.org_id,
        org_units.c.level,
        select(func.array_agg(staff_roles.c.role)).where(staff_roles.c.staff_id == staff.c.id).scalar_subquery().label("roles"),
        select(func.array_agg(delegations.c.role))
        .where(delegations.c.to_staff_id == staff.c.id, delegations.c.during.op("@>")(func.now()))
        .scalar_subquery()
        .label("delegated"),
        staff.c.principal_version,
        select(func.array_agg(_granted.c.id)).scalar_subquery().label("granted"),
        select(func.extract("epoch", func.min(_turns.c.at) - func.now()))
        .where(_turns.c.at > func.now())
        .scalar_subquery()
        .label("seconds"),
        select(func.array_agg(_below.c.id)).scalar_subquery().label("branches"),
    )
    .join(org_units, org_units.c.id == staff.c.org_id)
    .where(staff.c.username == _username, staff.c.active)
)
PEOPLE = (
    select(staff.c.username, staff.c.name, org_units.c.name.label("unit"))
    .join(org_units, org_units.c.id == staff.c.org_id)
    .where(staff.c.active)
    .order_by(staff.c.username)
    .limit(200)
)


ACCOUNTS = select(staff.c.username).where(staff.c.active, staff.c.username.is_not(None))


async def accounts(url: str) -> list[str]:
    """Accounts of everybody who may sign in."""
    conn = await connect(url)
    try:
        return [row["username"] for row in await Connection(conn).rows(ACCOUNTS)]
    finally:
        await conn.close()


@dataclass(frozen=True)
class Issuer:
    """The embedded issuer: one ES256 key of the home."""

    private_key: Any
    kid: str

    @classmethod
    def of(cls, home: Path) -> "Issuer":
        """The key of a home, made on the first call."""
        path = home / KEY_FILE
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            part = path.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_text(json.dumps({"kid": f"embedded-{datetime.now(UTC):%Y%m%d%H%M%S}", "pem": pem.decode()}))
            part.replace(path)
        kept = json.loads(path.read_text())
        return cls(serialization.load_pem_private_key(kept["pem"].encode(), None), kept["kid"])

    def token(self, settings: Settings, username: str) -> str:
        """A token for an account; whether it exists is the server's to say."""
        now = datetime.now(UTC)
        claims = {
            "iss": settings.issuer,
            "aud": settings.token_audience,
            "sub": username,
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(hours=settings.token_hours),
        }
        return jwt.encode(claims, self.private_key, "ES256", headers={"kid": self.kid})

    @property
    def public_keys(self) -> dict[str, Any]:
        """By key id."""
        return {self.kid: self.private_key.public_key()}


def expiry(authorization: str) -> float:
    """When a token that was found valid ends, as seconds since 1970."""
    claims = jwt.decode(authorization.partition(" ")[2].strip(), options={"verify_signature": False})
    return float(claims["exp"]) + LEEWAY_SECONDS


@dataclass(frozen=True, slots=True)
class Verified:
    """What a right token said, the key it was signed with, and the time at which it has expired."""

    subject: str
    kid: str
    key: Any
    until: float


class Authenticator:
    """Tokens to principals."""

    def __init__(self, settings: Settings, database: Database, keys: Keys) -> None:
        self.settings, self.database, self.keys = settings, database, keys
        self.known: dict[str, tuple[Principal, float]] = {}  # with the clock reading until which it may be kept
        self.verified: dict[bytes, Verified] = {}  # by digest: a signature costs more than the rest of a request

    async def principal(self, authorization: str | None, *, fresh: bool = False) -> Principal:
        """The caller; Unauthenticated for everything else. Kept from before unless `fresh`: every statement compares its version."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("A bearer token is required.")
        subject = await self._subject(token.strip())
        kept = self.known.get(subject)
        if kept is None or fresh or time.monotonic() > kept[1]:
            self.known.pop(subject, None)
            kept = await self.person(subject)
            while len(self.known) >= KNOWN_MAX:
                self.known.pop(next(iter(self.known)))
            self.known[subject] = kept
        return kept[0]

    async def _subject(self, token: str) -> str:
        """Whom a token names: as verified before, while it has not expired and its key is still the issuer's; else verified now."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        kept = self.verified.get(digest)
        if kept is None or time.time() >= kept.until or (await self.keys.key(kept.kid) or (None,))[0] is not kept.key:
            self.verified.pop(digest, None)
            kept = await self._verify(token)
            while len(self.verified) >= KNOWN_MAX:
                self.verified.pop(next(iter(self.verified)))
            self.verified[digest] = kept
        return kept.subject

    async def _verify(self, token: str) -> Verified:
        """Every way in which a token can be wrong has the same answer."""
        try:
            if len(token) > TOKEN_CHARACTERS_MAX:
                raise ValueError
            head = jwt.get_unverified_header(token)
            if head.keys() & BROUGHT_KEYS or head.get("alg") not in ALGORITHMS or not isinstance(head.get("kid"), str):
                raise ValueError
            key, algorithm = await self.keys.key(head["kid"]) or (None, None)
            if key is None or algorithm != head["alg"]:
                raise ValueError
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self.settings.issuer,
                audience=self.settings.token_audience,
                leeway=LEEWAY_SECONDS,
                options={"require": [*REQUIRED, self.settings.oidc_claim]},
            )
            subject = claims[self.settings.oidc_claim]
            if not isinstance(subject, str) or not subject:
                raise ValueError
            return Verified(subject, head["kid"], key, int(claims["exp"]) + LEEWAY_SECONDS)
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Unauthenticated("The token is not valid.") from None

    async def person(self, username: str) -> tuple[Principal, float]:
        """As they are now, and until when."""
        return await person_of(self.database, username)

    async def people(self) -> list[dict[str, str]]:
        """Accounts that the embedded issuer may sign for."""
        async with self.database.transaction(None) as conn:
            return [dict(row.items()) for row in await conn.rows(PEOPLE)]


async def person_of(database: Database, username: str) -> tuple[Principal, float]:
    """Roles, delegations and branches of an active member of staff, and until when: the next delegation begins or ends then."""
    began = time.monotonic()
    async with database.readers.acquire() as raw:  # one statement, no transaction around it
        row = await Connection(raw).row(WHO, username=username)
    if row is None:
        raise Unauthenticated("The token is not valid.")
    roles = frozenset(Role(r) for r in (*(row["roles"] or ()), *(row["delegated"] or ())))
    examines = Role.EXAMINER in roles  # from outside: what was granted, for as long, and nothing of the unit they are listed in
    everywhere = not examines and (row["level"] == OrgLevel.HEAD_OFFICE or bool(EVERYWHERE & roles))
    until = began + min(KEPT_SECONDS_MAX, float(row["seconds"] if row["seconds"] is not None else KEPT_SECONDS_MAX))
    branches = tuple(row["granted"] or ()) if examines else tuple(row["branches"])
    much = everywhere or await database.sees_much(branches)
    return Principal(
        row["id"], row["org_id"], row["name"], roles, branches, everywhere, row["staff_no"], row["principal_version"], much
    ), until
