"""Exports are asked for, made by whoever comes, once, fetched for a minute, and thrown away; nobody learns of another's."""

import asyncio
import gzip
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
import pytest_asyncio

from schema.reading.answers import ReadingSchema
from server.compliance import periods
from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.context import Context
from server.custody.moves import Ask
from server.errors import NotFound
from server.exports import Exports, key_of
from server.failpoints import DEAD
from server.scans.locking import ScanLocks
from server.settings import Settings
from storage.objects import ObjectStore, StoreAddress
from storage.terms import Action, HoldKind, HoldSubject, Role
from tests.compliance import second
from tests.compliance.conftest import Asking
from tests.harness import servers
from tests.harness.jobs import jobs_of
from tests.harness.ledger import Ledger, bucket_of, verify
from tests.harness.packs import asked, contract_of, fetched, made, members_of, row_of
from tests.harness.scans import stored
from tests.harness.stores import own_store
from tests.harness.web import ANSWER_SECONDS_MAX, outer_environment
from tests.harness.world import World

EVIDENCE = """mutation ($i: ExportEvidenceInput!) { exportEvidence(input: $i) { __typename
  ... on ExportEvidencePayload { replayed export { id state kind purpose contract { number } done total sha256 failure expiresAt } }
  ... on Problem { code } } }"""
EVENTS = """mutation ($i: ExportEventsInput!) { exportEvents(input: $i) { __typename
  ... on ExportEventsPayload { replayed export { id state periodFrom periodTo } }
  ... on InvalidInput { problems { path code } } ... on Problem { code } } }"""
LINK = """mutation ($i: IssueExportLinkInput!) { issueExportLink(input: $i) { __typename
  ... on IssueExportLinkPayload { url expiresAt } ... on Problem { code } } }"""
MINE = "query { exports(first: 100) { totalCount edges { node { id state done total sizeBytes failure } } } }"
NODE = "query ($id: ID!) { node(id: $id) { ... on Export { id state } } }"


@dataclass
class House:
    """One bank, its ledger, and a contract with something to tell."""

    ledger: Ledger
    bank: World
    contract: UUID
    volumes: list[UUID]

    async def sealed(self) -> None:
        await self.ledger.sealer.seal_all()

    async def number(self) -> str:
        return str(await self.bank.sql("select number from contracts where id = $1", self.contract))


@pytest_asyncio.fixture
async def house(told: dict[str, Any], objects: ObjectStore) -> AsyncIterator[House]:
    ledger = Ledger(told, await asyncio.to_thread(servers.clone, told), bucket_of(told))
    async with ledger.bank() as bank:
        loan = await bank.loan()
        contract, volumes = await contract_of(bank, loan), await bank.volumes(2, loan=loan)
        yield House(ledger, bank, contract, volumes)
    ledger.bucket.close()


@pytest.fixture
def run(schema: ReadingSchema, objects: ObjectStore) -> Any:
    """The payload, the problem, or the errors."""

    async def run(bank: World, who: str, query: str, **given: Any) -> Any:
        given.setdefault("idempotencyKey", uuid4().hex)
        context = Context(
            bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables={"i": given}, request_id="r"
        )
        result = await schema.execute(query, {"i": given}, context)
        if result.errors:
            return [getattr(e.original_error, "code", None) or (e.extensions or {}).get("code") for e in result.errors]
        return next(iter(orjson.loads(orjson.dumps(result.data)).values()))

    return run


async def logged(bank: World, action: str) -> list[tuple[str, str | None]]:
    rows = await bank.root.fetch("select result, purpose from access_log where action = $1 order by logged_at", action)
    return [tuple(row) for row in rows]


