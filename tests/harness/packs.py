"""Packs as they are asked for, made and fetched; and contracts that share what contracts may share."""

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from server.compliance import verifier
from server.compliance.events import Chains
from server.compliance.packing import Pack
from server.compliance.tags import Tag
from server.custody.moves import Ask, Placement
from server.custody.registration import NewEnvelope, check_contracts, seal_envelopes
from server.exports import Exports, key_of
from server.lending import NewContract, register_contracts
from server.scans.links import Links
from server.valuing import Told, Valuing
from storage.objects import ObjectStore
from storage.tables import metadata
from storage.terms import Action, Classification, ContractKind, HoldKind, HoldSubject, Tier
from tests.custody import handing
from tests.harness.jobs import jobs_of
from tests.harness.ledger import Ledger
from tests.harness.scans import stored
from tests.harness.world import World

SHARED = {  # ids that both contracts may tell: what they stand in together
    "access_requests", "operations", "handovers", "shipments", "holds", "stocktakes", "disposal_batches", "tickets", "releases",
}  # fmt: skip


async def contract_of(bank: World, *loans: UUID, kind: ContractKind = ContractKind.LOAN, letter: str = "A") -> UUID:
    officer = bank.people[bank.of("officer", letter)]
    bank.number += 1
    new = NewContract(f"HT{bank.tag.upper()}{bank.number:04}", kind, officer.org_id, bank.day(), Decimal("250000.00"), loans)
    async with bank.database.transaction(officer) as conn:
        (made_,) = await register_contracts(conn, officer, [new], datetime.now(UTC))
        await check_contracts(conn, officer, [(made_, loans[0], officer.org_id)], datetime.now(UTC))
    return made_


@dataclass
class Kinship:
    """A contract, another one of the same loan, and one of another loan that shares collateral, requests, a handover and words."""

    bank: World
    mine: UUID
    sibling: UUID
    other: UUID
    loan: UUID
    foreign_loan: UUID
    scans: list[UUID]


async def kinship(bank: World, objects: ObjectStore) -> Kinship:
    loan, foreign = await bank.loan(), await bank.loan()
    await bank.sql("update customers set name = '欧阳异客' where id = (select customer_id from loans where id = $1)", foreign)
    car = await bank.collateral()
    for one in (loan, foreign):
        await bank.sql("insert into loan_collateral (org_id, loan_id, collateral_id, rank, amount) values ($1, $2, $3, $4, 100000)",
                       bank.branches["A"].id, one, car, 1 if one == loan else 2)  # fmt: skip
    mine, sibling, other = (
        await contract_of(bank, loan),
        await contract_of(bank, loan, kind=ContractKind.MORTGAGE),
        await contract_of(bank, foreign),
    )
    number = await bank.sql("select number from contracts where id = $1", other)
    ours, theirs = await bank.volumes(1, loan=loan), await bank.volumes(1, loan=foreign)
    papers, strange = await bank.papers(1, loan=loan, collateral=car), await bank.papers(1, loan=foreign, collateral=car)
    await bank.out([*ours, *theirs], tier=Tier.SECOND)
    early = Ask(Action.ACCEPT_RETURN, records=(ours[0], theirs[0]), inspections=bank.inspected([ours[0], theirs[0]]))
    await bank.refused("archivist", early)  # a line of the access log that names both
    await bank.presented([*ours, *theirs], tier=Tier.SECOND)
    await bank.accepted([*ours, *theirs], tier=Tier.SECOND)
    await together(bank, loan, foreign, car)
    handover = await handing.sent(bank, [*papers, *strange])
    await handing.taken(bank, handover, [*papers, *strange])
    hold = Ask(Action.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.COLLATERAL, subject=car, reason="法院冻结")
    await bank.done("legal", hold)
    valuing, officer = Valuing(bank.database), bank.people["risk"]
    async with bank.database.transaction(officer) as conn:  # what the other loan brought about in ours
        chains = await Chains.lock(conn, [loan, foreign])
        cause = chains.note(
            foreign, Tag.LOAN_CHANGED, subject=("loan", foreign), by=officer.staff_id, at=datetime.now(UTC), status="ACTIVE"
        )
        about: dict[str, Any] = {"status": "ACTIVE", "records": [ours[0], theirs[0]]}
        chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=officer.staff_id, at=datetime.now(UTC), cause=cause, **about)
        await chains.write()
    await valuing.value(officer, car, Decimal("90000.00"), Told(bank.day(), "年度估值"), key=uuid4().hex)
    await valuing.classify(officer, loan, Classification.SPECIAL_MENTION, Told(bank.day(), f"与合同{number}一并关注"), key=uuid4().hex)
    await valuing.classify(officer, loan, Classification.PASS, Told(bank.day(-1), "复核后正常"), key=uuid4().hex)
    scans = [
        await stored(bank, objects, record, body)
        for record, body in ((ours[0], b"%PDF mine"), (papers[0], None), (theirs[0], b"%PDF theirs"))
    ]
    await stored(bank, objects, ours[0], b"%PDF mine, newer")
    await bank.sql("update scans set title = $2 where id = $1", scans[1], f"同{number}")
    request = await bank.sql("select request_id from request_lines where record_id = $1 limit 1", ours[0])
    item = uuid4()  # as an older system may have left it: the volume is taken over
    await bank.past_the_triggers(
        "insert into file_items (id, org_id, visible_to, record_id, position, document_type, title, pages, contract_id)"
        f" select '{item}', org_id, visible_to, id, 9, 'CONTRACT', '抵押合同', 1, '{sibling}' from archive_records where id = '{ours[0]}'"
    )
    for kind, subject, record, body in (("REQUEST", request, "null", b"%PDF shared"), ("FILE_ITEM", item, f"'{ours[0]}'", b"%PDF sibling")):
        scan = await stored(bank, objects, ours[0], body)
        await bank.past_the_triggers(
            f"update scans set subject_kind = '{kind}', subject_id = '{subject}', scan_version = 1,"
            f" record_id = {record} where id = '{scan}'"
        )
    for scan in scans:
        await Links(bank.database, objects).issue(bank.people["officer"], scan, 1, "核对", "r")
    return Kinship(bank, mine, sibling, other, loan, foreign, scans)


