"""What a scan may show: whose it is, and the loan whose history it belongs to."""

from typing import Any

from sqlalchemy import Text, Uuid, cast, func, null, select

from storage.statements import the
from storage.tables import access_requests, archive_records, discrepancies, file_items, handovers, loans, operations, releases
from storage.terms import ScanSubject


def _of_unit(column: Any) -> Any:
    """A subject that is no record: whose it is."""
    return select(cast(null(), Uuid).label("id"), column, cast(null(), Uuid).label("primary_loan_id"))


# Shared first of all, as the desk locks records first: a record does not move while a scan comes to it.
_record = select(archive_records.c.id, archive_records.c.org_id, archive_records.c.primary_loan_id).with_for_update(
    read=True, of=archive_records
)
RECORD_SHARED = select(archive_records.c.id).where(archive_records.c.id == the("id")).with_for_update(read=True)
SUBJECTS: dict[ScanSubject, Any] = {
    ScanSubject.RECORD: _record.where(archive_records.c.id == the("id")),
    ScanSubject.FILE_ITEM: _record.join(file_items, file_items.c.record_id == archive_records.c.id).where(file_items.c.id == the("id")),
    ScanSubject.REQUEST: _of_unit(access_requests.c.org_id).where(access_requests.c.id == the("id")),
    ScanSubject.OPERATION: _of_unit(operations.c.org_id).where(operations.c.id == the("id")),
    ScanSubject.HANDOVER: _of_unit(handovers.c.org_id).where(handovers.c.id == the("id")),
    ScanSubject.RELEASE: _of_unit(access_requests.c.org_id)
    .join(releases, releases.c.request_id == access_requests.c.id)
    .where(releases.c.id == the("id")),
    ScanSubject.CASE: select(discrepancies.c.record_id.label("id"), discrepancies.c.org_id, archive_records.c.primary_loan_id)
    .outerjoin(archive_records, archive_records.c.id == discrepancies.c.record_id)
    .where(discrepancies.c.id == the("id")),
}
# Two uploads of one subject take two versions, and the same bytes one scan.
SUBJECT_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(the("subject", Text), 49)))
MATURITY = (
    select(loans.c.matures_on, archive_records.c.primary_loan_id, archive_records.c.org_id)
    .join(archive_records, archive_records.c.primary_loan_id == loans.c.id)
    .where(archive_records.c.id == the("record"))
)