# Asked for --------------------------------------------------------------------------------------------------------------
async def test_it_is_asked_for_made_fetched_and_verified(house: House, run: Any, ask: Asking, objects: ObjectStore, tmp_path: Path) -> None:
    bank = house.bank
    given = {"contract": {"number": await house.number()}, "purpose": "REGULATOR_REQUEST"}
    answer = await run(bank, "compliance", EVIDENCE, **given)
    assert answer["export"] | {"id": ""} == {
        "id": "", "state": "QUEUED", "kind": "EVIDENCE", "purpose": "REGULATOR_REQUEST", "contract": {"number": await house.number()},
        "done": 0, "total": None, "sha256": None, "failure": None, "expiresAt": None,
    }  # fmt: skip
    export = answer["export"]["id"]
    assert (await run(bank, "compliance", LINK, exportId=export, purpose="AUDIT"))["code"] == "NOT_FOUND"  # it is not there yet
    await house.sealed()
    await made(house.ledger, bank, objects)
    (node,) = [edge["node"] for edge in (await ask(bank, "compliance", MINE))["exports"]["edges"]]
    assert (node["id"], node["state"], node["done"]) == (export, "READY", node["total"])
    link = await run(bank, "compliance", LINK, exportId=export, purpose="AUDIT")
    assert datetime.fromisoformat(link["expiresAt"]) - datetime.now(UTC) <= timedelta(seconds=60)
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        got = await client.get(link["url"])
    assert got.status_code == 200 and got.headers["content-disposition"].startswith('attachment; filename="evidence-')
    (tmp_path / "pack.zip").write_bytes(got.content)
    status, said = verify(tmp_path / "pack.zip", house.ledger)
    assert status == 0, said
    assert node["sizeBytes"] == str(len(got.content))
    about = json.loads(members_of(tmp_path / "pack.zip")["manifest.json"])
    assert (about["purpose"], about["by"]["name"]) == ("REGULATOR_REQUEST", "compliance")
    assert await logged(bank, "exportEvidence") == [("GRANTED", "REGULATOR_REQUEST")]
    assert await logged(bank, "issueExportLink") == [("DENIED", "AUDIT"), ("GRANTED", "AUDIT")]


async def test_unknown_contracts_other_roles_and_no_purpose(house: House, run: Any, schema: ReadingSchema) -> None:
    bank = house.bank
    for by in ({"id": f"contract_{uuid4()}"}, {"number": "nothing"}, {"id": f"loan_{house.contract}"}, {"id": "x"}):
        assert (await run(bank, "auditor", EVIDENCE, contract=by, purpose="AUDIT"))["code"] == "NOT_FOUND", by
    assert await logged(bank, "exportEvidence") == [("DENIED", "AUDIT")] * 4
    sought = await bank.root.fetch(
        "select detail->>'number' as number from access_log where action = 'exportEvidence' and detail ? 'number'"
    )
    assert [row["number"] for row in sought] == ["nothing"]
    mine = {"contract": {"id": f"contract_{house.contract}"}}
    for who in ("officer", "president", "legal", "head", "core"):
        assert await run(bank, who, EVIDENCE, purpose="AUDIT", **mine) == ["FORBIDDEN"]
    denied = "select count(*) from access_log where action = 'exportEvidence' and result = 'DENIED' and $1 = any(subject_ids)"
    assert await bank.sql(denied, house.contract) == 5
    for wrong in (mine, {**mine, "purpose": "CURIOSITY"}, {"purpose": "AUDIT"}, {"purpose": "AUDIT", "contract": {}}):
        assert await run(bank, "compliance", EVIDENCE, **wrong) == ["BAD_REQUEST"], wrong
    assert (await run(bank, "compliance", EVIDENCE, purpose="AUDIT", idempotencyKey=" ", **mine))["code"] == "INVALID_INPUT"
    assert await bank.sql("select count(*) from exports") == 0


async def test_a_key_is_spent_once_by_two_at_once_and_not_on_another_input(house: House, run: Any) -> None:
    bank, mine = house.bank, {"contract": {"id": f"contract_{house.contract}"}}
    two = await asyncio.gather(*(run(bank, "compliance", EVIDENCE, purpose="AUDIT", idempotencyKey="k", **mine) for _ in range(2)))
    assert sorted(answer["replayed"] for answer in two) == [False, True] and two[0]["export"]["id"] == two[1]["export"]["id"]
    assert (await run(bank, "compliance", EVIDENCE, purpose="INVESTIGATION", idempotencyKey="k", **mine))["code"] == "IDEMPOTENCY_CONFLICT"
    assert await bank.sql("select count(*) from exports") == 1
    assert (await run(bank, "auditor", EVIDENCE, purpose="AUDIT", idempotencyKey="k", **mine))["replayed"] is False  # another's key