async def together(bank: World, loan: UUID, foreign: UUID, car: UUID) -> None:
    """Papers of both loans in one envelope, which is taken in, counted and moved as one."""
    mine, theirs = await bank.unsealed(1, loan=loan, collateral=car), await bank.unsealed(1, loan=foreign, collateral=car)
    both, officer, at = [*mine, *theirs], bank.people["officer"], datetime.now(UTC) - timedelta(minutes=5)
    async with bank.database.transaction(officer) as conn:
        bank.number += 1
        new = NewEnvelope(None, f"S{bank.tag}{bank.number}", bank.branches["A"].id, car, tuple(both))
        (envelope,) = await seal_envelopes(conn, officer, [new], {mine[0]: loan, theirs[0]: foreign}, at)
    ask = Ask(Action.INTAKE, records=tuple(both), placements=(Placement(envelope, await bank.slot()),))
    await bank.seated(ask, ["kay", "cody", "clerk"])


async def strange_to(kin: Kinship) -> dict[str, set[str]]:
    """Everything by which the two other contracts are known: ids of their things, numbers, canonical bytes."""
    bank, found = kin.bank, {"ids": {str(kin.sibling), str(kin.other), str(kin.foreign_loan)}, "numbers": set[str](), "bytes": set[str]()}
    records = await bank.root.fetch("select id, archive_no, barcode from archive_records where primary_loan_id = $1", kin.foreign_loan)
    found["ids"] |= {str(row["id"]) for row in records}
    found["numbers"] |= {row[name] for row in records for name in ("archive_no", "barcode")}
    for table in metadata.tables.values():
        for column in table.c:
            to = {key.column.table.name for key in column.foreign_keys} & {"archive_records", "loans", "contracts"}
            if "id" in table.c and to and table.name not in SHARED and table.name != "events":
                rows = await bank.root.fetch(f"select id::text from {table.name} where {column.name}::text = any($1)", sorted(found["ids"]))
                found["ids"] |= {row["id"] for row in rows}
    found["numbers"] |= {
        row[0] for row in await bank.root.fetch("select number from contracts where id = any($1)", [kin.sibling, kin.other])
    }
    found["numbers"].add(await bank.sql("select number from loans where id = $1", kin.foreign_loan))
    events = await bank.root.fetch(
        "select id, canonical from events where chain_id = $1 or subject_id = any($2)", kin.foreign_loan, [kin.sibling, kin.other]
    )
    found["ids"] |= {str(row["id"]) for row in events}
    found["bytes"] |= {bytes(row["canonical"]).decode() for row in events}
    who = await bank.root.fetchrow(
        "select c.id, c.party_id, c.name from customers c join loans l on l.customer_id = c.id where l.id = $1", kin.foreign_loan
    )
    found["ids"] |= {str(who["id"]), str(who["party_id"])}
    found["numbers"].add(who["name"])
    return found


async def asked(bank: World, objects: ObjectStore, contract: UUID, who: str = "compliance", key: str | None = None) -> UUID:
    outcome, _ = await Exports(bank.database, objects).evidence(
        bank.people[who], contract=contract, number=None, purpose="AUDIT", key=key or uuid4().hex, request_id="r"
    )
    return UUID(outcome["export"])


async def made(ledger: Ledger, bank: World, objects: ObjectStore, times: int = 1) -> None:
    """The job, as often as that."""
    jobs = replace(await jobs_of(bank, objects), signer=ledger.key)
    for _ in range(times):
        await jobs.export()


async def row_of(bank: World, export: UUID) -> Any:
    return await bank.root.fetchrow("select * from exports where id = $1", export)


async def fetched(bank: World, objects: ObjectStore, export: UUID, folder: Path) -> Path:
    row = await row_of(bank, export)
    assert row["state"] == "READY", dict(row)
    path = folder / f"{export}.zip"
    with path.open("w+b") as file:
        found = await objects.staging.fetch(key_of(export, row["leased_by"]), file, row["size_bytes"])
    assert found is not None and (found.sha256, found.size_bytes) == (row["sha256"], row["size_bytes"]), (found, dict(row))
    return path


def members_of(pack: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(pack) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def signed_anew(pack: Path, ledger: Ledger, change: Callable[[dict[str, bytes], dict[str, Any]], Any], into: Path) -> Path:
    """The pack with other contents under a manifest that is right for them: what somebody with the key would make."""
    members = members_of(pack)
    about = json.loads(members.pop(verifier.MANIFEST))
    members.pop(verifier.NOTE)
    for name in ("format", "origin", "members"):
        about.pop(name)
    change(members, about)
    out = io.BytesIO()
    with ExitStack() as stack:
        made = stack.enter_context(Pack())
        for name, body in members.items():
            made.add(name, body)
        for piece in made.zipped(about, ledger.key):
            out.write(piece)
    into.write_bytes(out.getvalue())
    return into
