"""What leaves for good: released on settlement, substituted, surrendered to the court; and payoffs that bounce (F11 to F13, C52)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Tier
from tests.custody.releasing import NUMBER, Case, Substitution, scan, secures, surrendering
from tests.harness.world import World as Bank
from tests.model import arranging
from tests.model.plays import NotNow, Play, Spoil, World
from tests.model.plays.lending import LATE_HOLDER, LEAVING, approved_by
from tests.model.plays.looking import last_seat
from tests.model.plays.spoiling import (
    HOLD,
    INTEREST,
    OFF_DUTY,
    OVERDUE,
    SERVICE,
    VERSION,
    by,
    changed,
    given,
    me,
    now,
    request_is,
    row,
    without,
)
from tests.model.stage import Stage, Try

NAMES = ("released", "substituted", "surrendered")
CASES = 3  # papers whose loan is paid off, under way
STANDS = """select r.id, r.state, r.barcode, r.primary_loan_id as loan, r.collateral_id, q.id as request, q.state as step, q.kind,
  m.operation_id is null and (m.id is null or m.lapses_at > $2) as idle, is_on_hold(r.id) or cardinality(frozen_kinds(r.id)) > 0 as stuck,
  exists (select from movements o where o.holder_id = q.applicant_id and o.closed_at is null and o.returned_at is null and o.due_at < $2) as late
  from archive_records r left join movements m on m.record_id = r.id and m.closed_at is null
  left join lateral (select q.* from access_requests q join request_lines l on l.request_id = q.id where l.record_id = r.id
    and q.state in ('SUBMITTED', 'APPROVED') order by q.id desc limit 1) q on true
  where r.id = any($1) order by r.id"""
PAID = """select p.id, p.as_of from loan_positions p where p.loan_id = $1 and p.as_of > $2 and p.principal_amount = 0 and p.reversal_of_id is null
  and not exists (select from loan_positions x where x.reversal_of_id = p.id or (x.loan_id = $1 and x.as_of > p.as_of)) limit 1"""
NOTICE = """select n.id, r.id as paper, r.state, exists (select from scans s where s.record_id = r.id) as shown from settlement_notices n
  join archive_records r on r.id = n.record_id where n.loan_id = $1 and n.voided_at is null"""
RECEIPT = "select id from scans where subject_kind = 'REQUEST' and subject_id = $1 and status = 'STORED' limit 1"


def lay_in(stage: Stage) -> None:
    """Papers whose loan can be paid off, some with another to take their place, one at the court; scans of what needs one."""
    stock, bank = stage.stock, stage.bank
    for name, make in zip(NAMES, (_case, _pair, _at_court), strict=True):
        wanted = CASES if name == "released" else 1
        if sum(r["state"] not in ENDS for r in _stand(stage, name)) < wanted and not _late(stage):
            for record, told in stage.run(make(stage)).items():
                stock.setdefault(name, {})[record] = told
                stage.kept.add(record)
    for r in _stand(stage, "released", "surrendered"):
        if r["request"] and r["step"] in ("APPROVED", "FULFILLED") and not stage.rows(RECEIPT, r["request"]):
            stage.run(scan(bank, "REQUEST", r["request"]))
        for n in stage.rows(NOTICE, r["loan"]):
            if not n["shown"]:
                stage.run(scan(bank, "RECORD", n["paper"], record=n["paper"]))
            if n["state"] == "IN_VAULT":
                stage.kept.add(n["paper"])


ENDS = ("RELEASED", "SUBSTITUTED", "SURRENDERED", "MISSING", "LOST", "CLOSED_LOST", "REPLACED")


def _late(stage: Stage) -> bool:
    return any(stage.sql(LATE_HOLDER, me(stage, who), stage.bank.desk.shift) for who in ("officer", "legal"))


async def _case(stage: Stage) -> dict[UUID, UUID]:
    """The paper, and a loan of another branch that its collateral may secure too; every second is ready to leave."""
    bank = stage.bank
    if len(stage.stock.get("released", ())) % 2:
        case = await Case.make(bank)
    else:
        case, notice = await _ready(bank)
        stage.kept.add(notice)
    return {case.papers[0]: await bank.loan("B")}


async def _ready(bank: Bank) -> tuple[Case, UUID]:
    """A paper that may leave, and that of its notice."""
    case, at = await Case.make(bank), datetime.now(UTC)
    await case.paid(as_of=at + bank.desk.shift, settled_at=at - timedelta(days=1))
    notice = await bank.sql("select record_id from settlement_notices where id = $1", await case.notice())
    await case.asked()
    await case.received()
    return case, notice


async def _all_but_the_officer(bank: Bank) -> None:
    """A release of which the last seat is open."""
    if await bank.sql(arranging.BLOCKED, bank.branches["A"].id, bank.desk.shift):
        raise NotNow
    case, _ = await _ready(bank)
    await bank.seated(case.release, ["kay", "cody", "clerk"])


async def _all_but_the_clerk(bank: Bank) -> None:
    """A substitution of which the last seat is open."""
    if await bank.sql(arranging.BLOCKED, bank.branches["A"].id, bank.desk.shift):
        raise NotNow
    case = await Substitution.make(bank)
    await bank.seated(Ask(A.SUBSTITUTE, request=case.request), ["kay", "cody"])


async def _pair(stage: Stage) -> dict[UUID, UUID]:
    """The paper, and the one that takes its place."""
    case, asset = await Case.make(stage.bank, value=1_000), await stage.bank.collateral()
    await stage.bank.sql("update collateral set value_amount = 2000 where id = $1", asset)
    await secures(stage.bank, case.loan, asset)
    (new,) = await stage.bank.papers(loan=case.loan, collateral=asset)
    stage.kept.add(new)
    return {case.papers[0]: new}


async def _at_court(stage: Stage) -> dict[UUID, UUID]:
    """The paper that LEGAL has taken to the court, and its request."""
    case = await surrendering(stage.bank)
    await scan(stage.bank, "REQUEST", case.request)
    return {case.papers[0]: case.request}


def _stand(stage: Stage, *names: str) -> list[Any]:
    found = stage.rows(
        STANDS, [record for name in NAMES for record in stage.stock.get(name, {})], now(stage).replace(second=0, microsecond=0)
    )
    return [r for r in found if any(r["id"] in stage.stock.get(name, {}) for name in names)]


def _paid(stage: Stage, loan: UUID) -> Any:
    """The payoff that core banking told within the day."""
    return next(iter(stage.rows(PAID, loan, now(stage).replace(second=0, microsecond=0) - timedelta(hours=20))), None)


def _filed(stage: Stage, loan: UUID) -> bool:
    return any(n["state"] == "IN_VAULT" and n["shown"] for n in stage.rows(NOTICE, loan))


# Core banking ------------------------------------------------------------------------------------------------------------------
ZERO = {"principal": "0", "interest": "0", "fees": "0", "overdue": "0", "daysOverdue": 0}


def _payoffs(stage: Stage) -> Iterator[Try]:
    for r in _stand(stage, "released"):
        if r["state"] not in ENDS and _paid(stage, r["loan"]) is None:
            settled = now(stage) - stage.bank.desk.shift - timedelta(days=1)  # PostgreSQL's clock is not moved: it would not be final yet
            yield Try("core", "postLoanPosition", {"loanId": f"loan_{r['loan']}", "asOf": now(stage).isoformat(), **ZERO, "payoffKind": "CASH",
                                                   "settledAt": settled.isoformat()})  # fmt: skip


def _reversals(stage: Stage) -> Iterator[Try]:
    under_way = [r for r in _stand(stage, "released") if r["state"] == "RESERVED"]
    over = [r for r in _stand(stage, "released") if r["state"] == "RELEASED"]
    for r in [*under_way[1:], *over]:
        paid = _paid(stage, r["loan"])
        if paid is not None:
            yield Try("core", "postLoanPosition", {"loanId": f"loan_{r['loan']}", "asOf": now(stage).isoformat(), **ZERO, "principal": "80000",
                                                   "reversalOfId": f"position_{paid['id']}"})  # fmt: skip


def _notices(stage: Stage) -> Iterator[Try]:
    for r in _stand(stage, "released"):
        if r["state"] in ("IN_VAULT", "RESERVED") and _paid(stage, r["loan"]) and not stage.rows(NOTICE, r["loan"]):
            yield Try("officer", "issueSettlementNotice", {"loanId": f"loan_{r['loan']}"})


# Released ----------------------------------------------------------------------------------------------------------------------
def _asked(stage: Stage) -> Iterator[Try]:
    for r in _stand(stage, "released"):
        if r["state"] == "IN_VAULT" and r["idle"] and not r["request"] and not r["stuck"] and _paid(stage, r["loan"]) and not _late(stage):
            yield Try("officer", "requestRelease", {"recordIds": [f"record_{r['id']}"], "purpose": "PAID_IN_FULL"})


def _reserved(stage: Stage, name: str) -> list[Any]:
    return [
        r
        for r in _stand(stage, name)
        if r["state"] == "RESERVED" and r["idle"] and not r["stuck"] and not r["late"] and r["step"] == "APPROVED"
    ]


def _version(stage: Stage, request: UUID) -> str:
    return str(stage.sql("select version from access_requests where id = $1", request))


def _verified(stage: Stage, request: UUID) -> bool:
    return bool(stage.sql("select exists (select from releases where request_id = $1)", request))


def _recipients(stage: Stage) -> Iterator[Try]:
    for r in _reserved(stage, "released"):
        if not _verified(stage, r["request"]):
            shown = {"capacity": "OWNER", "name": "王小明", "identityNumber": NUMBER}
            yield Try("clerk", "verifyRecipient", {"requestId": f"request_{r['request']}", **shown})


def _releases(stage: Stage) -> Iterator[Try]:
    for r in _reserved(stage, "released"):
        receipt = stage.sql(RECEIPT, r["request"])
        if receipt and _paid(stage, r["loan"]) and _filed(stage, r["loan"]) and _verified(stage, r["request"]):
            told = {"requestId": f"request_{r['request']}", "barcodes": [r["barcode"]], "receiptScanId": f"scan_{receipt}"}
            yield Try("kay", "releaseOnSettlement", told | {"expectedVersion": _version(stage, r["request"])})


# Substituted, surrendered --------------------------------------------------------------------------------------------------------
def _offered(stage: Stage) -> Iterator[Try]:
    for r in _stand(stage, "substituted"):
        if r["state"] == "IN_VAULT" and r["idle"] and not r["request"] and not r["stuck"] and not _late(stage):
            new = stage.stock["substituted"][r["id"]]
            yield Try("officer", "requestSubstitution", {"recordIds": [f"record_{r['id']}"], "replacementId": f"record_{new}"})


def _substitutions(stage: Stage) -> Iterator[Try]:
    for r in _reserved(stage, "substituted"):
        told = {"requestId": f"request_{r['request']}", "barcodes": [r["barcode"]], "expectedVersion": _version(stage, r["request"])}
        yield Try("kay", "substituteCollateral", told)


def _surrenders(stage: Stage) -> Iterator[Try]:
    for r in _stand(stage, "surrendered"):
        request = stage.stock["surrendered"][r["id"]]
        waits = stage.sql(
            "select exists (select from operations where request_id = $1 and action = 'SURRENDER' and state = 'PENDING')", request
        )
        if r["state"] == "CHECKED_OUT" and not r["stuck"] and not waits:
            told = {"receiptScanId": f"scan_{stage.sql(RECEIPT, request)}", "court": "朝阳区人民法院"}
            yield Try("legal", "closeAsSurrendered", {"requestId": f"request_{request}", "recordIds": [f"record_{r['id']}"], **told})


def _confirmed(stage: Stage) -> Iterator[Try]:
    waits = (
        "select id, record_ids from operations where org_id = any($1) and action = 'SURRENDER' and state = 'PENDING' and expires_at > $2"
    )
    there = {r["id"] for r in _stand(stage, "surrendered") if r["state"] == "CHECKED_OUT" and not r["stuck"]}
    for o in stage.rows(waits, stage.ours(), now(stage)):
        if set(o["record_ids"]) <= there:
            yield Try("ops", "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": "SECOND"})


# What is wrong -------------------------------------------------------------------------------------------------------------------
def _of(stage: Stage, what: Try) -> Any:
    """The paper that the act is about."""
    told = what.input
    if "loanId" in told:
        found = [r for r in _stand(stage, "released") if f"loan_{r['loan']}" == told["loanId"]]
    elif "recordIds" in told:
        found = [r for r in _stand(stage, "released", "substituted", "surrendered") if f"record_{r['id']}" in told["recordIds"]]
    else:
        found = [r for r in _stand(stage, "released", "substituted") if f"request_{r['request']}" == told["requestId"]]
    if not found:
        raise NotNow
    return found[0]


def _position(**values: Any) -> World:
    """Core banking's last word is another."""

    def world(stage: Stage, what: Try) -> AbstractContextManager[None]:
        paid = _paid(stage, _of(stage, what)["loan"])
        known = {name: v(now(stage)) if callable(v) else v for name, v in values.items()}
        return changed(stage, "loan_positions", paid["id"], **known)

    return world


