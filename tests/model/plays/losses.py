"""What is not where it should be: reported, sought, found or lost, re-issued, closed; F14 to F18, S11, C43, C44."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from server.custody.transitions.losses import REST, SOUGHT
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Tier
from tests.custody.chapters.papers import IN_SLOT, SEALED
from tests.harness import losses
from tests.harness.world import FINE, World
from tests.model import arranging
from tests.model.arranging import FIRST, MAKE, SECOND, Made
from tests.model.plays import Change, NotNow, Play, Spoil
from tests.model.plays.lending import MISCOUNTED
from tests.model.plays.looking import here, last_seat, missing_from, quiet
from tests.model.plays.spoiling import INTEREST, SERVICE, VERSION, by, changed, first_record, given, me, now, row, without
from tests.model.stage import Stage, Try

OPENS = {FIRST: "kay", SECOND: "archivist"}
REPORTER = "the owner of the case or the head of operations tells what was done"
TWO_HEADS = "the two heads who end a loss are two people"


# Reported, and the search --------------------------------------------------------------------------------------------------
def _reported(tier: Tier, state: S) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in quiet(stage, tier, state)[:3]:
            yield Try("officer", "reportMissing", {"recordIds": [f"record_{r['id']}"], "findings": "架上无"})

    return offers


def _missed_already(stage: Stage, what: Try) -> AbstractContextManager[None]:
    at, who = now(stage), me(stage, "risk")
    return row(stage, "discrepancies", org_id=here(stage), record_id=first_record(stage, what), kind="MISSING", findings="x",
               reported_by=who, owner_id=who, reported_at=at, deadline_at=at)  # fmt: skip


def _sought(stage: Stage) -> Iterator[Try]:
    for r in [*missing_from(stage, FIRST), *missing_from(stage, SECOND)]:
        if r["case"]["search_log"] is None:
            yield Try("ops", "recordSearch", {"lossCaseId": f"loss_{r['case']['id']}", "log": "库内均已查找", "responsibility": "书面说明"})


def _told(stage: Stage) -> Iterator[Try]:
    for r in [*missing_from(stage, FIRST), *missing_from(stage, SECOND)]:
        if r["case"]["notified_at"] is None:
            yield Try("ops", "notifyCompliance", {"lossCaseId": f"loss_{r['case']['id']}"})


# Found -----------------------------------------------------------------------------------------------------------------------
def _finding(stage: Stage, tier: Tier, back_to: S) -> Iterator[Try]:
    names = {"numbers_match": "numbersMatch", "pages_match": "pagesMatch", "seal_intact": "sealIntact", "no_alterations": "noAlterations",
             "no_damage": "noDamage"}  # fmt: skip
    for r in missing_from(stage, tier, back_to)[:3]:
        looked = {
            "recordId": f"record_{r['id']}",
            "pagesCounted": r["pages"] or 1,
            "showsMortgage": True,
            **{names[k]: v for k, v in FINE.items()},
        }
        placed = []
        if back_to is S.IN_VAULT and r["slot"] is None:
            placed = [{"envelopeId": f"envelope_{r['envelope_id']}", "locationId": f"location_{stage.run(stage.bank.slot())}"}]
        yield Try(OPENS[tier], "resolveFound", {"inspections": [looked], "where": "柜后", "placements": placed})


def _found(tier: Tier, back_to: S) -> Callable[[Stage], Iterator[Try]]:
    return lambda stage: _finding(stage, tier, back_to)


def _slotless(stage: Stage, what: Try) -> AbstractContextManager[None]:
    if what.input.get("placements"):
        raise NotNow
    envelope = stage.sql("select envelope_id from archive_records where id = $1", first_record(stage, what))
    return changed(stage, "sealed_envelopes", envelope, location_id=None)


def _unsealed(stage: Stage, what: Try) -> AbstractContextManager[None]:
    if what.input.get("placements"):
        raise NotNow  # of an envelope that would be nobody's
    return changed(stage, "archive_records", first_record(stage, what), envelope_id=None)


def _slot_of_another_vault(stage: Stage) -> UUID:
    return stage.run(stage.bank.slot("B"))


def _cabinet(stage: Stage) -> UUID:
    return stage.bank.branches["A"].cabinet


def _into(place: Callable[[Stage], UUID]) -> Change:
    """The same envelopes, put there."""

    def change(stage: Stage, right: Try) -> Try | None:
        placed = [p | {"locationId": f"location_{place(stage)}"} for p in right.input.get("placements", ())]
        return right.but(placements=placed) if placed else None

    return change


def _into_another_slot(stage: Stage, right: Try) -> Try | None:
    if right.input.get("placements"):
        return None
    record = UUID(right.input["inspections"][0]["recordId"].removeprefix("record_"))
    envelope = stage.sql("select envelope_id from archive_records where id = $1", record)
    return right.but(placements=[{"envelopeId": f"envelope_{envelope}", "locationId": f"location_{stage.run(stage.bank.slot())}"}])


def _counted(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """The slot is being counted."""
    slot = stage.sql("select e.location_id from sealed_envelopes e join archive_records r on r.envelope_id = e.id where r.id = $1",
                     first_record(stage, what))  # fmt: skip
    if slot is None or what.input.get("placements"):
        raise NotNow
    return being_counted(stage, slot)


def being_counted(stage: Stage, slot: UUID) -> AbstractContextManager[None]:
    """As if a stocktake that is under way counted the place."""
    take = stage.sql("select id from stocktakes where org_id = $1 limit 1", here(stage)) or stage.run(
        arranging.counting(arranging.in_vault)(stage.bank)
    )
    return row(stage, "stocktake_places", org_id=here(stage), stocktake_id=take, location_id=slot, cabinet_id=stage.bank.branches["A"].cabinet,
               frozen_until=now(stage) + timedelta(hours=4))  # fmt: skip


def _worse(_: Stage, right: Try) -> Try:
    return right.but(inspections=[{**i, "noDamage": False, "findings": "破损"} for i in right.input["inspections"]])


async def _finds_one(bank: World) -> tuple[Ask, tuple[str, ...]]:
    return losses.found(bank, await arranging.missing(arranging.in_vault)(bank)), arranging.KEEPERS


# Lost ------------------------------------------------------------------------------------------------------------------------
def _declared(tier: Tier) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in missing_from(stage, tier):
            if r["case"]["search_log"] and r["case"]["responsibility"] and r["case"]["notified_at"]:
                yield Try("ops", "declareLost", {"lossCaseId": f"loss_{r['case']['id']}", "expectedVersion": str(r["case"]["version"]),
                                                 "statement": "查找无着"})  # fmt: skip

    return offers


def _case_is(**values: Any) -> Callable[[Stage, Try], AbstractContextManager[None]]:
    return lambda stage, what: changed(stage, "loss_cases", UUID(what.input["lossCaseId"].removeprefix("loss_")), **values)


def _both_heads(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return row(stage, "staff_roles", staff_id=me(stage, "ops"), role="VICE_PRESIDENT")


async def _declares_one(bank: World, make: Made) -> tuple[Ask, tuple[str, ...]]:
    return Ask(A.DECLARE_LOST, records=(await arranging.sought(make)(bank),), reason="查找无着"), ("ops", "vice")


def _lost(stage: Stage, tier: Tier, *, paid: bool) -> list[dict[str, Any]]:
    found = []
    for r in quiet(stage, tier, S.LOST):
        is_paid = stage.sql(
            "select is_settled and coalesce(final_at <= now() + $2, true) from settled_for_good($1)", [r["id"]], stage.bank.desk.shift
        )
        if bool(is_paid) is paid:
            found.append({**r, "case": stage.rows("select * from loss_cases where record_id = $1 and closed_at is null", r["id"])[0]})
    return found


def _closed(tier: Tier) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in _lost(stage, tier, paid=True):
            yield Try(
                "ops",
                "closeLost",
                {"lossCaseId": f"loss_{r['case']['id']}", "expectedVersion": str(r["case"]["version"]), "statement": "已结清"},
            )

    return offers


def _loan_of(stage: Stage, what: Try) -> UUID:
    loan = "select r.primary_loan_id from archive_records r join loss_cases c on c.record_id = r.id where c.id = $1"
    return UUID(str(stage.sql(loan, UUID(what.input["lossCaseId"].removeprefix("loss_")))))


def _unpaid(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return without(stage, "loan_positions", "loan_id = $1", _loan_of(stage, what))


def _not_final(stage: Stage, what: Try) -> AbstractContextManager[None]:
    newest = stage.sql("select id from loan_positions where loan_id = $1 order by as_of desc limit 1", _loan_of(stage, what))
    return changed(stage, "loan_positions", newest, payoff_kind="CHEQUE", settled_at=now(stage) - timedelta(hours=2))


async def _closes_one(bank: World, make: Made) -> tuple[Ask, tuple[str, ...]]:
    return Ask(A.CLOSE_LOST, records=(await arranging.lost(make, paid=True)(bank),), reason="已结清"), ("ops", "vice")


# Re-issued -------------------------------------------------------------------------------------------------------------------
FITS = "select n.id, n.envelope_id from archive_records n join sealed_envelopes e on e.id = n.envelope_id where n.state = 'PENDING_INTAKE'" \
       " and n.custody_org_id = $1 and reissue_fits($2, n.id) and n.collateral_id = $3 and not exists (select from movements m" \
       " where m.record_id = n.id and m.closed_at is null)"  # fmt: skip


def _reissued(stage: Stage) -> Iterator[Try]:
    for r in _lost(stage, FIRST, paid=False):
        for new in stage.rows(FITS, here(stage), r["id"], r["collateral_id"]):
            slot = stage.run(stage.bank.slot())
            yield Try("kay", "recordReissue", {
                "lossCaseId": f"loss_{r['case']['id']}", "recordId": f"record_{new['id']}",
                "placements": [{"envelopeId": f"envelope_{new['envelope_id']}", "locationId": f"location_{slot}"}]})  # fmt: skip
            return


async def _to_reissue(bank: World) -> None:
    await arranging.successor(bank, await arranging.lost(arranging.in_vault)(bank))


async def _reissues_one(bank: World) -> tuple[Ask, tuple[str, ...]]:
    old = await arranging.lost(arranging.in_vault)(bank)
    new, envelope = await arranging.successor(bank, old)
    return await losses.reissued(bank, old, new, envelope), arranging.KEEPERS


def _of_another(stage: Stage, right: Try) -> Try:
    (made,), envelope = stage.run(stage.bank.registered())
    return right.but(recordId=f"record_{made}", placements=[{**p, "envelopeId": f"envelope_{envelope}"} for p in right.input["placements"]])


def _turned_up(stage: Stage) -> Iterator[Try]:
    gone = stage.rows(
        "select c.id from loss_cases c join archive_records r on r.id = c.record_id where r.custody_org_id = $1 and c.lost_at is not null"
        " and c.original_found_at is null and r.state in ('LOST', 'REPLACED', 'CLOSED_LOST') and not exists (select from operations o"
        " where r.id = any(o.record_ids) and o.state = 'PENDING')", here(stage),
    )  # fmt: skip
    for c in gone:
        yield Try("ops", "recordVoidedOriginal", {"lossCaseId": f"loss_{c['id']}", "note": "柜后，已注销"})


def _turned_up_before(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return _case_is(original_found_at=now(stage), original_found_by=me(stage, "ops"), original_note="x")(stage, what)


INCOMPLETE = (
    Spoil("the search for it is on record", world=_case_is(state="OPEN", search_log=None, searched_by=None, searched_at=None)),
    Spoil("a statement says who answers for it", world=_case_is(responsibility=None)),
    Spoil("compliance was told of it", world=_case_is(notified_at=None, notified_by=None)),
)
PLAYS = (
    *(
        Play(f"report missing: {tier} {state}", _reported(tier, state), (
            (Spoil("no case of a missing record is open already", world=_missed_already),) if state in (S.IN_VAULT, S.FILED) else ()
        ), MAKE[tier, state])
        for tier, states in SOUGHT.items() for state in states
    ),
    Play("record the search", _sought, (Spoil(REPORTER, by("legal")),), arranging.missing(arranging.in_vault)),
    Play("tell compliance", _told, (Spoil(REPORTER, by("legal")),), arranging.missing(arranging.filed)),
    Play("find a paper", _found(FIRST, S.IN_VAULT), (
        SERVICE, INTEREST,
        Spoil(IN_SLOT, world=_slotless),
        Spoil(SEALED, world=_unsealed),
        Spoil("what is found goes back into the slot that its envelope has, and what waits for the vault into none", _into_another_slot),
        Spoil("what was found was inspected and found right in every respect", _worse), MISCOUNTED,
        Spoil("nothing is put into a place that is being counted", world=_counted),
    ), arranging.missing(arranging.in_vault)),
    Play("find a paper that waited", _found(FIRST, S.PENDING_INTAKE), (), arranging.missing(MAKE[FIRST, S.PENDING_INTAKE])),
    Play("find a paper: last seat", last_seat(A.RESOLVE_FOUND, FIRST), (), arranging.but_the_last(_finds_one)),
    *(
        Play(f"find a volume: {state}", _found(SECOND, state), (
            (Spoil("what was found was inspected and found right in every respect", _worse),) if state is S.FILED else ()
        ), arranging.missing(MAKE[SECOND, state]))
        for state in REST[SECOND]
    ),
    *(
        play for tier, make in ((FIRST, arranging.in_vault), (SECOND, arranging.filed)) for play in (
            Play(f"declare lost: {tier}", _declared(tier), (*INCOMPLETE, VERSION), arranging.sought(make)),
            Play(f"declare lost, the second head: {tier}", last_seat(A.DECLARE_LOST, tier), (Spoil(TWO_HEADS, by("ops"), _both_heads),),
                 arranging.but_the_last(lambda bank, make=make: _declares_one(bank, make))),
            Play(f"close a loss: {tier}", _closed(tier), (
                Spoil("every loan on what is lost is settled", world=_unpaid),
                Spoil("no payoff of a loan on what is lost can bounce any more", world=_not_final),
            ), arranging.lost(make, paid=True)),
            Play(f"close a loss, the second head: {tier}", last_seat(A.CLOSE_LOST, tier), (),
                 arranging.but_the_last(lambda bank, make=make: _closes_one(bank, make))),
        )
    ),
    Play("take in what was re-issued", _reissued, (
        Spoil("one new paper of the same kind and collateral takes the place of one that was declared lost", _of_another),
        Spoil(IN_SLOT, _into(_slot_of_another_vault)), Spoil(IN_SLOT, _into(_cabinet)), Spoil(IN_SLOT, given(placements=[])),
    ), _to_reissue),
    Play("take in what was re-issued: last seat", last_seat(A.RECORD_REISSUE, FIRST), (), arranging.but_the_last(_reissues_one)),
    Play("the original turns up", _turned_up, (
        Spoil("the lost original was not recorded as found before", world=_turned_up_before),
    ), arranging.lost(arranging.filed)),
)  # fmt: skip
