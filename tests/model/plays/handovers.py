"""Handovers from A to B, to the archive, and from one custodian to the next; F10, S7, C30 to C33."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask
from server.custody.moves.handovers import OnHandover
from storage.terms import Action as A
from storage.terms import HandoverKind, Role, Tier
from storage.terms import RecordState as S
from tests.custody import handing
from tests.harness.world import World
from tests.model import arranging
from tests.model.arranging import FIRST, KEEPERS, SECOND, Made
from tests.model.plays import NotNow, Play, Spoil
from tests.model.plays.looking import here, last_seat
from tests.model.plays.spoiling import FROZEN, INTEREST, SERVICE, by, changed, first_record, given, now, row
from tests.model.stage import Stage, Try

THERE = tuple(f"{name}_b" for name in KEEPERS)
LINES = """select l.*, l.state as line, h.state as list, h.kind, h.giver_id, h.taker_id, h.to_org_id, r.envelope_id, r.state as record_state,
    (select min(p.due_at) from shipments p join handover_lines x on x.shipment_id = p.id and x.state = 'SENT' where p.handover_id = h.id) as due
  from handover_lines l join handovers h on h.id = l.handover_id join archive_records r on r.id = l.record_id
  where h.org_id = $1 and l.state = $2 and l.back_operation_id is null and not is_on_hold(r.id) and cardinality(frozen_kinds(r.id)) = 0
    and not exists (select from movements m where m.record_id = r.id and m.closed_at is null and m.operation_id is not null)
    and (l.state <> 'LISTED' or (r.custody_org_id = h.org_id and r.state = l.stood_as))
    and (r.envelope_id is null or not exists (select from archive_records x where x.envelope_id = r.envelope_id and x.id <> r.id))
  order by l.id desc"""


def lines(stage: Stage, line: str, **wanted: Any) -> list[Any]:
    """Lines of A's lists at that step, the newest first."""
    return [r for r in stage.look(LINES, here(stage), line) if all(r[name] == value for name, value in wanted.items())]


def of_line(r: Any) -> dict[str, Any]:
    return {"handoverId": f"handover_{r['handover_id']}", "recordIds": [f"record_{r['record_id']}"]}


def _handover(stage: Stage, what: Try) -> UUID:
    return UUID(what.input["handoverId"].removeprefix("handover_"))


def _b(stage: Stage) -> UUID:
    return stage.bank.branches["B"].id


# Listed ----------------------------------------------------------------------------------------------------------------------
def _begun(stage: Stage) -> Iterator[Try]:
    yield Try("clerk", "createHandover", {"kind": "BETWEEN_UNITS", "toOrgUnitId": f"org_{_b(stage)}", "inTown": True})


def _b_is_closed(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "org_units", _b(stage), closed_at=now(stage))


FOR_A_LIST = """select h.id as handover_id, r.id as record_id from handovers h, archive_records r where h.org_id = $1 and h.state = 'DRAFT'
  and h.kind = 'BETWEEN_UNITS' and r.custody_org_id = h.org_id and r.state in ('IN_VAULT', 'FILED') and r.org_id = h.org_id
  and not exists (select from handover_lines l where l.handover_id = h.id and l.record_id = r.id)
  and (r.tier = 'FIRST') and r.envelope_id is not null
  and not exists (select from archive_records x where x.envelope_id = r.envelope_id and x.id <> r.id)
  order by h.id desc, r.id desc limit 3"""


VOLUMES_FOR_A_LIST = """select h.id as handover_id, r.id as record_id from handovers h, archive_records r where h.org_id = $1 and h.state = 'DRAFT'
  and h.kind = 'BETWEEN_UNITS' and r.custody_org_id = h.org_id and r.state = 'FILED' and r.tier = 'SECOND' and r.org_id = h.org_id
  and not exists (select from handover_lines l where l.handover_id = h.id and l.record_id = r.id) order by h.id desc, r.id desc limit 3"""


def _listed(wanted: str) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in stage.look(wanted, here(stage)):
            yield Try("clerk", "addHandoverLines", of_line(r))

    return offers


def _missing(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "archive_records", first_record(stage, what), state="MISSING")


