"""A branch is merged into another: its files go over in sealed shipments, some are rejected, some are out; then its loans go, and it closes."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.moves import Ask, Placement
from server.custody.registration import NewEnvelope, NewRecord, register_records, seal_envelopes
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import PaperKind
from tests.harness.world import World

HERE, THERE = ("kay", "cody", "clerk"), ("kay_b", "cody_b", "clerk_b")
LINES = 500
HANDOVER = "handover { id state } shipment { id lines sealNo ticketed: operation { ticket { ticketNo } } }"
RECORDS = "records { id state ... on FirstTierRecord { envelope { id } } }"


@dataclass
class Story:
    """Everybody speaks through the API."""

    bank: World
    schema: ReadingSchema
    objects: ObjectStore
    seconds: dict[str, list[float]] = field(default_factory=dict)

    async def ask(self, who: str, query: str, **variables: Any) -> Any:
        context = Context(
            self.bank.people[who], self.bank.database, self.bank.desk, self.objects, Settings(), query=query, variables=variables
        )
        result = await self.schema.execute(query, variables, context)
        assert not result.errors, result.errors
        return orjson.loads(orjson.dumps(result.data))

    async def does(self, who: str, name: str, payload: str = "events { tag }", /, **given: Any) -> Any:
        head = name[0].upper() + name[1:]
        query = f"""mutation M($i: {head}Input!) {{ {name}(input: $i) {{ __typename ... on {head}Payload {{ operation {{ id state }} {payload} }}
          ... on Problem {{ code }} ... on CustodyViolation {{ violations {{ rule code }} }} ... on InvalidInput {{ problems {{ path code }} }} }} }}"""
        before = time.perf_counter()
        told = (await self.ask(who, query, i={"idempotencyKey": uuid4().hex, **given}))[name]
        self.seconds.setdefault(name, []).append(time.perf_counter() - before)
        return told

    async def done(self, who: str, name: str, payload: str = "events { tag }", /, **given: Any) -> Any:
        told = await self.does(who, name, payload, **given)
        assert told["__typename"].endswith("Payload"), told
        return told

    async def seated(self, people: tuple[str, ...], name: str, payload: str, /, **given: Any) -> Any:
        told = await self.done(people[0], name, payload, **given)
        for who in people[1:]:
            told = await self.done(who, "confirmOperation", payload, operationId=told["operation"]["id"])
        assert told["operation"]["state"] == "DONE"
        return told

    async def changed(self, name: str, /, **given: Any) -> None:
        """A change of administration: proposed by one, confirmed by another."""
        told = await self.done("admin", name, **given)
        await self.done("compliance", "confirmOperation", operationId=told["operation"]["id"])

    async def places(self, letter: str, records: list[dict[str, Any]]) -> list[dict[str, str]]:
        """A free slot for each envelope."""
        envelopes = sorted({r["envelope"]["id"] for r in records})
        slots = await slots_of(self.bank, letter, len(envelopes))
        return [{"envelopeId": e, "locationId": f"location_{s}"} for e, s in zip(envelopes, slots, strict=True)]


async def slots_of(bank: World, letter: str, count: int) -> list[UUID]:
    branch = bank.branches[letter]
    rows = await bank.root.fetch(
        "insert into storage_locations (org_id, kind, code, parent_id, vault_id) select $1, 'SLOT', $2 || n, $3, $4 from generate_series(1, $5) n"
        " returning id", branch.id, f"S{uuid4().hex[:8]}-", branch.cabinet, branch.vault, count,
    )  # fmt: skip
    return [r["id"] for r in rows]


def batches(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), LINES):
        yield items[start : start + LINES]


async def files(bank: World, count: int) -> list[UUID]:
    """So many loans of branch A, each with a paper in an envelope in the vault, taken in through the desk."""
    branch, officer, at = bank.branches["A"], bank.people["officer"], datetime.now(UTC) - timedelta(minutes=5)
    product = await bank.sql("insert into loan_products (code, name) values ($1, '汽车贷款') returning id", f"M{bank.tag}")
    rows = await bank.root.fetch(
        "with p as (insert into parties (identity_index) select sha256(($2 || n)::bytea) from generate_series(1, $3) n returning id, identity_index),"
        " c as (insert into customers (org_id, party_id, name, identity_index, identity_cipher, identity_number_masked)"
        "   select $1, id, '王小明', identity_index, '\\x00', '1101************11' from p returning id),"
        " l as (insert into loans (org_id, number, customer_id, product_id, principal_amount, term_months, starts_on, matures_on)"
        "   select $1, 'M' || $2 || row_number() over (), id, $4, 100000, 36, current_date - 365, current_date + 730 from c returning id) select id from l",
        branch.id, bank.tag, count, product,
    )  # fmt: skip
    loans = [r["id"] for r in rows]
    async with bank.database.transaction(officer) as conn:
        new = [
            NewRecord(f"M1{bank.tag}{n:05}", None, "登记证书", loan, branch.id, branch.id, PaperKind.OTHER_TITLE, None, vault=branch.vault)
            for n, loan in enumerate(loans)
        ]
        papers = await register_records(conn, officer, new, at)
        sealed = [NewEnvelope(None, f"M{bank.tag}{n}", branch.id, None, (paper,)) for n, paper in enumerate(papers)]
        envelopes = await seal_envelopes(conn, officer, sealed, dict(zip(papers, loans, strict=True)), at)
    for some in batches(list(zip(papers, envelopes, await slots_of(bank, "A", count), strict=True))):
        ask = Ask(A.INTAKE, records=tuple(p for p, _, _ in some), placements=tuple(Placement(e, s) for _, e, s in some))
        await bank.seated(ask, HERE)
    return papers


@pytest.mark.parametrize("count", [300, pytest.param(3000, marks=pytest.mark.soak)])
async def test_a_branch_is_merged_into_another(bank: World, schema: ReadingSchema, objects: ObjectStore, count: int) -> None:
    story, a, b = Story(bank, schema, objects), bank.branches["A"], bank.branches["B"]
    papers = await files(bank, count)
    lent = papers[:5]
    await bank.out(lent)  # five are with the officer

    # The list: one filter over the register, with the number that it must find.
    made = await story.done(
        "clerk", "createHandover", HANDOVER, kind="BETWEEN_UNITS", toOrgUnitId=f"org_{b.id}", inTown=True, reason="机构合并"
    )
    handover = made["handover"]["id"]
    where = {"custodyOrgId": {"eq": f"org_{a.id}"}, "tier": {"eq": "FIRST"}}
    wrong = await story.does("clerk", "addHandoverLines", HANDOVER, handoverId=handover, where=where, expectedCount=count - 1)
    assert wrong["problems"] == [{"path": ["expectedCount"], "code": "COUNT_CHANGED"}]
    await story.done("clerk", "addHandoverLines", HANDOVER, handoverId=handover, where=where, expectedCount=count)
    counted = "query ($w: HandoverWhere!, $l: HandoverLineWhere) { handovers(first: 1, where: $w) { edges { node { state lines(first: 1, where: $l) { totalCount edges { node { archiveNo pages copies isOriginal sealNo } } } } } } }"

    async def lines(who: str = "clerk", **where: Any) -> Any:
        page = await story.ask(who, counted, w={"id": {"eq": handover}}, l=where)
        return page["handovers"]["edges"][0]["node"]

    found = await lines(state={"eq": "LISTED"})
    assert found["state"] == "DRAFT" and found["lines"]["totalCount"] == count and found["lines"]["edges"][0]["node"]["sealNo"]

    # What is in the vault leaves in sealed shipments; each has its own ticket.
    shipments: list[list[dict[str, Any]]] = []
    while sum(map(len, shipments)) < count - len(lent):
        seal = f"Z{bank.tag}{len(shipments)}"
        told = await story.seated(HERE, "sendHandover", f"{HANDOVER} {RECORDS}", handoverId=handover, sealNo=seal)
        assert told["shipment"]["sealNo"] == seal and told["shipment"]["lines"] == len(told["records"]) <= LINES
        shipments.append(told["records"])
    assert {r["state"] for box in shipments for r in box} == {"IN_TRANSIT"}
    # Those who have not acknowledged keep nothing: the sender is custodian until then (C31).
    assert await bank.sql("select count(*) from archive_records where custody_org_id = $1", a.id) == count
    offered = await story.done("clerk", "sendHandover", HANDOVER, handoverId=handover, standing="OUT")
    assert offered["operation"]["state"] == "DONE" and offered["shipment"] is None

    # The receiving side counts: three envelopes are not taken, with reasons; all others go into their slots.
    refused, kept = shipments[0][:3], shipments[0][3:]
    ids = [r["id"] for r in refused]
    await story.done("clerk_b", "rejectHandoverLines", HANDOVER, handoverId=handover, recordIds=ids, reasons="封签号与清单不符")
    for records in (kept, *shipments[1:]):
        await story.seated(
            THERE, "acknowledgeHandoverLines", HANDOVER,
            handoverId=handover, recordIds=[r["id"] for r in records], placements=await story.places("B", records),
        )  # fmt: skip
    out = [{"id": f"record_{p}", "envelope": {"id": f"envelope_{e}"}} for p, e in await envelopes_of(bank, lent)]
    await story.done(
        "clerk_b", "acknowledgeHandoverLines", HANDOVER,
        handoverId=handover, recordIds=[r["id"] for r in out], placements=await story.places("B", out),
    )  # fmt: skip
    found = await lines("clerk_b", state={"eq": "RESPONSIBILITY_ONLY"})
    assert (found["state"], found["lines"]["totalCount"]) == ("PARTLY_ACKNOWLEDGED", len(lent))

    # What was rejected goes back to its sender's vault, is sealed anew on paper, and is sent again.
    await story.seated(
        HERE, "recallHandover", HANDOVER, handoverId=handover, recordIds=ids, placements=await story.places("A", refused)
    )  # fmt: skip
    assert (await lines())["state"] == "CLOSED"
    made = await story.done("clerk", "createHandover", HANDOVER, kind="BETWEEN_UNITS", toOrgUnitId=f"org_{b.id}", inTown=True)
    handover = made["handover"]["id"]
    await story.done("clerk", "addHandoverLines", HANDOVER, handoverId=handover, recordIds=ids)
    again = await story.seated(HERE, "sendHandover", f"{HANDOVER} {RECORDS}", handoverId=handover, sealNo=f"Z{bank.tag}last")
    await story.seated(
        THERE, "acknowledgeHandoverLines", HANDOVER,
        handoverId=handover, recordIds=ids, placements=await story.places("B", again["records"]),
    )  # fmt: skip
    assert (await lines())["state"] == "CLOSED"
    assert await bank.sql("select count(*) from archive_records where custody_org_id = $1", b.id) == count

    # What was out comes back to the new keeper.
    codes = [r["barcode"] for r in await bank.root.fetch("select barcode from archive_records where id = any($1)", lent)]
    await story.done("kay_b", "presentReturn", barcodes=codes, broughtById=f"staff_{bank.people['officer'].staff_id}")
    fine = {"numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True, "pagesCounted": 1}
    await story.seated(THERE, "acceptReturn", "records { state }", inspections=[{"recordId": f"record_{p}", **fine} for p in lent])

    # The loans follow, with customers, history and all; the branch is emptied of people, and closed.
    await story.changed("transferLoans", fromOrgUnitId=f"org_{a.id}", toOrgUnitId=f"org_{b.id}", expectedCount=count)
    mine = "{ loans(first: 1) { totalCount } customers(first: 1) { totalCount } custodyEvents(first: 1) { totalCount } }"
    assert (await story.ask("officer_b", mine))["loans"]["totalCount"] == count
    assert (await story.ask("officer_b", mine))["customers"]["totalCount"] == count
    assert (await story.ask("officer", mine))["loans"]["totalCount"] == 0
    assert (await story.ask("officer", mine))["custodyEvents"]["totalCount"] > 0  # a former branch keeps what it did itself
    refusal = await story.does("admin", "closeOrgUnit", orgUnitId=f"org_{a.id}")
    assert {"rule": "C32", "code": "CUSTODY_NOT_CLEARED"} in refusal["violations"]
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for name, seat in (("kay", "KEY"), ("cody", "CODE")):
        await story.changed(
            "handOverDuty", vaultId=f"location_{a.vault}", seat=seat, fromStaffId=f"staff_{bank.people[name].staff_id}",
            toStaffId=f"staff_{bank.people[f'{name}_b'].staff_id}", endsAt=soon,
        )  # fmt: skip
    for person in await bank.root.fetch("select id from staff where org_id = $1", a.id):
        await story.changed("deactivateStaff", staffId=f"staff_{person['id']}")
    await story.changed("closeOrgUnit", orgUnitId=f"org_{a.id}")
    node = await story.ask("admin", "query ($i: ID!) { node(id: $i) { ... on OrgUnit { closedAt } } }", i=f"org_{a.id}")
    assert node["node"]["closedAt"]
    slow = {name: f"{max(times):.2f}" for name, times in story.seconds.items() if max(times) > 0.5}
    print(f"soak: merger n={count} shipments={len(shipments)} slowest call in seconds {slow} ok")


async def envelopes_of(bank: World, records: list[UUID]) -> list[tuple[UUID, UUID]]:
    rows = await bank.root.fetch("select id, envelope_id from archive_records where id = any($1) order by id", records)
    return [(r["id"], r["envelope_id"]) for r in rows]