def _stale(stage: Stage, what: Try) -> AbstractContextManager[None]:
    stack, loan = ExitStack(), _of(stage, what)["loan"]
    paid = _paid(stage, loan)
    stack.enter_context(without(stage, "loan_positions", "loan_id = $1 and id <> $2", loan, paid["id"]))
    stack.enter_context(changed(stage, "loan_positions", paid["id"], as_of=now(stage) - timedelta(hours=25)))
    return stack


def _another_loan(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """The collateral secures a loan of another branch, on which something is owed."""
    paper, at = _of(stage, what), now(stage)
    other, org = stage.stock["released"][paper["id"]], stage.bank.branches["B"].id
    stack = ExitStack()
    stack.enter_context(row(stage, "loan_collateral", org_id=org, loan_id=other, collateral_id=paper["collateral_id"], amount=1, rank=2))
    stack.enter_context(row(stage, "loan_positions", org_id=org, loan_id=other, as_of=at - timedelta(minutes=1), principal_amount=1, interest_amount=0,
                            fees_amount=0, overdue_amount=0))  # fmt: skip
    return stack


def _void(stage: Stage, what: Try) -> AbstractContextManager[None]:
    notice = stage.rows(NOTICE, _of(stage, what)["loan"])[0]
    return changed(stage, "settlement_notices", notice["id"], voided_at=now(stage))


def _unknown(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return without(stage, "releases", "request_id = $1", _of(stage, what)["request"])


def _unshown(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "scans", UUID(what.input["receiptScanId"].removeprefix("scan_")), status="REJECTED")


def _replacement(how: Callable[[Stage, UUID], AbstractContextManager[None]]) -> World:
    return lambda stage, what: how(stage, stage.stock["substituted"][_of(stage, what)["id"]])


def _worthless(stage: Stage, new: UUID) -> AbstractContextManager[None]:
    return changed(stage, "collateral", stage.sql("select collateral_id from archive_records where id = $1", new), value_amount=1)


def _promised(stage: Stage, new: UUID) -> AbstractContextManager[None]:
    return row(
        stage,
        "movements",
        org_id=stage.ours()[0],
        record_id=new,
        kind="ACT",
        reserved_at=now(stage),
        lapses_at=now(stage) + timedelta(days=1),
    )


def _head_of_operations_too(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return row(stage, "staff_roles", staff_id=me(stage, what.who), role="OPS_HEAD")


OWED = (
    Spoil("principal, interest and fees of the loan are zero", world=_position(principal_amount=1)),
    Spoil("every other loan on the collateral is paid off too, in every branch", world=_another_loan),
    Spoil("a partial release is of dealer inventory, and what stays covers the debt", given(purpose="PARTIAL_RELEASE")),
)
FINAL = Spoil(
    "no payoff of a loan on the collateral can bounce any more",
    world=_position(payoff_kind="TRANSFER", settled_at=lambda at: at - timedelta(days=1)),
)
RECENT = Spoil("the positions of all loans on the collateral are recent", world=_stale)
GONE = (
    *LEAVING,
    SERVICE,
    INTEREST,
    OFF_DUTY,
    Spoil("whoever hands out has not approved, nor, but for the officer of a release, applied", world=approved_by("kay")),
)
COVERS = "the replacement secures every loan that is owed on what leaves, and its approved value covers it"
PLAYS = (
    Play("post a payoff", _payoffs),
    Play("take a payoff back", _reversals),
    Play("issue a notice", _notices, often=2, spoils=(OWED[0], FINAL, RECENT)),
    Play("request a release", _asked, (HOLD, OVERDUE, *OWED)),
    Play("verify the recipient", _recipients, often=2, spoils=(
        Spoil("the recipient is the owner, or holds a valid power of attorney that is on file", given(identityNumber="110101199003071299")),
    )),
    Play("release", _releases, (
        *GONE, *OWED[:2], FINAL, RECENT, VERSION,
        Spoil(OWED[2].sentence, world=request_is(purpose="PARTIAL_RELEASE")),
        Spoil("the settlement notice is issued, scanned and filed in the vault", world=_void),
        Spoil("the recipient is the owner, or holds a valid power of attorney that is on file", world=_unknown),
        Spoil("the receipt with its three signatures is on file", world=_unshown),
    )),
    Play("release: last seat", last_seat(A.RELEASE, Tier.FIRST), (), _all_but_the_officer),
    Play("request a substitution", _offered, (HOLD, OVERDUE, Spoil(COVERS, world=_replacement(_worthless)))),
    Play("substitute", _substitutions, often=2, spoils=(
        *GONE, VERSION, Spoil(COVERS, world=_replacement(_worthless)),
        Spoil("the replacement lies in the vault and is promised to nobody", world=_replacement(_promised)),
    )),
    Play("substitute: last seat", last_seat(A.SUBSTITUTE, Tier.FIRST), (), _all_but_the_clerk),
    Play("surrender", _surrenders, (
        SERVICE, HOLD,
        Spoil("what is surrendered was lent on this request, for the court", world=request_is(purpose="CERTIFICATE_CHANGE")),
        Spoil("the court's receipt is on file", world=_unshown),
    )),
    Play("confirm a surrender", _confirmed, often=2, spoils=(
        SERVICE, Spoil("whoever says that the court keeps a paper does not confirm it", by("legal"), _head_of_operations_too),
    )),
)  # fmt: skip
