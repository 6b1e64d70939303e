"""What an event holds, whatever act wrote it: closed words, references, and nothing that is somebody's."""

import hmac
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from server.compliance.events import CANONICAL_TAG, Chains, Words, body_of, canonical
from server.compliance.history import page_of, read_history
from server.compliance.tags import DETAIL, Tag
from server.lending import NewContract, register_contracts
from storage.terms import ContractKind
from tests.compliance import second
from tests.harness.demo import Demo
from tests.harness.world import World


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [leaf for inner in value for leaf in leaves(inner)] if isinstance(value, list) else [value]


async def test_an_event_of_the_demo_bank_tells_nothing_that_is_somebodys(demo: Demo) -> None:
    """No name of a customer, a member of staff or a dealer, no plate or VIN; of a masked text not even what it shows."""
    columns = {
        "customers": ("name", "district", "identity_number_masked", "phone_masked", "address_masked"),
        "staff": ("name",), "dealers": ("name",), "collateral": ("vin", "engine_no", "plate_no"),
    }  # fmt: skip
    theirs = {
        value
        for table, names in columns.items()
        for row in await demo.root.fetch(f"select {', '.join(names)} from {table}")
        for value in row.values()
        if value
    }
    seen, tags, names = set[Any](), set[str](), set[str]()
    for row in await demo.root.fetch("select canonical from events"):
        body = body_of(row["canonical"])
        seen.update(leaf for leaf in leaves(body["detail"]) if isinstance(leaf, str))
        tags.add(body["tag"])
        names |= body["detail"].keys()
        assert second.canonical(body).encode() == row["canonical"].removeprefix(CANONICAL_TAG)
    assert not seen & theirs and not {text for text in seen if re.search(r"[一-鿿]", text)}
    assert len(tags) > 20 and tags <= set(Tag) and names <= DETAIL


async def test_words_stand_beside_the_event_and_their_hash_in_it(bank: World) -> None:
    loan, by = await bank.loan(), bank.people["officer"]
    said = "借款人来电，要求更正"
    async with bank.database.transaction(by) as conn:
        contract = NewContract(f"HT{bank.tag}", ContractKind.LOAN, by.org_id, bank.day(), Decimal(1), (loan,))
        (made,) = await register_contracts(conn, by, [contract], datetime.now(UTC))
    async with bank.database.transaction(by) as conn:
        chains = await Chains.lock(conn, [loan])
        id_ = chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=by.staff_id, at=datetime.now(UTC), reason=Words(said))
        await chains.write()
    text = await bank.sql("select canonical from events where id = $1", id_)
    kept = await bank.root.fetchrow("select key, words from event_words where event_id = $1 and name = 'reason'", id_)
    assert said.encode() not in text and kept["words"] == said
    assert body_of(text)["detail"]["reason"] == {"words": hmac.digest(kept["key"], said.encode(), "sha256").hex()}
    compliance = bank.people["compliance"]
    reading = await read_history(
        bank.database, compliance, contract_id=made, number=None, as_of=None, known_at=None, purpose="AUDIT"
    )  # fmt: skip
    told = await page_of(bank.database, compliance, reading, 10, None)
    assert [entry.detail["reason"] for entry in told.entries if entry.id == id_] == [said]
    for statement in ("update event_words set words = ''", "delete from event_words"):
        with pytest.raises(asyncpg.CheckViolationError, match="c48"):
            await bank.root.execute(statement)
    async with bank.database.transaction(bank.people["officer_b"]) as conn:
        assert await conn.raw.fetchval("select count(*) from event_words where event_id = $1", id_) == 0


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", object(), 2**53, {"n": [2**60]}])
def test_what_has_no_canonical_bytes_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical({"value": value})


def test_canonical_bytes_do_not_depend_on_how_a_body_was_made() -> None:
    at = datetime(2026, 1, 31, 16, tzinfo=UTC)
    one = canonical({"b": {"z": 1, "a": [True, None]}, "a": at})
    assert one == canonical(json.loads(json.dumps({"a": at.isoformat(timespec="microseconds"), "b": {"a": [True, None], "z": 1}})))
    assert sha256(one).digest() == sha256(CANONICAL_TAG + second.canonical(body_of(one)).encode()).digest()
