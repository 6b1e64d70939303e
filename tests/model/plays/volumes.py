"""Volumes: filled, handed in, taken over, closed, opened again, and their end by list; S1, S2, S6, S8 to S10."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from storage.terms import RecordState as S
from tests.harness.world import World
from tests.model import arranging
from tests.model.arranging import HEADS, SECOND, Made
from tests.model.plays import NotNow, Play, Spoil
from tests.model.plays.looking import here, quiet
from tests.model.plays.spoiling import VERSION, changed, first_record, frozen, given, held, me, now, row, without
from tests.model.stage import Stage, Try

KEPT: dict[S, Made] = {S.CLOSED_VOLUME: arranging.closed, S.ARCHIVED: arranging.archived}
EXACT = "the list is the one that was read and approved"
IS_HELD = Spoil("nothing that is held is closed or disposed of", world=held)
IS_FROZEN = Spoil("nothing with an open discrepancy is closed or disposed of", world=frozen)
RUN_OUT = "the time for which it must be kept has run out"


def _record(r: Any) -> str:
    return f"record_{r['id']}"


def _items(stage: Stage, record: UUID) -> list[Any]:
    return stage.rows("select id, pages from file_items where record_id = $1 order by position", record)


# Filled, handed in, taken over ---------------------------------------------------------------------------------------------
def _registered(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.FILED)[:1]:
        yield Try("officer", "registerSecondTier", {"loanId": f"loan_{r['primary_loan_id']}", "title": "信贷档案"})


def _rebuilds_what_is_there(stage: Stage, right: Try) -> Try:
    r = quiet(stage, SECOND, S.FILED)[0]
    return right.but(loanId=f"loan_{r['primary_loan_id']}", rebuildsId=_record(r))


def _added(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.COLLECTING)[:3]:
        yield Try(
            "officer",
            "addFileItem",
            {"recordId": _record(r), "documentType": "OTHER", "title": "证明", "pages": 2, "copies": 1, "isOriginal": True},
        )


def _handed_in(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.COLLECTING):
        if _items(stage, r["id"]):
            yield Try("officer", "submitVolume", {"recordIds": [_record(r)]})


@contextmanager
def _unchecked_contract(stage: Stage, what: Try) -> Iterator[None]:
    """Its loan has a contract that nobody has checked."""
    loan = stage.sql("select primary_loan_id from archive_records where id = $1", first_record(stage, what))
    contract = uuid4()
    made = row(
        stage,
        "contracts",
        id=contract,
        org_id=here(stage),
        number=f"K{contract.hex[:10]}",
        kind="LOAN",
        amount=1,
        signed_on=now(stage).date(),
    )
    with made, row(stage, "loan_contracts", org_id=here(stage), loan_id=loan, contract_id=contract):
        yield


def _empty(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return without(stage, "file_items", "record_id = $1", first_record(stage, what))


def _accepted(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.SUBMITTED):
        seen = [{"itemId": f"item_{i['id']}", "pages": i["pages"]} for i in _items(stage, r["id"])]
        shelf = f"location_{stage.bank.branches['A'].cabinet}"
        yield Try("archivist", "acceptVolume", {"recordId": _record(r), "items": seen, "locationId": shelf})


def _miscounted(_: Stage, right: Try) -> Try:
    return right.but(items=[{**i, "pages": i["pages"] + 1} for i in right.input["items"]])


def _own(stage: Stage, what: Try) -> AbstractContextManager[None]:
    record = UUID(what.input["recordId"].removeprefix("record_"))
    return changed(stage, "archive_records", record, submitted_by=me(stage, what.who))


def _given_back(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.SUBMITTED):
        yield Try("archivist", "returnVolume", {"recordIds": [_record(r)], "reasons": "缺少合同附件"})


# Closed and opened -----------------------------------------------------------------------------------------------------------
def _closed(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.FILED):
        if stage.sql("select ended from term_of($1)", [r["id"]]):
            yield Try("archivist", "closeVolume", {"recordId": _record(r), "expectedVersion": str(r["version"])})


def _owing(stage: Stage, what: Try) -> AbstractContextManager[None]:
    loan = stage.sql("select primary_loan_id from archive_records where id = $1", UUID(what.input["recordId"].removeprefix("record_")))
    return without(stage, "loan_positions", "loan_id = $1", loan)


def _opened_again(stage: Stage) -> Iterator[Try]:
    for r in quiet(stage, SECOND, S.CLOSED_VOLUME):
        yield Try("archivist", "reopenVolume", {"recordIds": [_record(r)], "reason": "补入材料"})


# Lists for disposal ----------------------------------------------------------------------------------------------------------
def _proposed(state: S) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for r in quiet(stage, SECOND, state):
            if r["cutoff_at"] is not None and r["cutoff_at"] < now(stage) - timedelta(days=21 * 366):
                yield Try("archivist", "proposeDisposal", {"recordIds": [_record(r)], "reason": "保管期满"})

    return offers


def _kept_longer(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "archive_records", _volume(stage, what), retention_class="PERMANENT")


LISTS = """select b.id, b.version, encode(b.list_hash, 'hex') as hash, l.record_id, array(select a.role from disposal_approvals a where a.batch_id = b.id)
  as given from disposal_batches b join disposal_lines l on l.batch_id = b.id and l.is_open where l.record_id = $1 and l.back_to = any($2)"""


def _lists(stage: Stage, state: S, *back: S) -> list[Any]:
    """Open lists of one volume in that state."""
    found = [stage.rows(LISTS, r["id"], [b.value for b in back or KEPT]) for r in quiet(stage, SECOND, state)]
    return [row for rows in found for row in rows]


def _volume(stage: Stage, what: Try) -> UUID:
    if "batchId" in what.input:
        batch = UUID(what.input["batchId"].removeprefix("batch_"))
        return UUID(str(stage.sql("select record_id from disposal_lines where batch_id = $1 limit 1", batch)))
    return UUID(what.input["recordIds"][0].removeprefix("record_"))


def _approved(given_before: int) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for b in _lists(stage, S.DISPOSAL_PROPOSED):
            if len(b["given"]) == given_before:
                who = next(name for role, name in HEADS.items() if role.value not in b["given"])
                yield Try(
                    who, "approveDisposal", {"batchId": f"batch_{b['id']}", "expectedVersion": str(b["version"]), "listHash": b["hash"]}
                )

    return offers


def _an_approver(stage: Stage, right: Try) -> Try:
    """In the rank of a head who has approved it already."""
    rank = stage.rows("select role from disposal_approvals where batch_id = $1", UUID(right.input["batchId"].removeprefix("batch_")))
    if not rank:
        raise NotNow
    role = next(r for r in HEADS if r.value == rank[0]["role"])
    return right.but(stage.run(_another(stage.bank, role)))


async def _another(bank: World, role: Any) -> str:
    name = f"second {role.value}"
    await arranging.someone(bank, name, role)
    return name


def _by_proposer(stage: Stage, what: Try) -> AbstractContextManager[None]:
    batch = UUID(what.input["batchId"].removeprefix("batch_"))
    return changed(stage, "disposal_batches", batch, proposed_by=me(stage, what.who))


def _rejected(state: S, back: S) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for b in _lists(stage, state, back):
            yield Try(
                "head", "rejectDisposal", {"batchId": f"batch_{b['id']}", "expectedVersion": str(b["version"]), "reason": "仍有参考价值"}
            )

    return offers


def _stopped(state: S, back: S) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for b in _lists(stage, state, back):
            yield Try("legal", "placeHold", {"on": {"recordId": f"record_{b['record_id']}"}, "kind": "AUDIT", "reason": "专项审计"})

    return offers


def _executed(stage: Stage) -> Iterator[Try]:
    for b in _lists(stage, S.DISPOSAL_APPROVED):
        ticked = [f"record_{b['record_id']}"]
        yield Try("archivist", "executeDisposal", {"batchId": f"batch_{b['id']}", "listHash": b["hash"], "tickedIds": ticked})


def _one_head_less(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return without(stage, "disposal_approvals", "batch_id = $1 and role = 'RISK_HEAD'", UUID(what.input["batchId"].removeprefix("batch_")))


def _ticks_another(stage: Stage, right: Try) -> Try:
    return right.but(tickedIds=[f"record_{uuid4()}"])


ANOTHER_LIST = Spoil(EXACT, given(listHash="ab" * 32))
LONGER = Spoil(RUN_OUT, world=_kept_longer)
PLAYS = (
    Play("register a volume", _registered, (
        Spoil("a volume is rebuilt only for a lost one of the same loan", _rebuilds_what_is_there),
    ), arranging.filed),
    Play("add a paper to a volume", _added, (), arranging.collecting),
    Play("hand in", _handed_in, (
        Spoil("no contract of the volume lacks a blocking element", world=_unchecked_contract),
        Spoil("the list of the volume names every paper with its place, pages and copies; a rebuilt one holds copies alone", world=_empty),
    ), arranging.collecting),
    Play("take over", _accepted, (
        Spoil("the archivist has ticked every paper of the volume, with its pages as listed", _miscounted),
        Spoil("whoever submitted a volume does not take it over", world=_own),
    ), arranging.submitted),
    Play("give back", _given_back, (), arranging.submitted),
    Play("close a volume", _closed, (
        Spoil("the loan of a volume that is closed is settled or written off", world=_owing),
        Spoil("a volume is kept at least as long as the term of its loan asks for", given(retentionClass="FIVE_YEARS")),
        IS_HELD, IS_FROZEN, VERSION,
    ), arranging.settled),
    Play("open again", _opened_again, (), arranging.closed),
    *(Play(f"propose for disposal: {state}", _proposed(state), (IS_HELD, IS_FROZEN, LONGER), make) for state, make in KEPT.items()),
    Play("approve a disposal", _approved(1), (
        ANOTHER_LIST, VERSION,
        Spoil("a head who approves a disposal neither proposed it nor approved it in another rank", world=_by_proposer),
        Spoil("the head approves for business, risk or the president's office, whichever is still missing", _an_approver),
    ), arranging.on_list(arranging.closed, ["head"])),
    Play("approve a disposal as the last", _approved(2), (), arranging.on_list(arranging.closed, ["head", "risk"])),
    *(
        Play(f"{what} a disposal: {state}, {back}", offers(state, back), (),
             arranging.on_list(make, tuple(HEADS.values()) if state is S.DISPOSAL_APPROVED else ()))
        for what, offers in (("reject", _rejected), ("stop", _stopped))
        for state in (S.DISPOSAL_PROPOSED, S.DISPOSAL_APPROVED)
        for back, make in KEPT.items()
    ),
    Play("destroy", _executed, (
        ANOTHER_LIST,
        Spoil("three different heads have approved the list", world=_one_head_less),
        Spoil("two witnesses have ticked every volume of the list", _ticks_another),
    ), arranging.on_list(arranging.closed, tuple(HEADS.values()))),
)  # fmt: skip
