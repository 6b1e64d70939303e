"""What a correction is about, as the caller sees it; whether its new number is another's, in whatever branch."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Text, Uuid, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.corrections import CORRECTABLE, Corrected, Correcting
from server.errors import NotFound
from storage.statements import given
from storage.tables import archive_records, collateral_certificates, contracts, events, file_items, loan_contracts, scans
from storage.terms import Action, CorrectionSubject, PaperKind

SUBJECT, FIELD = given("subject"), given("field", Text)
_told = cast(func.convert_from(func.substr(events.c.canonical, 18), "UTF8"), JSONB)["detail"].op("->>")(FIELD)
_certified = select(archive_records.c.primary_loan_id).where(archive_records.c.certificate_id == SUBJECT).limit(1).scalar_subquery()
_contracted = select(loan_contracts.c.loan_id).where(loan_contracts.c.contract_id == SUBJECT).limit(1).scalar_subquery()
FOUND = {
    CorrectionSubject.RECORD: select(archive_records, archive_records.c.primary_loan_id.label("chain")).where(
        archive_records.c.id == SUBJECT
    ),
    CorrectionSubject.FILE_ITEM: select(file_items, literal(None, Uuid).label("chain")).where(file_items.c.id == SUBJECT),
    CorrectionSubject.CERTIFICATE: select(collateral_certificates, _certified.label("chain")).where(
        collateral_certificates.c.id == SUBJECT
    ),
    CorrectionSubject.CONTRACT: select(contracts, _contracted.label("chain")).where(contracts.c.id == SUBJECT),
    CorrectionSubject.EVENT: select(events.c.id, events.c.chain_id.label("chain"), _told.label("told")).where(events.c.id == SUBJECT),
}
COLUMNS = {"registrationNo": "registration_no", "issuedOn": "issued_on", "signedOn": "signed_on", "expiresOn": "expires_on"}
EVIDENCE = select(scans.c.id).where(scans.c.id == given("scan"))
SHOWN = select(func.correction_is_shown(given("of", Text), SUBJECT, given("scan")))
VOID = select(func.number_is_void(given("value", Text), SUBJECT))
TAKEN = select(func.correction_taken(given("of", Text), FIELD, SUBJECT, given("value", Text)))


async def _corrected(g: Gathering) -> Mapping[UUID | None, Corrected]:
    asked: Correcting = g.ask.detail
    bound = {"subject": asked.subject} | ({"field": asked.field} if asked.of is CorrectionSubject.EVENT else {})
    row = await g.conn.row(FOUND[asked.of], **bound)
    scan = await g.conn.row(EVIDENCE, scan=asked.evidence)
    if row is None or scan is None:
        raise NotFound()
    allowed = asked.field in CORRECTABLE[asked.of]
    if asked.of is CorrectionSubject.RECORD and asked.field == "expiresOn":
        allowed = row["kind"] == PaperKind.INSURANCE_POLICY  # a certificate's day stands in its own row
    told = None if not allowed else row["told"] if asked.of is CorrectionSubject.EVENT else row[COLUMNS.get(asked.field, asked.field)]
    taken = await g.conn.value(TAKEN, of=asked.of.value, field=asked.field, subject=asked.subject, value=asked.value)
    numbered = asked.of is CorrectionSubject.CERTIFICATE and asked.field == "number"
    void = numbered and await g.conn.value(VOID, subject=asked.subject, value=asked.value)
    shows = bool(await g.conn.value(SHOWN, of=asked.of.value, subject=asked.subject, scan=asked.evidence))
    known = allowed and (asked.of is not CorrectionSubject.EVENT or told is not None)
    version = None if asked.of is CorrectionSubject.EVENT else row["version"]
    return {None: Corrected(row["chain"], None if told is None else str(told), known, shows, bool(taken), bool(void), version)}


SOURCE = Source(Corrected, frozenset({Action.CORRECT}), _corrected)
