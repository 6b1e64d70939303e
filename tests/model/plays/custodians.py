"""From one custodian to the next, under supervision, and units that close: C32."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from uuid import UUID, uuid4

from server.custody.moves import Ask
from server.custody.moves.handovers import OnHandover
from storage.terms import Action as A
from storage.terms import HandoverKind, Role
from tests.custody import handing
from tests.harness.world import World
from tests.model import arranging
from tests.model.plays import Play, Spoil
from tests.model.plays.handovers import lines, of_line
from tests.model.plays.looking import here
from tests.model.plays.spoiling import by, changed, first_record, me, now
from tests.model.stage import Stage, Try


async def _leaver(bank: World) -> UUID:
    """A list of all that a leaving archivist keeps, for the next one."""
    bank.number += 1
    leaver, heir = f"leaver {bank.number}", f"heir {bank.number}"
    parties = {"giver": await arranging.someone(bank, leaver, Role.ARCHIVIST), "taker": await arranging.someone(bank, heir, Role.ARCHIVIST)}
    made = await arranging.submitted(bank)
    await arranging.taken_over(bank, made, leaver)
    await handing.opened(bank, [made], by=leaver, kind=HandoverKind.CUSTODIAN, to_org=bank.branches["A"].id, **parties)
    return made


async def _left(bank: World) -> None:
    made = await _leaver(bank)
    row_ = await bank.root.fetchrow(
        "select h.id, h.giver_id from handovers h join handover_lines l on l.handover_id = h.id where l.record_id = $1", made
    )
    assert row_ is not None
    leaver = next(name for name, p in bank.people.items() if p.staff_id == row_["giver_id"])
    await bank.done(leaver, Ask(A.SEND_RESPONSIBILITY, records=(made,), detail=OnHandover(row_["id"])))


def _name(stage: Stage, staff: UUID) -> str:
    return next(name for name, p in stage.bank.people.items() if p.staff_id == staff)


def _offered(stage: Stage) -> Iterator[Try]:
    for r in lines(stage, "LISTED", kind="CUSTODIAN"):
        yield Try(_name(stage, r["giver_id"]), "sendHandover", of_line(r))


def _followed(stage: Stage) -> Iterator[Try]:
    for r in lines(stage, "SENT", kind="CUSTODIAN"):
        yield Try(_name(stage, r["taker_id"]), "acknowledgeHandoverLines", of_line(r))


def _supervised(stage: Stage) -> Iterator[Try]:
    for o in stage.rows("select id from operations where org_id = $1 and action = 'RECEIVE_CUSTODY' and state = 'PENDING' and expires_at > $2",
                        here(stage), now(stage)):  # fmt: skip
        yield Try("chief", "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": "SUPERVISOR"})


async def _followed_by_heir(bank: World) -> None:
    await _left(bank)
    r = await bank.root.fetchrow("select l.record_id, h.id, h.taker_id from handovers h join handover_lines l on l.handover_id = h.id"
                                 " where h.kind = 'CUSTODIAN' and l.state = 'SENT' and h.org_id = $1 order by l.id desc limit 1",
                                 bank.branches["A"].id)  # fmt: skip
    assert r is not None
    heir = next(name for name, p in bank.people.items() if p.staff_id == r["taker_id"])
    await bank.done(heir, Ask(A.RECEIVE_CUSTODY, records=(r["record_id"],), detail=OnHandover(r["id"])))


def _keeps_more(stage: Stage, what: Try) -> AbstractContextManager[None]:
    more = stage.sql("select id from archive_records where custody_org_id = $1 and tier = 'SECOND' and state = 'FILED' and id <> $2 limit 1",
                     here(stage), first_record(stage, what))  # fmt: skip
    return changed(stage, "archive_records", more, custodian_id=me(stage, what.who))


# Units -------------------------------------------------------------------------------------------------------------------------
def _closed(stage: Stage) -> Iterator[Try]:
    empty = "select o.id from org_units o where o.parent_id = (select parent_id from org_units where id = $1) and o.closed_at is null and unit_is_clear(o.id)"
    for o in stage.rows(empty, here(stage)):
        if not stage.sql(
            "select exists (select from operations where action = 'CLOSE_ORG_UNIT' and state = 'PENDING' and ask->'change'->>'unit' = $1)",
            str(o["id"]),
        ):
            yield Try("admin", "closeOrgUnit", {"orgUnitId": f"org_{o['id']}"})


async def _empty_unit(bank: World) -> None:
    await bank.sql("insert into org_units (code, name, level, parent_id, has_vault) select $1, '支行', 'BRANCH', parent_id, false from org_units"
                   " where id = $2 returning id", f"U{uuid4().hex[:8]}", bank.branches["A"].id)  # fmt: skip


def _of_a(stage: Stage, right: Try) -> Try:
    return right.but(orgUnitId=f"org_{here(stage)}")


HIMSELF = "a custodian hands over to their successor, under the eyes of a third"
PLAYS = (
    Play("a custodian leaves", _offered, (Spoil("a custodian who leaves lists all that they keep", world=_keeps_more),), _leaver),
    Play("a custodian follows", _followed, (Spoil(HIMSELF, by("archivist")),), _left),
    Play("the change is supervised", _supervised, (), _followed_by_heir),
    Play("close a unit", _closed, (
        Spoil("a unit that closes has no paper, loan, handover, unit below it or active staff", _of_a),
    ), _empty_unit),
)  # fmt: skip
