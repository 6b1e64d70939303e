"""Who may sign in: tokens of any OIDC issuer, and not one that is wrong in any way."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from server.auth import LEEWAY_SECONDS, Authenticator
from server.errors import Unauthenticated
from server.oidc import FixedKeys, PublishedKeys, usable
from server.settings import Settings
from storage.database import Database
from tests.harness.issuer import OutsideIssuer, outside_issuer
from tests.harness.web import Site, site
from tests.harness.world import World

ME = {"query": "{ viewer { staff { name } } }"}


@pytest.fixture(scope="module")
def outside() -> Iterator[OutsideIssuer]:
    with outside_issuer() as made:
        yield made


@pytest.fixture(scope="module")
def served(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory, outside: OutsideIssuer) -> Iterator[Site]:
    with site(told, database_name, tmp_path_factory.mktemp("tokens"), oidc_issuer=outside.address) as made:
        yield made


@pytest_asyncio.fixture
async def client(served: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with served.client() as made:
        yield made


async def ask(client: httpx.AsyncClient, token: str, scheme: str = "Bearer") -> httpx.Response:
    return await client.post("/graphql", json=ME, headers={"Authorization": f"{scheme} {token}"})


@pytest.mark.parametrize("kid", ["ec1", "rsa1"])
async def test_a_right_token_signs_in_as_the_member_of_staff_it_names(
    client: httpx.AsyncClient, outside: OutsideIssuer, bank: World, kid: str
) -> None:
    answer = await ask(client, outside.token(bank.people["officer"].staff_no, kid))
    assert answer.json()["data"] == {"viewer": {"staff": {"name": "officer"}}}
    assert (await ask(client, outside.token(bank.people["officer"].staff_no, kid), "bearer")).status_code == 200


def _forged(outside: OutsideIssuer, subject: str) -> dict[str, str]:
    now, stranger = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    public = outside.keys["rsa1"].public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    good = outside.token(subject)
    head, body, mac = good.split(".")
    other = json.dumps(outside.jwks()["keys"][0])
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "ec1"}).encode()).rstrip(b"=").decode()
    hmac_head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "rsa1"}).encode()).rstrip(b"=").decode()
    key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    confused = base64.urlsafe_b64encode(key.sign(f"{hmac_head}.{body}".encode(), public)).rstrip(b"=").decode()
    return {
        "empty": "", "not a token": "abc", "two parts": f"{head}.{body}", "four parts": f"{good}.x", "huge": "a" * 9_000, "NUL": "a\x7fb.c.d",
        "none": f"{unsigned}.{body}.", "none, signed": f"{unsigned}.{body}.{mac}", "HS/RS confusion": f"{hmac_head}.{body}.{confused}",
        "tampered body": f"{head}.{body[:-4]}AAAA.{mac}", "tampered signature": f"{head}.{body}.{mac[:-6]}AAAAAA",
        "another key under a known id": outside.token(subject, key=stranger), "unknown kid": outside.token(subject, "nobody", key=stranger),
        "no kid": jwt.encode(outside.claims(subject), outside.keys["ec1"], "ES256"),
        "wrong algorithm for the key": outside.token(subject, "ec1", key=outside.keys["rsa1"], algorithm="RS256"),
        "jku": outside.token(subject, head={"jku": f"{outside.address}/jwks"}), "jwk": outside.token(subject, head={"jwk": json.loads(other)}),
        "x5u": outside.token(subject, head={"x5u": "https://evil.example"}),
        "wrong issuer": outside.token(subject, iss="https://other.example"), "wrong audience": outside.token(subject, aud="other"),
        "expired": outside.token(subject, exp=now - timedelta(seconds=LEEWAY_SECONDS + 1)), "not yet valid": outside.token(subject, nbf=now + timedelta(minutes=30)),
        "issued in the future": outside.token(subject, iat=now + timedelta(minutes=30)),
        **{f"no {claim}": outside.token(subject, **{claim: None}) for claim in ("iss", "aud", "exp", "nbf", "iat", "sub")},
        "nobody": outside.token("nobody-at-all"), "a number as subject": outside.token(subject, sub=7), "empty subject": outside.token(subject, sub=""),
    }  # fmt: skip


async def test_no_wrong_token_gets_in_and_all_are_told_the_same(
    client: httpx.AsyncClient, served: Site, outside: OutsideIssuer, bank: World
) -> None:
    bodies = set()
    for name, token in _forged(outside, bank.people["officer"].staff_no).items():
        answer = await client.post("/graphql", json=ME, headers=[(b"Authorization", f"Bearer {token}".strip().encode())])
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer"), (name, answer.text)
        error = answer.json()["errors"][0]
        assert error["extensions"]["code"] == "UNAUTHENTICATED", name
        bodies.add(error["message"])
    assert bodies == {"The token is not valid.", "A bearer token is required."}
    for wrong in ("Basic abc", "Bearer", outside.token("x")):
        assert (await client.post("/graphql", json=ME, headers={"Authorization": wrong})).status_code == 401
    assert "Traceback" not in served.logged() and "eyJ" not in served.logged()


async def test_a_token_within_the_leeway_is_good_and_a_leavers_is_not(
    client: httpx.AsyncClient, outside: OutsideIssuer, bank: World
) -> None:
    who, now = bank.people["officer"], datetime.now(UTC)
    assert (await ask(client, outside.token(who.staff_no, exp=now - timedelta(seconds=1)))).status_code == 200
    good = outside.token(who.staff_no)
    assert (await ask(client, good)).status_code == 200
    await bank.sql("update staff set active = false where id = $1", who.staff_id)
    answer = await ask(client, good)
    assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_that_was_right_is_refused_once_it_has_expired(
    client: httpx.AsyncClient, outside: OutsideIssuer, bank: World
) -> None:
    for left in (2, 8, 25):  # seconds of leeway: on a busy machine a few may be over before it is asked
        end = int(time.time()) + left
        short = outside.token(bank.people["officer"].staff_no, exp=datetime.fromtimestamp(end - LEEWAY_SECONDS, UTC))
        if was_right := (await ask(client, short)).status_code == 200:
            break
    assert was_right
    await asyncio.sleep(max(0.0, end - time.time()) + 0.5)
    assert (await ask(client, short)).status_code == 401


async def test_a_token_that_was_right_is_refused_once_its_key_is_another_or_gone(outside: OutsideIssuer) -> None:
    keys = {"ec1": outside.keys["ec1"].public_key()}
    settings = Settings(oidc_issuer=outside.address)
    authenticator, token = Authenticator(settings, Database(""), FixedKeys(keys)), outside.token("ann")
    assert await authenticator._subject(token) == await authenticator._subject(token) == "ann"
    for newer in ({"ec1": ec.generate_private_key(ec.SECP256R1()).public_key()}, {}):
        keys.clear()
        keys.update(newer)
        with pytest.raises(Unauthenticated):
            await authenticator._subject(token)


async def test_the_issuer_is_asked_once_for_many_and_again_at_most_once_a_minute(outside: OutsideIssuer) -> None:
    keys, before = PublishedKeys(outside.address, loopback=True), outside.asked
    found = await asyncio.gather(*(keys.key("ec1") for _ in range(50)))
    assert all(found) and outside.asked == before + 2  # discovery and keys
    assert await keys.key("unknown") is None and outside.asked == before + 2
    outside.add("ec2", ec.generate_private_key(ec.SECP256R1()))
    keys.tried_at -= 61
    assert await keys.key("ec2") is not None and outside.asked == before + 4
    outside.broken = True
    try:
        keys.tried_at -= 61
        assert await keys.key("ec3") is None and await keys.key("ec2") is not None  # the old keys go on
    finally:
        outside.broken = False


async def test_an_issuer_that_is_not_what_it_says_gives_no_keys(outside: OutsideIssuer) -> None:
    assert await PublishedKeys(outside.address, loopback=False).key("ec1") is None  # http is for the loopback in development
    assert await PublishedKeys(outside.address + "/", loopback=True).key("ec1") is None  # the document names another
    assert await PublishedKeys("http://127.0.0.1:9", loopback=True).key("ec1") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"},
        {"kid": None},
        {"kty": "oct", "k": "AAAA"},
        {"crv": "P-384"},
        {"alg": "RS256"},
        {"x": "AAAA"},
        {"d": "AAAA", "x": "A"},
    ],
)
def test_a_published_key_of_another_kind_is_passed_over(outside: OutsideIssuer, changed: dict[str, Any]) -> None:
    good = outside.jwks()["keys"][0]
    assert usable(good) is not None and usable({**good, **changed}) is None


def test_a_short_rsa_key_is_passed_over() -> None:
    made = OutsideIssuer()
    made.add("short", rsa.generate_private_key(65537, 1024))  # short on purpose
    assert usable(made.jwks()["keys"][-1]) is None and issubclass(Unauthenticated, Exception)