def _unsealed(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "archive_records", first_record(stage, what), envelope_id=None)


def _kept_by_b(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "archive_records", first_record(stage, what), custody_org_id=_b(stage))


def _listed_twice(stage: Stage, right: Try) -> Try:
    for r in lines(stage, "LISTED", list="DRAFT", kind="BETWEEN_UNITS"):
        return right.but(**of_line(r))
    raise NotNow


def _already_sent(stage: Stage, right: Try) -> Try:
    gone = "select id from handovers where org_id = $1 and state = 'SENT' and kind = 'BETWEEN_UNITS' limit 1"
    if stage.sql(gone, here(stage)) is None:
        stage.run(arranging.sent(FIRST, arranging.in_vault)(stage.bank))
    return right.but(handoverId=f"handover_{stage.sql(gone, here(stage))}")


def _by_head_office(stage: Stage, right: Try) -> Try:
    """Whoever writes belongs to another unit, and sees all."""
    if "operations" not in stage.bank.people:
        head = stage.sql("select parent_id from org_units where id = $1", here(stage))
        stage.run(stage.bank.hire("operations", {Role.OPS_HEAD}, head, (), everywhere=True))
    return right.but("operations")


def _struck(stage: Stage) -> Iterator[Try]:
    for r in lines(stage, "LISTED"):
        if r["giver_id"] is None:
            yield Try("clerk", "removeHandoverLines", of_line(r))


def _on_the_way(stage: Stage, right: Try) -> Try:
    for r in lines(stage, "SENT", record_state="IN_TRANSIT"):
        return right.but(**of_line(r))
    raise NotNow


async def _draft(bank: World) -> None:
    await handing.opened(bank, [await arranging.in_vault(bank)])


async def _draft_and_volume(bank: World) -> None:
    await _draft(bank)
    await arranging.filed(bank)


async def _draft_and_paper(bank: World) -> None:
    await _draft(bank)
    await arranging.in_vault(bank)


# Sent ------------------------------------------------------------------------------------------------------------------------
def _sealed(stage: Stage) -> str:
    return handing.seal(stage.bank)


def _goes(stood: S, who: str, kind: str = "BETWEEN_UNITS") -> Callable[[Stage], Iterator[Try]]:
    standing = {S.PENDING_INTAKE: "PENDING", S.CHECKED_OUT: "OUT"}.get(stood, "IN_PLACE")

    def offers(stage: Stage) -> Iterator[Try]:
        for r in lines(stage, "LISTED", kind=kind, stood_as=stood.value):
            if r["due"] is not None and r["due"] < now(stage):  # a shipment of the list is late
                continue
            seal = {} if standing == "OUT" else {"sealNo": _sealed(stage)}
            yield Try(who, "sendHandover", {**of_line(r), "standing": standing, **seal})

    return offers


def draft(make: Made, by: str = "clerk", **changes: Any) -> Callable[[World], Any]:
    """A list with one thing on it."""

    async def arrange(bank: World) -> UUID:
        made = await make(bank)
        await handing.opened(bank, [made], by=by, **changes)
        return made

    return arrange


def _used_seal(stage: Stage, right: Try) -> Try:
    return right.but(sealNo=stage.sql("select seal_no from sealed_envelopes where org_id = $1 limit 1", here(stage)))


def _other_pages(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "archive_records", first_record(stage, what), pages=99)


def _on_another_list(stage: Stage, what: Try) -> AbstractContextManager[None]:
    own, record = _handover(stage, what), first_record(stage, what)
    line = stage.rows("select tier, archive_no, barcode, copies, pages, is_original, seal_no, stood_as, org_id from handover_lines"
                      " where handover_id = $1 and record_id = $2", own, record)[0]  # fmt: skip
    others = stage.rows("select id from handovers where org_id = $1 and id <> $2 limit 1", here(stage), own)
    if not others:
        raise NotNow
    return row(
        stage, "handover_lines", **dict(line), handover_id=others[0]["id"], record_id=record, state="SENT", sent_operation_id=uuid4()
    )


