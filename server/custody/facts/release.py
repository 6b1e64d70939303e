"""What is known of payoff, recipient, evidence and replacement: through functions that see the loans of every branch."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, LargeBinary, Text, Uuid, bindparam, func, select, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.release import (
    CourtReceiptShown,
    Evidence,
    NoticeAsked,
    Payoff,
    ReceiptShown,
    Recipient,
    RecipientShown,
    Replacement,
    ReplacementOffered,
)
from server.custody.policy import POSITION_HOURS
from server.errors import NotFound
from storage.tables import archive_records, loans
from storage.terms import Action as A


def _given(name: str, type_: Any = Uuid) -> Any:
    return bindparam(name, type_=type_, required=True)


PAYOFFS = select(text("*")).select_from(func.release_facts(_given("ids", ARRAY(Uuid))))
PAYOFF = select(text("*")).select_from(func.payoff_of(_given("loan")))
FINAL = select(func.settlement_final_at(_given("loan")))
LOAN = select(loans.c.org_id).where(loans.c.id == _given("loan"))
RECIPIENT = select(
    func.recipient_fits(
        _given("request"),
        _given("record"),
        _given("capacity", Text),
        _given("identity", LargeBinary),
        _given("scan"),
        _given("until", Date),
    )
)
VERIFIED = select(func.recipient_is_verified(_given("request"), _given("record")))
ON_FILE = select(func.receipt_is_on_file(_given("scan"), _given("request")))
SEEN = select(archive_records.c.id).where(archive_records.c.id == _given("record"))
OFFERED = select(text("*")).select_from(func.replacement_facts(_given("record"), _given("replacement")))
REPLACED = select(text("*")).select_from(func.substitution_facts(_given("request"), _given("record")))


async def payoffs(g: Gathering) -> Mapping[UUID | None, Payoff]:
    """Of each paper; or of the loan that a notice is asked for."""
    if isinstance(g.ask.detail, NoticeAsked):
        return {None: await _of_loan(g, g.ask.detail.loan)}
    orgs = {r["id"]: r["org_id"] for r in g.records}
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
        for f in await g.conn.rows(PAYOFFS, ids=g.ids)
    }


async def _of_loan(g: Gathering, loan: UUID) -> Payoff:
    org = await g.conn.value(LOAN, loan=loan)
    if org is None:
        raise NotFound()
    found = await g.conn.row(PAYOFF, loan=loan)
    settled, oldest = (found["settled"], found["as_of"]) if found else (False, None)
    return Payoff(settled, True, oldest, _stale_before(g, org), await g.conn.value(FINAL, loan=loan))


def _stale_before(g: Gathering, org: UUID) -> Any:
    return g.at - timedelta(hours=g.policy.number(POSITION_HOURS, g.at, org))


async def recipients(g: Gathering) -> Mapping[UUID | None, Recipient]:
    """As shown now, or as it was verified for the request."""
    assert g.request is not None  # both acts need one
    shown = g.ask.detail
    if not isinstance(shown, RecipientShown):
        return {r: Recipient(await g.conn.value(VERIFIED, request=g.request.id, record=r)) for r in g.ids}
    said: dict[str, Any] = {"request": g.request.id, "capacity": shown.capacity.value, "identity": bytes.fromhex(shown.identity)}
    said |= {"scan": shown.authority, "until": shown.authority_until}
    return {r: Recipient(bool(await g.conn.value(RECIPIENT, record=r, **said))) for r in g.ids}


async def evidence(g: Gathering) -> Mapping[UUID | None, Evidence]:
    """The receipt shows the request and its bytes are stored."""
    assert g.request is not None and isinstance(g.ask.detail, ReceiptShown | CourtReceiptShown)
    return {None: Evidence(bool(await g.conn.value(ON_FILE, scan=g.ask.detail.receipt, request=g.request.id)))}


async def replacements(g: Gathering) -> Mapping[UUID | None, Replacement]:
    """Of the paper that is offered, or of the one that was approved."""
    offered = g.ask.detail
    if isinstance(offered, ReplacementOffered):
        if await g.conn.value(SEEN, record=offered.replacement) is None:
            raise NotFound()
        found = {r: await g.conn.row(OFFERED, record=r, replacement=offered.replacement) for r in g.ids}
    else:
        assert g.request is not None  # SUBSTITUTE needs one
        found = {r: await g.conn.row(REPLACED, request=g.request.id, record=r) for r in g.ids}
    return {r: Replacement(bool(f and f["in_vault"]), bool(f and f["approved"])) for r, f in found.items()}


SOURCES = (
    Source(Payoff, frozenset({A.REQUEST_RELEASE, A.RELEASE, A.ISSUE_NOTICE}), payoffs),
    Source(Recipient, frozenset({A.VERIFY_RECIPIENT, A.RELEASE}), recipients),
    Source(Evidence, frozenset({A.RELEASE, A.SURRENDER}), evidence),
    Source(Replacement, frozenset({A.REQUEST_SUBSTITUTION, A.SUBSTITUTE}), replacements),
)