async def test_nobody_sees_or_fetches_anothers_export(house: House, run: Any, ask: Asking, objects: ObjectStore) -> None:
    bank = house.bank
    export = await asked(bank, objects, house.contract)
    await house.sealed()
    await made(house.ledger, bank, objects)
    for who in ("compliance_two", "auditor", "officer", "president", "core"):
        assert (await ask(bank, who, MINE))["exports"]["totalCount"] == 0
        assert (await ask(bank, who, NODE, id=f"export_{export}"))["node"] is None
    assert (await run(bank, "auditor", LINK, exportId=f"export_{export}", purpose="AUDIT"))["code"] == "NOT_FOUND"
    for who, seen in (("compliance", 1), ("compliance_two", 0), ("officer", 0), ("jobs", 1)):  # PostgreSQL says it again
        async with bank.database.transaction(bank.people[who]) as conn:
            assert await conn.raw.fetchval("select count(*) from exports") == seen, who
            assert await conn.raw.fetchval(
                "with x as (update exports set done = 0 where id = $1 returning 1) select count(*) from x", export
            ) == (1 if who == "jobs" else 0)


# Made -------------------------------------------------------------------------------------------------------------------
async def test_it_waits_for_the_seal_as_often_as_it_takes(house: House, objects: ObjectStore, tmp_path: Path) -> None:
    export = await asked(house.bank, objects, house.contract)
    await made(house.ledger, house.bank, objects, times=7)
    assert (
        dict(await row_of(house.bank, export)).items() >= {"state": "QUEUED", "attempts": 0, "failure": None, "leased_until": None}.items()
    )
    await house.sealed()
    await made(house.ledger, house.bank, objects)
    assert verify(await fetched(house.bank, objects, export, tmp_path), house.ledger)[0] == 0


async def test_whoever_has_left_or_may_not_any_more_gets_nothing_and_is_told_why(house: House, objects: ObjectStore, run: Any) -> None:
    bank, leaves = house.bank, {
        "ASKER_LEFT": "update staff set active = false where id = $1",
        "NOT_PERMITTED": "delete from staff_roles where staff_id = $1",
    }  # fmt: skip
    for why, statement in leaves.items():
        await bank.hire(why, {Role.COMPLIANCE}, bank.people["compliance"].org_id, (), everywhere=True)
        export = await asked(bank, objects, house.contract, why)
        await house.sealed()
        await bank.sql(statement, bank.people[why].staff_id)
        await made(house.ledger, bank, objects)
        row = await row_of(bank, export)
        assert (row["state"], row["failure"], row["sha256"]) == ("FAILED", why, None)
    assert [key async for key in _keys(objects, export)] == []


async def _keys(objects: ObjectStore, export: UUID) -> AsyncIterator[str]:
    for key, _ in await objects.staging.keys(f"exports/{export}/"):
        yield key