def _late_box(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """Another line of the list is on its way and has not arrived in time."""
    box = stage.sql("select l.shipment_id from handover_lines l where l.handover_id = $1 and l.state = 'SENT' and l.shipment_id is not null limit 1",
                    _handover(stage, what))  # fmt: skip
    if box is None:
        raise NotNow
    at = now(stage)
    return changed(stage, "shipments", box, sent_at=at - timedelta(days=9), due_at=at - timedelta(days=2))


async def _half_sent(bank: World) -> None:
    one, two = await arranging.in_vault(bank), await arranging.in_vault(bank)
    handover = await handing.opened(bank, [one, two])
    go = Ask(A.SEND_HANDOVER, records=(one,), detail=OnHandover(handover, seal_no=handing.seal(bank)))
    await bank.seated(go, KEEPERS)


def _of_half_sent(stage: Stage) -> Iterator[Try]:
    for one in _goes(S.IN_VAULT, "kay")(stage):
        sent = "select exists (select from handover_lines where handover_id = $1 and state = 'SENT')"
        if stage.sql(sent, _handover(stage, one)):
            yield one


def _no_vault(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "org_units", _b(stage), has_vault=False)


def _kept_short(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "archive_records", first_record(stage, what), retention_class="FIVE_YEARS")


def _not_final(stage: Stage, what: Try) -> AbstractContextManager[None]:
    newest = "select p.id from loan_positions p join archive_records r on r.primary_loan_id = p.loan_id where r.id = $1 order by p.as_of desc limit 1"
    return changed(
        stage,
        "loan_positions",
        stage.sql(newest, first_record(stage, what)),
        payoff_kind="CHEQUE",
        settled_at=now(stage) - timedelta(hours=2),
    )


async def _sends_one(bank: World) -> tuple[Ask, Sequence[str]]:
    made = await arranging.in_vault(bank)
    handover = await handing.opened(bank, [made])
    return Ask(A.SEND_HANDOVER, records=(made,), detail=OnHandover(handover, seal_no=handing.seal(bank))), KEEPERS


async def _sends_waiting(bank: World) -> tuple[Ask, Sequence[str]]:
    made = await arranging.waiting(bank)
    handover = await handing.opened(bank, [made])
    return Ask(A.SEND_PENDING, records=(made,), detail=OnHandover(handover, seal_no=handing.seal(bank))), ("officer", "clerk")


# Taken, rejected, taken back ---------------------------------------------------------------------------------------------------
def _slot(stage: Stage, r: Any, letter: str) -> list[dict[str, str]]:
    return [{"envelopeId": f"envelope_{r['envelope_id']}", "locationId": f"location_{stage.run(stage.bank.slot(letter))}"}]


def _taken(stood: S, kind: str = "BETWEEN_UNITS") -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        there = stage.bank.branches["B"]
        for r in lines(stage, "SENT", kind=kind, stood_as=stood.value, to_org_id=there.id):
            if (r["record_state"] == "IN_TRANSIT") is (r["shipment_id"] is not None):
                where: dict[str, Any] = {}
                if r["tier"] == "SECOND":
                    where = {"locationId": f"location_{there.cabinet}"}
                elif stood is not S.PENDING_INTAKE:
                    where = {"placements": _slot(stage, r, "B")}
                yield Try("archivist_b" if r["tier"] == "SECOND" else "kay_b", "acknowledgeHandoverLines", {**of_line(r), **where})

    return offers


def _rejected(stage: Stage) -> Iterator[Try]:
    for r in lines(stage, "SENT", kind="BETWEEN_UNITS", to_org_id=_b(stage)):
        yield Try("archivist_b" if r["tier"] == "SECOND" else "clerk_b", "rejectHandoverLines", {**of_line(r), "reasons": "封签破损"})


def _taken_back(stood: S) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        rows = [*lines(stage, "REJECTED"), *lines(stage, "SENT")]
        for r in rows:
            if r["kind"] == "BETWEEN_UNITS" and r["stood_as"] == stood.value and r["record_state"] == "IN_TRANSIT" and r["shipment_id"]:
                where: dict[str, Any] = {}
                if r["tier"] == "SECOND":
                    where = {"locationId": f"location_{stage.bank.branches['A'].cabinet}"}
                elif stood is not S.PENDING_INTAKE:
                    where = {"placements": _slot(stage, r, "A")}
                who = "archivist" if r["tier"] == "SECOND" else "officer" if stood is S.PENDING_INTAKE else "kay"
                yield Try(who, "recallHandover", {**of_line(r), **where})

    return offers


def _elsewhere(stage: Stage, right: Try) -> Try:
    """Slots of a vault that does not take it."""
    other = stage.run(stage.bank.slot("B"))
    return right.but(placements=[{**p, "locationId": f"location_{other}"} for p in right.input["placements"]])


def _care_offered(tier: Tier) -> Callable[[World], Any]:
    """The care of something that is out, offered to B."""

    async def arrange(bank: World) -> None:
        made = await arranging.out(tier)(bank)
        handover = await handing.opened(bank, [made])
        go = Ask(A.SEND_RESPONSIBILITY, records=(made,), detail=OnHandover(handover))
        await bank.done("clerk" if tier is FIRST else "archivist", go)

    return arrange


def _recalled_care(stage: Stage) -> Iterator[Try]:
    for r in lines(stage, "SENT", kind="BETWEEN_UNITS", stood_as="CHECKED_OUT"):
        if r["shipment_id"] is None:
            yield Try("archivist" if r["tier"] == "SECOND" else "clerk", "recallHandover", of_line(r))


def _one_left(make: Made, ask: Any) -> Callable[[World], Any]:
    async def arrange(bank: World) -> tuple[Ask, Sequence[str]]:
        made = await make(bank)
        handover = await bank.sql("select handover_id from handover_lines where record_id = $1 and state = 'SENT'", made)
        asked: tuple[Ask, Sequence[str]] = await ask(bank, made, handover)
        return asked

    return arranging.but_the_last(arrange)


async def _for_the_archive(bank: World) -> None:
    made = await arranging.closed(bank)
    handover = await handing.opened(bank, [made], by="archivist", kind=HandoverKind.TO_ARCHIVE)
    await bank.done("archivist", Ask(A.SEND_HANDOVER, records=(made,), detail=OnHandover(handover, seal_no=handing.seal(bank))))


async def _takes(bank: World, made: UUID, handover: UUID) -> tuple[Ask, Sequence[str]]:
    return Ask(
        A.RECEIVE_HANDOVER, records=(made,), placements=await arranging.slot_for(bank, made, "B"), detail=OnHandover(handover)
    ), THERE


async def _takes_waiting(bank: World, made: UUID, handover: UUID) -> tuple[Ask, Sequence[str]]:
    return Ask(A.RECEIVE_PENDING, records=(made,), detail=OnHandover(handover)), THERE


async def _takes_back(bank: World, made: UUID, handover: UUID) -> tuple[Ask, Sequence[str]]:
    return Ask(A.TAKE_BACK, records=(made,), placements=await arranging.slot_for(bank, made), detail=OnHandover(handover)), KEEPERS


async def _takes_waiting_back(bank: World, made: UUID, handover: UUID) -> tuple[Ask, Sequence[str]]:
    return Ask(A.TAKE_BACK_PENDING, records=(made,), detail=OnHandover(handover)), ("officer", "clerk")


SIDE = "who sits belongs to the side that acts"
STEP = "the line is at the step before"
KEEPS = "the giving side keeps the record"
DRAFT = "only a draft takes further lines, and each record once"
SLOTS = "each envelope has a slot in the vault that takes it"
PLAYS = (
    Play("begin a handover", _begun, (Spoil("both units are open", world=_b_is_closed),)),
    Play("list volumes", _listed(VOLUMES_FOR_A_LIST), (
        Spoil("what is missing, archived or kept for disposal passes to the next custodian alone", world=_missing),
    ), _draft_and_volume),
    Play("list", _listed(FOR_A_LIST), (
        Spoil("the register knows number, copies, pages, originals and seal of what is listed", world=_unsealed),
        Spoil(KEEPS, world=_kept_by_b),
        Spoil(DRAFT, _listed_twice),
        Spoil(DRAFT, _already_sent),
        Spoil("the giving side writes the list", _by_head_office),
    ), _draft_and_paper),
    Play("strike off", _struck, (Spoil(STEP, _on_the_way),), _draft),
    Play("send papers", _goes(S.IN_VAULT, "kay"), (
        FROZEN,
        Spoil("the shipment bears a seal number that was never used", _used_seal),
        Spoil("the list still says what the register says", world=_other_pages),
        Spoil("first-tier papers go to a unit with a vault", world=_no_vault),
        Spoil("the record is on no other list that is under way", world=_on_another_list),
        Spoil("only what is out passes without being moved", lambda _, right: right.but(standing="OUT", sealNo=None)),
        INTEREST, SERVICE,
    ), _draft),
    Play("send the rest", _of_half_sent, (Spoil("no shipment of the handover is overdue", world=_late_box),), _half_sent),
    Play("send papers: last seat", last_seat(A.SEND_HANDOVER, FIRST), (), arranging.but_the_last(_sends_one)),
    Play("send what waits", _goes(S.PENDING_INTAKE, "officer"), (), draft(arranging.waiting)),
    Play("send what waits: last seat", last_seat(A.SEND_PENDING, FIRST), (), arranging.but_the_last(_sends_waiting)),
    Play("send volumes", _goes(S.FILED, "archivist"), (), draft(arranging.filed)),
    Play("send closed volumes", _goes(S.CLOSED_VOLUME, "archivist"), (), draft(arranging.closed)),
    Play("send to the archive", _goes(S.CLOSED_VOLUME, "archivist", "TO_ARCHIVE"), (
        Spoil("the archive department takes volumes whose payoff is final", world=_not_final),
        Spoil("the archive department takes closed volumes of the twenty-year and permanent classes", world=_kept_short),
    ), draft(arranging.closed, "archivist", kind=HandoverKind.TO_ARCHIVE)),
    Play("offer the care of what is out", _goes(S.CHECKED_OUT, "archivist"), (), draft(arranging.out(SECOND), "archivist")),
    Play("take papers", _taken(S.IN_VAULT), (Spoil(SLOTS, given(placements=[])),), arranging.sent(FIRST, arranging.in_vault)),
    Play("take papers: last seat", last_seat(A.RECEIVE_HANDOVER, FIRST), (), _one_left(arranging.sent(FIRST, arranging.in_vault), _takes)),
    Play("take what waits", _taken(S.PENDING_INTAKE), (), arranging.sent_waiting),
    Play("take what waits: last seat", last_seat(A.RECEIVE_PENDING, FIRST), (), _one_left(arranging.sent_waiting, _takes_waiting)),
    Play("take volumes", _taken(S.FILED), (Spoil(SIDE, by("archivist")),), arranging.sent(SECOND, arranging.filed)),
    Play("take closed volumes", _taken(S.CLOSED_VOLUME), (), arranging.sent(SECOND, arranging.closed)),
    Play("take into the archive", _taken(S.CLOSED_VOLUME, "TO_ARCHIVE"), (), _for_the_archive),
    Play("take over the care of what is out", _taken(S.CHECKED_OUT), (Spoil(SIDE, by("archivist")),), _care_offered(SECOND)),
    Play("reject lines", _rejected, (), arranging.sent(FIRST, arranging.in_vault)),
    Play("take papers back", _taken_back(S.IN_VAULT), (Spoil(SLOTS, _elsewhere),), arranging.sent(FIRST, arranging.in_vault)),
    Play("take papers back: last seat", last_seat(A.TAKE_BACK, FIRST), (), _one_left(arranging.sent(FIRST, arranging.in_vault), _takes_back)),
    Play("take back what waits", _taken_back(S.PENDING_INTAKE), (), arranging.sent_waiting),
    Play("take back what waits: last seat", last_seat(A.TAKE_BACK_PENDING, FIRST), (), _one_left(arranging.sent_waiting, _takes_waiting_back)),
    Play("take volumes back", _taken_back(S.FILED), (), arranging.sent(SECOND, arranging.filed)),
    Play("take closed volumes back", _taken_back(S.CLOSED_VOLUME), (), arranging.sent(SECOND, arranging.closed)),
    Play("recall the care of what is out", _recalled_care, (), _care_offered(SECOND)),
)  # fmt: skip
