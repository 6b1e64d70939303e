"""Discrepancies and their cases: owned, explained by another; papers that are not in their volume: C43."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from server.custody.moves.losses import CaseResolved, ItemMissing
from storage.terms import Action as A
from storage.terms import RecordState as S
from tests.harness.world import World
from tests.model import arranging
from tests.model.arranging import SECOND
from tests.model.plays import Play, Spoil
from tests.model.plays.looking import here, quiet
from tests.model.plays.spoiling import VERSION, changed, given, me, now, row
from tests.model.stage import Stage, Try

CASES = """select d.id, d.version, d.kind, d.item_id, d.resolved_at from discrepancies d join archive_records r on r.id = d.record_id
  where r.custody_org_id = $1 and d.org_id = $1 and d.reported_by <> $2 order by d.id desc"""


def _cases(stage: Stage) -> list[Any]:
    return stage.rows(CASES, here(stage), me(stage, "ops"))


def _case_input(d: Any, **more: Any) -> dict[str, Any]:
    return {"discrepancyId": f"case_{d['id']}", "expectedVersion": str(d["version"]), **more}


def _opened(stage: Stage) -> Iterator[Try]:
    for d in _cases(stage):
        if d["resolved_at"] is None:
            owner, day = f"staff_{me(stage, 'clerk')}", (now(stage) + timedelta(days=9)).date()
            yield Try("ops", "openCase", _case_input(d, ownerId=owner, deadlineOn=str(day)))


def _explained(stage: Stage) -> Iterator[Try]:
    for d in _cases(stage):
        if d["resolved_at"] is None and (d["kind"] != "MISSING" or d["item_id"] is not None):
            yield Try("ops", "resolveDiscrepancy", _case_input(d, resolution="已补齐"))


async def _solve_one(bank: World) -> None:
    record = await arranging.filed(bank)
    await report_item(bank, record)
    case = await bank.sql("select id from discrepancies where record_id = $1", record)
    await bank.done("ops", Ask(A.RESOLVE_DISCREPANCY, records=(record,), reason="已补齐", detail=CaseResolved(case)))


def _solved(stage: Stage, right: Try) -> Try:
    def found() -> list[Any]:
        return [d for d in _cases(stage) if d["resolved_at"] is not None and (d["kind"] != "MISSING" or d["item_id"] is not None)]

    if not found():
        stage.run(_solve_one(stage.bank))
    return right.but(**_case_input(found()[0]))


def _of_missing(stage: Stage, right: Try) -> Try:
    def found() -> list[Any]:
        return [d for d in _cases(stage) if d["resolved_at"] is None and d["kind"] == "MISSING" and d["item_id"] is None]

    if not found():
        stage.run(arranging.missing(arranging.filed)(stage.bank))
    return right.but(**_case_input(found()[0]))


def _reported_by_me(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "discrepancies", UUID(what.input["discrepancyId"].removeprefix("case_")), reported_by=me(stage, what.who))


def _left(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "staff", me(stage, "clerk"), active=False)


def _items(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.FILED)[:3]:
        for i in stage.rows("select id from file_items where record_id = $1", r["id"]):
            yield Try("legal", "reportItemMissing", {"itemId": f"item_{i['id']}", "findings": "缺页"})


def _item_missed(stage: Stage, what: Try) -> AbstractContextManager[None]:
    item, at, who = UUID(what.input["itemId"].removeprefix("item_")), now(stage), me(stage, "risk")
    record = stage.sql("select record_id from file_items where id = $1", item)
    return row(stage, "discrepancies", org_id=here(stage), record_id=record, item_id=item, kind="MISSING", findings="x", reported_by=who,
               owner_id=who, reported_at=at, deadline_at=at, visible_to=[here(stage)])  # fmt: skip


async def _lacks_an_item(bank: World) -> None:
    await report_item(bank, await arranging.filed(bank))


async def report_item(bank: World, record: UUID) -> None:
    """A paper of the volume is missing."""
    item = await bank.sql("select id from file_items where record_id = $1", record)
    await bank.done("legal", Ask(A.REPORT_ITEM_MISSING, records=(record,), reason="缺页", detail=ItemMissing(item)))


WHOLE_CASE = "a case has an owner who is active, and a deadline that lies ahead"
PLAYS = (
    Play("open a case", _opened, (
        Spoil(WHOLE_CASE, world=_left),
        Spoil(WHOLE_CASE, given(deadlineOn="2020-01-02")),
        Spoil("the discrepancy is not resolved yet", _solved),
        VERSION,
    ), _lacks_an_item),
    Play("resolve a discrepancy", _explained, (
        Spoil("whoever reported a discrepancy does not resolve it", world=_reported_by_me),
        Spoil("a record that is missing is found or declared lost, not resolved in words", _of_missing),
        Spoil("the discrepancy is not resolved yet", _solved),
    ), _lacks_an_item),
    Play("report a paper of a volume missing", _items, (Spoil("no case of that paper is open already", world=_item_missed),), arranging.filed),
)  # fmt: skip
