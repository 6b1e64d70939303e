"""What is known of payoff, recipient, evidence and replacement: through functions that see the loans of every branch."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, LargeBinary, Text, Uuid, func, select, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.release import (
    CourtReceiptShown,
    Evidence,
    NoticeAsked,
    Payoff,
    PositionSaid,
    ReceiptShown,
    Recipient,
    RecipientShown,
    Replacement,
    ReplacementOffered,
)
from server.custody.policy import COVER_PERCENT, PAYOFF_DAYS, POSITION_HOURS
from server.custody.reading import AT
from server.errors import InputProblem, InvalidInput, NotFound
from storage.statements import given
from storage.tables import archive_records, loan_positions, loans, settlement_notices
from storage.terms import Action as A
from storage.terms import Tier

PAYOFFS = select(text("*")).select_from(func.release_facts(given("ids", ARRAY(Uuid)), given("at", AT)))
UNITS = select(text("unit")).select_from(func.units_of_loans_on(given("ids", ARRAY(Uuid))))
PAYOFF = select(text("*")).select_from(func.payoff_of(given("loan")))
FINAL = select(func.settlement_final_at(given("loan"), given("at", AT)))
LOAN = select(loans.c.org_id).where(loans.c.id == given("loan"))
LOAN_LOCKED = LOAN.with_for_update()
NOTICE = select(settlement_notices.c.id).where(settlement_notices.c.loan_id == given("loan"), settlement_notices.c.voided_at.is_(None))
PAPER = (
    select(archive_records.c.id)
    .where(
        archive_records.c.primary_loan_id == given("loan"),
        archive_records.c.tier == Tier.FIRST.value,
        archive_records.c.vault_id.is_not(None),
    )
    .limit(1)
)
KNOWN = select(loan_positions.c.id).where(
    loan_positions.c.loan_id == given("loan"), loan_positions.c.as_of == given("at", loan_positions.c.as_of.type)
)
REVERSED = select(loan_positions.c.id).where(loan_positions.c.id == given("id"), loan_positions.c.loan_id == given("loan"))
REVERSALS = select(loan_positions.c.id).where(loan_positions.c.reversal_of_id == given("id"))
RECIPIENT = select(
    func.recipient_fits(
        given("request"),
        given("record"),
        given("capacity", Text),
        given("identity", LargeBinary),
        given("scan"),
        given("until", Date),
        given("at", AT),
    )
)
VERIFIED = select(func.recipient_is_verified(given("request"), given("record"), given("at", AT)))
ON_FILE = select(func.receipt_is_on_file(given("scan"), given("request")))
SEEN = select(archive_records.c.id).where(archive_records.c.id == given("record"))
OFFERED = select(text("*")).select_from(func.replacement_facts(given("record"), given("replacement"), given("at", AT)))
REPLACED = select(text("*")).select_from(func.substitution_facts(given("request"), given("record"), given("at", AT)))


async def payoffs(g: Gathering) -> Mapping[UUID | None, Payoff]:
    """Of each paper; or of the loan that a notice is asked for."""
    if isinstance(g.ask.detail, NoticeAsked):
        return {None: await _of_loan(g, g.ask.detail.loan)}
    orgs = {r["id"]: r["org_id"] for r in g.records}
    await payoff_days(g)
    _cover(g)
    return {
        f["record_id"]: Payoff(
            f["settled"],
            f["others_settled"],
            f["oldest"],
            _stale_before(g, orgs[f["record_id"]]),
            f["final_at"],
            f["covered"],
            f["noticed"],
        )
        for f in await g.conn.rows(PAYOFFS, ids=g.ids, at=g.at)
    }


async def payoff_days(g: Gathering) -> None:
    """Of every loan on the papers: PostgreSQL counts with them, and what was read is kept with the decision."""
    for row in await g.conn.rows(UNITS, ids=g.ids):
        g.policy.number(PAYOFF_DAYS, g.at, row["unit"])


async def _of_loan(g: Gathering, loan: UUID) -> Payoff:
    org = await _locked(g, loan)
    taken = await g.conn.value(NOTICE, loan=loan) is not None
    if taken or await g.conn.value(PAPER, loan=loan) is None:
        raise InvalidInput([InputProblem(("loanId",), "TAKEN" if taken else "NO_PAPERS")])
    found = await g.conn.row(PAYOFF, loan=loan)
    g.policy.number(PAYOFF_DAYS, g.at, org)
    settled, oldest = (found["settled"], found["as_of"]) if found else (False, None)
    return Payoff(settled, True, oldest, _stale_before(g, org), await g.conn.value(FINAL, loan=loan, at=g.at))


async def _locked(g: Gathering, loan: UUID) -> UUID:
    """The loan's unit; two positions, or two notices, of one loan come one after the other."""
    org: UUID | None = await g.conn.value(LOAN_LOCKED if g.lock else LOAN, loan=loan)
    if org is None:
        raise NotFound()
    return org


