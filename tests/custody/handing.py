"""How the tests hand papers over: from branch A to branch B, and to the archive department, at the desk."""

from typing import Any
from uuid import UUID

from server.custody.moves import Ask, Placement
from server.custody.moves.handovers import NewHandover, OnHandover
from storage.terms import Action as A
from storage.terms import HandoverKind, Role, Tier
from tests.harness.world import Branch, World

SLOT = "select e.location_id from sealed_envelopes e join archive_records r on r.envelope_id = e.id where r.id = $1"
HERE, THERE = ("kay", "cody", "clerk"), ("kay_b", "cody_b", "clerk_b")


async def opened(bank: World, records: list[UUID], by: str = "clerk", **changed: Any) -> UUID:
    """A list of A's papers for B."""
    detail = NewHandover(**{"kind": HandoverKind.BETWEEN_UNITS, "to_org": bank.branches["B"].id, **changed})
    made = UUID((await bank.done(by, Ask(A.CREATE_HANDOVER, detail=detail)))["handover"])
    await bank.done(by, Ask(A.ADD_HANDOVER_LINES, records=tuple(records), detail=OnHandover(made)))
    return made


def seal(bank: World) -> str:
    bank.number += 1
    return f"X{bank.tag}{bank.number}"


async def sent(bank: World, records: list[UUID], tier: Tier = Tier.FIRST) -> UUID:
    handover = await opened(bank, records)
    ask = Ask(A.SEND_HANDOVER, records=tuple(records), detail=OnHandover(handover, seal_no=seal(bank)))
    await bank.seated(ask, HERE if tier is Tier.FIRST else ["archivist"])
    return handover


async def placed(bank: World, records: list[UUID], letter: str) -> tuple[Placement, ...]:
    envelopes = await bank.root.fetch("select distinct envelope_id from archive_records where id = any($1)", records)
    return tuple([Placement(e["envelope_id"], await bank.slot(letter)) for e in envelopes])


async def taken(bank: World, handover: UUID, records: list[UUID], tier: Tier = Tier.FIRST) -> dict[str, Any]:
    places = await placed(bank, records, "B") if tier is Tier.FIRST else ()
    shelf = bank.branches["B"].cabinet if tier is Tier.SECOND else None
    ask = Ask(A.RECEIVE_HANDOVER, records=tuple(records), placements=places, location=shelf, detail=OnHandover(handover))
    return await bank.seated(ask, THERE if tier is Tier.FIRST else ["archivist_b"])


async def line(bank: World, record: UUID) -> str:
    return str(await bank.sql("select state from handover_lines where record_id = $1", record))


async def archive_department(bank: World) -> None:
    """A unit of head office without a vault, its archivist and shelf; they are branch C of the bank."""
    head = await bank.sql("select parent_id from org_units where id = $1", bank.branches["A"].id)
    org = await bank.sql(
        "insert into org_units (code, name, level, parent_id) values ($1, '档案部', 'BRANCH', $2) returning id", f"AR{bank.tag}", head
    )
    shelf = await bank._place(org, "CABINET", None, None)
    bank.branches["C"] = Branch(org, shelf, shelf)
    await bank.hire("keeper", {Role.ARCHIVIST}, org, (org,))


async def to_archive(bank: World, volume: UUID) -> tuple[UUID, Ask]:
    """A list with a closed volume for branch C, and the ask that sends it."""
    handover = await opened(bank, [volume], by="archivist", kind=HandoverKind.TO_ARCHIVE, to_org=bank.branches["C"].id)
    return handover, Ask(A.SEND_HANDOVER, records=(volume,), detail=OnHandover(handover, seal_no=seal(bank)))
