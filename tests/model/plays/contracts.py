"""Contracts are amended: the officer enters what was agreed anew, a head approves it (C48)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from tests.custody.chapters.contracts import amending
from tests.model.plays import Play, Spoil
from tests.model.plays.papers import number
from tests.model.plays.spoiling import SERVICE, VERSION, changed, given, now
from tests.model.stage import Stage, Try

STANDING = """select k.id, k.amount, k.version, (select s.id from scans s join archive_records r on r.id = s.record_id
    join loan_contracts l on l.loan_id = r.primary_loan_id and l.contract_id = k.id where s.status = 'STORED' order by s.id limit 1) as scan
  from contracts k where k.id = any($1) order by k.id"""
ENTERED = "select id, ask->'detail'->>'contract' as contract from operations where org_id = any($1) and action = 'AMEND_CONTRACT' and state = 'PENDING' and expires_at > $2"


def lay_in(stage: Stage) -> None:
    """Three contracts of a maximum amount, each with a volume and its scan."""
    if "contracts" not in stage.stock:
        stage.stock["contracts"] = [stage.run(amending(stage.bank, is_maximum=True))[1].contract for _ in range(3)]


def _standing(stage: Stage) -> list[Any]:
    return stage.rows(STANDING, stage.stock.get("contracts", []))


def _entered(stage: Stage) -> Iterator[Try]:
    waiting = {o["contract"] for o in stage.rows(ENTERED, stage.ours(), now(stage))}
    for k in _standing(stage):
        if str(k["id"]) not in waiting:
            what = {
                "amount": str(k["amount"] + 1000),
                "summary": "增加额度",
                "signedOn": str(stage.bank.day(-1)),
                "number": number(stage, "B"),
            }
            yield Try("officer", "amendContract", {
                **what, "contractId": f"contract_{k['id']}", "evidenceScanId": f"scan_{k['scan']}", "expectedVersion": str(k["version"]),
            })  # fmt: skip


def _approved(stage: Stage) -> Iterator[Try]:
    for o in stage.rows(ENTERED, stage.ours(), now(stage)):
        yield Try("head", "confirmOperation", {"operationId": f"operation_{o['id']}", "seat": "SECOND"})


def _of(stage: Stage, right: Try) -> UUID:
    return UUID(right.input["contractId"].removeprefix("contract_"))


def _as_it_stands(stage: Stage, right: Try) -> Try | None:
    return next((right.but(amount=str(k["amount"])) for k in _standing(stage) if k["id"] == _of(stage, right)), None)


def _other_scan(stage: Stage, right: Try) -> Try | None:
    others = [k["scan"] for k in _standing(stage) if k["id"] != _of(stage, right)]
    return right.but(evidenceScanId=f"scan_{others[0]}") if others else None


def _same_number(stage: Stage, right: Try) -> Try | None:
    known = stage.sql("select number from contract_amendments where contract_id = $1 limit 1", _of(stage, right))
    return right.but(number=known) if known else None


def _another_loan(stage: Stage, right: Try) -> Try | None:
    other = stage.sql(
        "select l.id from loans l where l.org_id = $1 and l.id not in (select loan_id from loan_contracts where contract_id = $2) order by l.id limit 1",
        stage.ours()[0], _of(stage, right),
    )  # fmt: skip
    return right.but(addLoanIds=[f"loan_{other}"]) if other else None


def _of_one_loan(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "contracts", _of(stage, what), is_maximum_amount=False)


PLAYS = (
    Play("amend a contract", _entered, (
        VERSION,
        Spoil("an amendment has a stored scan of a paper of the contract's loans as evidence", _other_scan),
        Spoil("an amendment changes the amount, or lets a loan in that the contract has not", _as_it_stands),
        Spoil("an amendment is signed not before the contract, and not after today", given(signedOn="2001-01-01")),
        Spoil("the contract has no other amendment of that number", _same_number),
        Spoil("a loan joins a contract of a maximum amount, of its own unit and currency, a loan contract of its own borrower", _another_loan, _of_one_loan),
    )),
    Play("approve an amendment", _approved, (SERVICE,)),
)  # fmt: skip