async def positions(g: Gathering) -> Mapping[UUID | None, PositionSaid]:
    """What core banking says must be new, not of the future, and take back only what the loan has."""
    said, wrong = g.ask.detail, []
    assert isinstance(said, PositionSaid)
    await _locked(g, said.loan)
    if said.as_of > g.at:
        wrong.append(InputProblem(("asOf",), "OUT_OF_RANGE"))
    if await g.conn.value(KNOWN, loan=said.loan, at=said.as_of) is not None:
        wrong.append(InputProblem(("asOf",), "TAKEN"))
    if said.reversal_of is not None:
        if await g.conn.value(REVERSED, id=said.reversal_of, loan=said.loan) is None:
            raise NotFound()
        if await g.conn.value(REVERSALS, id=said.reversal_of) is not None:
            wrong.append(InputProblem(("reversalOfId",), "TAKEN"))
    if wrong:
        raise InvalidInput(wrong)
    return {None: said}


def _stale_before(g: Gathering, org: UUID) -> Any:
    return g.at - timedelta(hours=g.policy.number(POSITION_HOURS, g.at, org))


def _cover(g: Gathering) -> None:
    """C34, C39: what PostgreSQL asks of the value that stays, read here so that the decision names it."""
    for unit in sorted({r["org_id"] for r in g.records}):
        g.policy.number(COVER_PERCENT, g.at, unit)


async def recipients(g: Gathering) -> Mapping[UUID | None, Recipient]:
    """As shown now, or as it was verified for the request."""
    assert g.request is not None  # both acts need one
    shown = g.ask.detail
    if not isinstance(shown, RecipientShown):
        return {r: Recipient(await g.conn.value(VERIFIED, request=g.request.id, record=r, at=g.at)) for r in g.ids}
    said: dict[str, Any] = {"request": g.request.id, "capacity": shown.capacity.value, "identity": bytes.fromhex(shown.identity)}
    said |= {"scan": shown.authority, "until": shown.authority_until, "at": g.at}
    return {r: Recipient(bool(await g.conn.value(RECIPIENT, record=r, **said))) for r in g.ids}


async def evidence(g: Gathering) -> Mapping[UUID | None, Evidence]:
    """The receipt shows the request and its bytes are stored."""
    assert g.request is not None and isinstance(g.ask.detail, ReceiptShown | CourtReceiptShown)
    return {None: Evidence(bool(await g.conn.value(ON_FILE, scan=g.ask.detail.receipt, request=g.request.id)))}


async def replacements(g: Gathering) -> Mapping[UUID | None, Replacement]:
    """Of the paper that is offered, or of the one that was approved."""
    offered = g.ask.detail
    await payoff_days(g)
    _cover(g)
    if isinstance(offered, ReplacementOffered):
        if await g.conn.value(SEEN, record=offered.replacement) is None:
            raise NotFound()
        found = {r: await g.conn.row(OFFERED, record=r, replacement=offered.replacement, at=g.at) for r in g.ids}
    else:
        assert g.request is not None  # SUBSTITUTE needs one
        found = {r: await g.conn.row(REPLACED, request=g.request.id, record=r, at=g.at) for r in g.ids}
    return {r: Replacement(bool(f and f["in_vault"]), bool(f and f["approved"])) for r, f in found.items()}


SOURCES = (
    Source(PositionSaid, frozenset({A.POST_POSITION}), positions),
    Source(Payoff, frozenset({A.REQUEST_RELEASE, A.RELEASE, A.ISSUE_NOTICE}), payoffs),
    Source(Recipient, frozenset({A.VERIFY_RECIPIENT, A.RELEASE}), recipients),
    Source(Evidence, frozenset({A.RELEASE, A.SURRENDER}), evidence),
    Source(Replacement, frozenset({A.REQUEST_SUBSTITUTION, A.SUBSTITUTE}), replacements),
)
