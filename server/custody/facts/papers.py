"""Facts of papers that come to be, arrive or come back: their place, what their certificates say, letters and claims."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Numeric, Text, Uuid, func, select, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.certificates import ChangedReturn, Replacement
from server.custody.moves.claims import Bringer, Claim, Resolution
from server.custody.moves.letters import Letters
from server.custody.moves.papers import Arrival, CertificateData, Checked, Checks, NewPapers, Place, Title
from server.custody.reading import AT
from server.errors import InputProblem, InvalidInput, NotFound
from storage.statements import given
from storage.tables import bailee_letters, collateral, loan_collateral, loans, movements, return_claims, storage_locations
from storage.terms import Action as A
from storage.terms import ClaimResolution, LocationKind, PaperKind, RecordState, RequestKind

Found = Mapping[UUID | None, Any]


NUMBER_VOID = func.number_is_void(given("number", Text), given("besides"))
CERTIFICATE = select(text("*"), NUMBER_VOID.label("number_void")).select_from(
    func.certificate_facts(
        given("asset"), given("number", Text), given("vin", Text), given("owner", Text), given("amount", Numeric(18, 2)), given("besides")
    )
)
TITLES = select(text("*")).select_from(func.title_facts(given("ids", ARRAY(Uuid))))
LOAN = select(loans.c.org_id).where(loans.c.id == given("loan"))
ASSET = select(collateral.c.id).where(collateral.c.id == given("asset"))
SECURES = select(loan_collateral.c.id).where(loan_collateral.c.loan_id == given("loan"), loan_collateral.c.collateral_id == given("asset"))
VAULT = select(storage_locations.c.org_id, storage_locations.c.kind).where(storage_locations.c.id == given("vault"))
LETTER = select(func.max(bailee_letters.c.return_by)).where(bailee_letters.c.request_id == given("request"))
LETTERS = (  # of what is out
    select(movements.c.record_id, func.max(bailee_letters.c.return_by).label("until"))
    .join(bailee_letters, bailee_letters.c.request_id == movements.c.request_id)
    .where(movements.c.record_id == func.any(given("ids", ARRAY(Uuid))), movements.c.closed_at.is_(None))
    .group_by(movements.c.record_id)
)
CLAIMS = (
    select(movements.c.record_id, return_claims.c.id, return_claims.c.claimed_by)
    .join(return_claims, return_claims.c.movement_id == movements.c.id)
    .where(
        movements.c.record_id == func.any(given("ids", ARRAY(Uuid))), movements.c.closed_at.is_(None), return_claims.c.resolved_at.is_(None)
    )
)
BRINGERS = select(movements.c.record_id, func.ground_of_return(movements.c.holder_id, given("who"), given("at", AT)).label("ground")).where(
    movements.c.record_id == func.any(given("ids", ARRAY(Uuid))), movements.c.closed_at.is_(None), movements.c.out_at.is_not(None)
)
NOTHING = Title()


async def _place(g: Gathering) -> Found:
    asked = g.ask.detail
    org = await g.conn.value(LOAN, loan=asked.loan)
    asset = await g.conn.value(ASSET, asset=asked.collateral)
    vault = await g.conn.row(VAULT, vault=asked.vault)
    if org is None or asset is None or vault is None or vault["kind"] != LocationKind.VAULT:
        raise NotFound()
    if await g.conn.value(SECURES, loan=asked.loan, asset=asked.collateral) is None:
        raise InvalidInput([InputProblem(("collateralId",), "NOT_OF_THIS_LOAN")])
    return {None: Place(asked.loan, org, asset, asked.vault, vault["org_id"])}


async def _checks(g: Gathering) -> Found:
    """Of every certificate that the act brings, against its collateral and the numbers of all branches."""
    match g.ask.detail:
        case NewPapers(collateral=asset, papers=papers):
            wanted = [(asset, p.certificate, None) for p in papers if p.certificate]
        case Arrival(certificate=data) if data and g.records:
            wanted = [(g.records[0]["collateral_id"], data, g.records[0]["certificate_id"])]
        case ChangedReturn(changes=changes):
            of = {r["id"]: (r["collateral_id"], r["certificate_id"]) for r in g.records}
            wanted = [(of[c.old][0], c.data, of[c.old][1]) for c in changes if c.data and c.old in of]
        case _:
            wanted = []
    return {None: Checks(tuple([await _checked(g, asset, data, besides) for asset, data, besides in wanted]))}


async def _checked(g: Gathering, asset: UUID | None, data: CertificateData, besides: UUID | None) -> Checked:
    row = await g.conn.row(
        CERTIFICATE, asset=asset, number=data.number, vin=data.vin, owner=data.owner_name, amount=data.right_amount, besides=besides
    )
    missing = data.is_electronic and not data.registry_reference
    if row is None:  # a certificate of nothing
        return Checked(False, False, False, False, missing)
    return Checked(row["number_taken"], row["vin_matches"], row["owner_matches"], row["amount_matches"], missing, row["number_void"])


async def _titles(g: Gathering) -> Found:
    rows = {r["record_id"]: r for r in await g.conn.rows(TITLES, ids=g.ids)}
    kinds = {r["id"]: r["kind"] for r in g.records}

    def one(id_: UUID) -> Title:
        row = rows.get(id_)
        is_certificate = kinds[id_] == PaperKind.CERTIFICATE
        if row is None:
            return Title(is_certificate)
        return Title(is_certificate, row["is_electronic"], row["has_reference"], row["certificate_id"], row["number"])

    return {None: NOTHING, **{id_: one(id_) for id_ in g.ids}}


async def _replacement(g: Gathering) -> Found:
    """Old and new paper of a change are certificates of one collateral."""
    detail: ChangedReturn = g.ask.detail
    of: dict[UUID, Any] = {r["id"]: (r["kind"], r["collateral_id"]) for r in g.records}

    def fits(id_: UUID) -> bool:
        change = detail.of(id_) or next((c for c in detail.changes if c.new == id_), None)
        if change is None:
            return id_ in lent  # what is no part of a change was lent with it
        old = of.get(change.old)
        if old is None or old[0] != PaperKind.CERTIFICATE or (change.new is None) != (change.data is not None):
            return False
        return change.new is None or of.get(change.new) == old

    lent = {r["id"] for r in g.records if r["state"] == RecordState.RETURN_PENDING}
    old = dict.fromkeys(detail.replaced, A.REPLACE_RETURNED)
    envelopes = {r["id"]: r["envelope_id"] for r in g.records}
    into = {c.new: envelopes.get(c.old) for c in detail.changes if c.new}
    return {id_: Replacement(fits(id_), old.get(id_), into.get(id_)) for id_ in g.ids} | {None: Replacement(False)}


async def _letters(g: Gathering) -> Found:
    """Of the request that takes the papers out, or of those on which they are out."""
    none: dict[UUID | None, Any] = {None: Letters(False)}
    if g.ask.action is A.CHECK_OUT:
        until = g.request and await g.conn.value(LETTER, request=g.request.id)
        return {None: Letters(True, until)} if until else none
    if g.ask.action is A.APPROVE and (g.request is None or g.request.kind is not RequestKind.EXTENSION):
        return none
    return none | {r["record_id"]: Letters(True, r["until"]) for r in await g.conn.rows(LETTERS, ids=g.ids)}


async def _claims(g: Gathering) -> Found:
    rows = await g.conn.rows(CLAIMS, ids=g.ids)
    found = isinstance(g.ask.detail, Resolution) and g.ask.detail.as_ is ClaimResolution.FOUND_IN_VAULT
    out = {r["id"] for r in g.records if found and r["state"] == RecordState.CHECKED_OUT}  # what is missing meanwhile is found by its case

    def one(r: Any) -> Claim:
        return Claim(r["id"], r["claimed_by"], RecordState.RETURN_PENDING if r["record_id"] in out else None)

    return {None: Claim(), **{r["record_id"]: one(r) for r in rows}}


async def _bringers(g: Gathering) -> Found:
    rows = await g.conn.rows(BRINGERS, ids=g.ids, who=g.ask.brought_by, at=g.at)
    return {None: Bringer(), **{r["record_id"]: Bringer(r["ground"]) for r in rows}}


TITLED = frozenset({A.INTAKE, A.SEAL_ENVELOPE, A.RECORD_REGISTRY_CHECK, A.RECORD_ARRIVAL})
TITLED |= {A.ACCEPT_RETURN, A.ACCEPT_CHANGED_RETURN, A.RESOLVE_FOUND, A.RECORD_REISSUE}  # what comes back shows the mortgage entry (C54)
SOURCES = (
    Source(Place, frozenset({A.EXPECT_PAPER, A.REGISTER_FIRST_TIER}), _place),
    Source(Checks, frozenset({A.REGISTER_FIRST_TIER, A.RECORD_ARRIVAL, A.ACCEPT_CHANGED_RETURN}), _checks),
    Source(Title, TITLED, _titles),
    Source(Replacement, frozenset({A.ACCEPT_CHANGED_RETURN}), _replacement),
    Source(Letters, frozenset({A.CHECK_OUT, A.APPROVE, A.OVERDUE_SEARCH}), _letters),
    Source(Claim, frozenset({A.CLAIM_RETURNED, A.RESOLVE_CLAIM}), _claims),
    Source(Bringer, frozenset({A.PRESENT_RETURN}), _bringers),
)