async def test_one_that_fails_again_and_again_ends(house: House, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours is met five times, and then told."""
    export = await asked(house.bank, objects, house.contract)
    await house.sealed()
    await house.bank.past_the_triggers("update access_log set detail = '[]'")  # which no line of ours has
    await made(house.ledger, house.bank, objects, times=4)
    assert (await row_of(house.bank, export))["state"] == "QUEUED"
    await made(house.ledger, house.bank, objects)
    row = await row_of(house.bank, export)
    assert (row["state"], row["failure"], row["attempts"]) == ("FAILED", "INTERNAL", 5)


async def test_one_of_which_every_worker_dies_ends_too(house: House, objects: ObjectStore) -> None:
    export = await asked(house.bank, objects, house.contract)
    await house.sealed()
    await house.bank.sql(
        "update exports set state = 'RUNNING', attempts = 10, leased_by = $2, leased_until = now() where id = $1", export, uuid4()
    )
    await made(house.ledger, house.bank, objects)
    assert dict(await row_of(house.bank, export)).items() >= {"state": "FAILED", "failure": "INTERNAL"}.items()


async def test_held_contracts_locked_scans_and_scans_that_have_not_come(house: House, objects: ObjectStore, tmp_path: Path) -> None:
    """None of them keeps the evidence from being made; what is not there is told."""
    bank = house.bank
    loan = await bank.sql("select loan_id from loan_contracts where contract_id = $1", house.contract)
    await bank.done("legal", Ask(Action.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.LOAN, subject=loan, reason="冻结"))
    scan = await stored(bank, objects, house.volumes[0], b"%PDF locked")
    await ScanLocks(bank.database).lock(bank.people["archivist"], scan, key="l")
    waits = await stored(bank, objects, house.volumes[1], b"%PDF waits")
    await bank.past_the_triggers(f"update scans set status = 'REGISTERED', stored_at = null, confirmed_at = null where id = '{waits}'")
    export = await asked(bank, objects, house.contract)
    await house.sealed()
    await made(house.ledger, bank, objects)
    pack = await fetched(bank, objects, export, tmp_path)
    told = {line["id"]: line for line in map(json.loads, members_of(pack)["scans.jsonl"].splitlines())}
    assert (told[str(scan)]["lacks"], told[str(waits)]["lacks"], told[str(waits)]["member"]) == (None, "REGISTERED", None)
    assert members_of(pack)[told[str(scan)]["member"]] == b"%PDF locked"
    assert verify(pack, house.ledger)[0] == 0


async def test_a_damaged_scan_is_told_and_not_handed_out(house: House, objects: ObjectStore, tmp_path: Path) -> None:
    bank = house.bank
    scan, well = await stored(bank, objects, house.volumes[0], b"%PDF one"), await stored(bank, objects, house.volumes[1], b"%PDF two")
    await bank.past_the_triggers(f"update scans set sha256 = sha256('other'::bytea) where id = '{scan}'")
    export = await asked(bank, objects, house.contract)
    await house.sealed()
    await made(house.ledger, bank, objects)
    pack = await fetched(bank, objects, export, tmp_path)
    told = {line["id"]: line["lacks"] for line in map(json.loads, members_of(pack)["scans.jsonl"].splitlines())}
    assert told == {str(scan): "DAMAGED", str(well): None} and verify(pack, house.ledger)[0] == 0


async def test_a_scan_that_is_damaged_in_the_first_bucket_comes_from_the_second_and_a_large_one_in_parts(
    house: House, tmp_path: Path
) -> None:
    bank, large, small = house.bank, token_bytes(1 << 20) * 21, b"%PDF " + token_bytes(3_000)
    with own_store(tmp_path / "one") as one, own_store(tmp_path / "two") as two:
        objects = ObjectStore(one.address, two.address)
        scans = [await stored(bank, objects, record, body) for record, body in zip(house.volumes, (large, small), strict=True)]
        assert await (await jobs_of(bank, objects)).copy() == 2
        assert one.damage({small[100:200]: b"x" * 100}) > 0
        export = await asked(bank, objects, house.contract)
        await house.sealed()
        await made(house.ledger, bank, objects)
        pack = await fetched(bank, objects, export, tmp_path)
        told = {line["id"]: line["member"] for line in map(json.loads, members_of(pack)["scans.jsonl"].splitlines())}
        assert [members_of(pack)[told[str(scan)]] for scan in scans] == [large, small] and verify(pack, house.ledger)[0] == 0
        assert await objects.parts.open("exports/") == []
        objects.close()


async def test_with_the_store_hung_it_waits_and_is_made_when_it_is_back(house: House, tmp_path: Path) -> None:
    bank = house.bank
    with own_store(tmp_path / "store") as store:
        objects = ObjectStore(store.address)
        await stored(bank, objects, house.volumes[0], b"%PDF there")
        export = await asked(bank, objects, house.contract)
        await house.sealed()
        with store.hung():
            await made(house.ledger, bank, objects)
            row = await row_of(bank, export)
            assert (row["state"], row["attempts"], row["failure"]) == ("QUEUED", 0, None)
        end = time.monotonic() + ANSWER_SECONDS_MAX
        while (await row_of(bank, export))["state"] != "READY" and time.monotonic() < end:
            await made(house.ledger, bank, objects)
            await asyncio.sleep(0.5)
        assert verify(await fetched(bank, objects, export, tmp_path), house.ledger)[0] == 0
        objects.close()


# Killed -----------------------------------------------------------------------------------------------------------------
async def crashed(house: House, point: str, address: StoreAddress, part_events: int = 2) -> int:
    """The status of a worker that dies there; its lease has ended when this returns."""
    by = (await jobs_of(house.bank)).by
    about = {
        "url": servers.url(house.ledger.told, "app", house.ledger.name), "staff": str(by.staff_id), "org": str(by.org_id), "part_events": part_events,
        "store": [address.endpoint, address.access_key, address.secret_key, address.locked_bucket, address.staging_bucket],
        "key": [house.ledger.key.name, house.ledger.key.seed.hex()],
    }  # fmt: skip
    environment = outer_environment() | {"LOANFILE_FAILPOINT": f"{point}:die"}
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.compliance.exporter", json.dumps(about), env=environment,
                                                 cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)  # fmt: skip
    status = await child.wait()
    await house.bank.sql("update exports set leased_until = clock_timestamp() where leased_until is not null")
    return status


@pytest.mark.parametrize("point", ["evidence_read", "export_stored"])
async def test_a_worker_that_is_killed_leaves_the_evidence_to_another(
    house: House, objects: ObjectStore, store_address: StoreAddress, tmp_path: Path, point: str
) -> None:
    await stored(house.bank, objects, house.volumes[0])
    export = await asked(house.bank, objects, house.contract)
    await house.sealed()
    assert await crashed(house, point, store_address) == DEAD
    assert (await row_of(house.bank, export))["state"] == "RUNNING"
    await made(house.ledger, house.bank, objects)
    assert verify(await fetched(house.bank, objects, export, tmp_path), house.ledger)[0] == 0


async def test_one_is_in_one_hand_at_a_time(house: House, objects: ObjectStore) -> None:
    first, second_ = await asked(house.bank, objects, house.contract), await asked(house.bank, objects, house.contract)
    await house.sealed()
    await house.bank.sql(
        "update exports set state = 'RUNNING', leased_by = $2, leased_until = now() + interval '1 minute' where id = $1", first, uuid4()
    )
    await made(house.ledger, house.bank, objects)
    assert {(await row_of(house.bank, one))["state"] for one in (first, second_)} == {"RUNNING", "QUEUED"}
    await house.bank.sql("update exports set leased_until = now() where id = $1", first)
    await asyncio.gather(*(made(house.ledger, house.bank, objects) for _ in range(3)))
    await made(house.ledger, house.bank, objects, times=2)
    assert [(await row_of(house.bank, one))["state"] for one in (first, second_)] == ["READY", "READY"]


# Kept -------------------------------------------------------------------------------------------------------------------
async def test_a_try_that_lost_its_export_leaves_no_archive(house: House, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    export = await asked(house.bank, objects, house.contract)
    await house.sealed()
    put = type(objects.parts).put

    async def late(self: Any, *given: Any, **named: Any) -> Any:
        stored = await put(self, *given, **named)
        await house.bank.sql("update exports set state = 'FAILED', failure = 'INTERNAL', leased_until = null where id = $1", export)
        return stored

    monkeypatch.setattr(type(objects.parts), "put", late)
    await made(house.ledger, house.bank, objects)
    assert (await row_of(house.bank, export))["state"] == "FAILED"
    assert [key async for key in _keys(objects, export)] == []


async def test_after_its_time_it_is_gone_and_no_link_leads_to_it(house: House, objects: ObjectStore, run: Any) -> None:
    bank = house.bank
    export = await asked(bank, objects, house.contract)
    await house.sealed()
    await made(house.ledger, bank, objects)
    row = await row_of(bank, export)
    assert row["expires_at"] - row["made_at"] == timedelta(hours=72)
    bank.later(hours=73)
    assert (await run(bank, "compliance", LINK, exportId=f"export_{export}", purpose="AUDIT"))["code"] == "NOT_FOUND"
    await made(house.ledger, bank, objects)
    assert (await row_of(bank, export))["state"] == "EXPIRED"
    assert [key async for key in _keys(objects, export)] == []
    assert (await run(bank, "compliance", LINK, exportId=f"export_{export}", purpose="AUDIT"))["code"] == "NOT_FOUND"
    assert [result for result, _ in await logged(bank, "issueExportLink")] == ["DENIED", "DENIED"]


# Events of a period -----------------------------------------------------------------------------------------------------
async def period(house: House, who: str = "compliance", hours: int = 24) -> UUID:
    end = datetime.now(UTC)
    outcome, _ = await Exports(house.bank.database, None).events(  # type: ignore[arg-type]  # asking needs no store
        house.bank.people[who], end - timedelta(hours=hours), end, purpose="REGULATOR_REQUEST", key=uuid4().hex, request_id="r"
    )
    return UUID(outcome["export"])


def events_in(pack: Path) -> list[str]:
    members = members_of(pack)
    parts = [gzip.decompress(body) for name, body in sorted(members.items()) if name.startswith("events-")]
    return [json.loads(line)["event"]["id"] for part in parts for line in part.splitlines()]


async def all_events(house: House) -> list[str]:
    return [str(r["id"]) for r in await house.bank.root.fetch("select id from events order by happened_at, id")]


async def test_a_period_is_made_part_by_part_and_a_killed_worker_is_gone_on_from(
    house: House, objects: ObjectStore, store_address: StoreAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after a part was stored and not kept, then after it was kept: no event twice, none lost."""
    monkeypatch.setattr(periods, "PART_EVENTS", 2)
    export = await period(house)
    expected = await all_events(house)
    await house.sealed()
    assert await crashed(house, "export_part_put", store_address) == DEAD
    row = await row_of(house.bank, export)
    assert (row["state"], row["done"], row["total"]) == ("RUNNING", 0, len(expected))
    for n in (1, 2):
        assert await crashed(house, "export_part_kept", store_address) == DEAD
        assert (await row_of(house.bank, export))["done"] == 2 * n
    await house.bank.volumes(1)  # what happens meanwhile is of no period that was asked for
    await house.sealed()
    await made(house.ledger, house.bank, objects)
    pack = await fetched(house.bank, objects, export, tmp_path)
    assert events_in(pack) == expected and len(expected) > 7
    status, said = verify(pack, house.ledger)
    assert status == 0 and "events of the period" in said, said
    assert second.pack_holds(pack, house.ledger.key.verifier)
    assert [key async for key in _keys(objects, export)] == [key_of(export, (await row_of(house.bank, export))["leased_by"])]
    assert await house.bank.sql("select count(*) from export_parts where export_id = $1", export) > 3


async def test_a_long_one_lets_others_have_their_turn(
    house: House, objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periods, "PART_EVENTS", 3)
    monkeypatch.setattr("server.jobs.exporting.SLICE_SECONDS", 0.0)
    long, pack = await period(house), await asked(house.bank, objects, house.contract)
    await house.sealed()
    await made(house.ledger, house.bank, objects, times=2)
    assert [(await row_of(house.bank, one))["state"] for one in (long, pack)] == ["RUNNING", "READY"]
    monkeypatch.setattr("server.jobs.exporting.SLICE_SECONDS", 30.0)
    await made(house.ledger, house.bank, objects)
    assert events_in(await fetched(house.bank, objects, long, tmp_path)) == (await all_events(house))


async def test_a_part_that_is_damaged_is_made_anew(
    house: House, objects: ObjectStore, store_address: StoreAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periods, "PART_EVENTS", 2)
    export = await period(house)
    await house.sealed()
    assert await crashed(house, "export_part_kept", store_address) == DEAD
    await objects.staging.put_bytes(f"exports/{export}/parts/000001", b"rot", "application/gzip")
    await made(house.ledger, house.bank, objects, times=2)
    assert events_in(await fetched(house.bank, objects, export, tmp_path)) == await all_events(house)


async def test_an_examiner_takes_the_events_of_the_units_that_were_granted(house: House, objects: ObjectStore, tmp_path: Path) -> None:
    bank = house.bank
    await bank.volumes(1, letter="B")
    unit = bank.branches["A"].id
    examiner = await bank.hire("examiner", {Role.EXAMINER}, bank.people["compliance"].org_id, (unit,))
    await bank.sql("insert into read_grants (staff_id, org_id, during, reason, granted_by) values ($1, $2, '[2000-01-01,2100-01-01)', '现场检查', $1)",
                   examiner.staff_id, unit)  # fmt: skip
    export = await period(house, "examiner")
    await house.sealed()
    await bank.sql("update exports set checkpoint = 1, total = 0, units = array[$2::uuid] where id = $1", export, bank.branches["B"].id)
    await made(house.ledger, bank, objects, times=2)  # the first meets what was begun when they saw other units
    pack = await fetched(bank, objects, export, tmp_path)
    ours = {str(r["id"]) for r in await bank.root.fetch("select id from events where org_id = $1", unit)}
    assert set(events_in(pack)) == ours and ours < set(await all_events(house))
    about = json.loads(members_of(pack)["manifest.json"])
    assert (about["units"], about["dense"]) == ([str(unit)], False)
    assert verify(pack, house.ledger)[0] == 0
    exports = Exports(bank.database, objects)
    assert (await exports.link(examiner, export, "AUDIT", "r", timedelta(0))).url
    for branches in ((bank.branches["B"].id,), ()):  # the grant has ended, another may have begun
        with pytest.raises(NotFound):
            await exports.link(replace(examiner, branches=branches), export, "AUDIT", "r", timedelta(0))
    assert [result for result, _ in await logged(bank, "issueExportLink")] == ["GRANTED", "DENIED", "DENIED"]


async def test_what_is_underway_when_it_is_asked_for_is_waited_for(house: House, objects: ObjectStore, tmp_path: Path) -> None:
    """An event that happened before the end of the period, and is committed after the period was asked for."""
    by, loan = house.bank.people["officer"], await house.bank.loan()
    async with house.bank.database.transaction(by) as conn:
        chains = await Chains.lock(conn, [loan])
        event = chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=by.staff_id, at=datetime.now(UTC), status="ACTIVE")
        await chains.write()
        exports = [await asked(house.bank, objects, house.contract), await period(house)]
        await house.sealed()
        await made(house.ledger, house.bank, objects, times=2)
        assert [(await row_of(house.bank, export))["state"] for export in exports] == ["QUEUED", "QUEUED"]
    await house.sealed()
    await made(house.ledger, house.bank, objects, times=2)
    assert [(await row_of(house.bank, export))["state"] for export in exports] == ["READY", "READY"]
    assert str(event) in events_in(await fetched(house.bank, objects, exports[1], tmp_path))


async def test_what_is_wrong_with_a_period_is_told(house: House, run: Any) -> None:
    now = datetime.now(UTC)
    at = {name: (now + delta).isoformat() for name, delta in (
        ("soon", timedelta(hours=1)), ("now", timedelta()), ("before", timedelta(days=-1)), ("long ago", timedelta(days=-9_000)))}  # fmt: skip
    for start, end, code in (
        ("before", "soon", "IN_FUTURE"),
        ("now", "before", "PERIOD_OUT_OF_RANGE"),
        ("long ago", "now", "PERIOD_OUT_OF_RANGE"),
    ):
        answer = await run(house.bank, "auditor", EVENTS, **{"from": at[start], "to": at[end]}, purpose="AUDIT")
        assert [p["code"] for p in answer["problems"]] == [code], answer
    assert await run(house.bank, "officer", EVENTS, **{"from": at["before"], "to": at["now"]}, purpose="AUDIT") == ["FORBIDDEN"]
    first = await run(house.bank, "auditor", EVENTS, **{"from": at["before"], "to": at["now"]}, purpose="AUDIT", idempotencyKey="k")
    again = await run(house.bank, "auditor", EVENTS, **{"from": at["before"], "to": at["now"]}, purpose="AUDIT", idempotencyKey="k")
    assert (first["replayed"], again["replayed"], first["export"]["id"]) == (False, True, again["export"]["id"])
    assert await logged(house.bank, "exportEvents") == [("DENIED", "AUDIT"), ("GRANTED", "AUDIT")]


async def test_a_period_without_events_is_an_empty_file_that_holds(house: House, objects: ObjectStore, tmp_path: Path) -> None:
    end = datetime.now(UTC) - timedelta(days=300)
    outcome, _ = await Exports(house.bank.database, objects).events(
        house.bank.people["auditor"], end - timedelta(days=1), end, purpose="AUDIT", key="k", request_id="r"
    )
    await house.sealed()
    await made(house.ledger, house.bank, objects)
    pack = await fetched(house.bank, objects, UUID(outcome["export"]), tmp_path)
    assert events_in(pack) == [] and verify(pack, house.ledger)[0] == 0


async def test_a_process_that_signs_nothing_leaves_them_alone(house: House, objects: ObjectStore) -> None:
    export = await asked(house.bank, objects, house.contract)
    await house.sealed()
    jobs = await jobs_of(house.bank, objects)
    assert await replace(jobs, signer=None).export() == 0
    assert (await row_of(house.bank, export))["state"] == "QUEUED"
