"""What may be corrected (C48): a closed list of fields with their form; everything else stays as it was written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from uuid import UUID

from storage.terms import CorrectionSubject

PAGES_MAX, TITLE_MAX = 9_999, 200
NUMBER = re.compile(r"[^\s<>]{1,64}\Z")


class Form(Enum):
    """What a value must look like."""

    TITLE = "title"
    PAGES = "pages"
    NUMBER = "number"
    DAY = "day"


CORRECTABLE: Mapping[CorrectionSubject, Mapping[str, Form]] = {  # fields as the API names them; of an event, facts that it told
    CorrectionSubject.RECORD: {"title": Form.TITLE, "pages": Form.PAGES, "expiresOn": Form.DAY},  # the last of an insurance policy alone
    CorrectionSubject.FILE_ITEM: {"title": Form.TITLE, "pages": Form.PAGES},
    CorrectionSubject.CERTIFICATE: {"number": Form.NUMBER, "registrationNo": Form.NUMBER, "issuedOn": Form.DAY, "expiresOn": Form.DAY},
    CorrectionSubject.CONTRACT: {"number": Form.NUMBER, "signedOn": Form.DAY},
    CorrectionSubject.EVENT: {"archive_no": Form.NUMBER, "barcode": Form.NUMBER, "seal_no": Form.NUMBER},
}


@dataclass(frozen=True, slots=True)
class Correcting:
    """What is asked: one field of one thing, and the scan that shows what is right."""

    of: CorrectionSubject
    subject: UUID
    field: str
    value: str
    evidence: UUID


@dataclass(frozen=True, slots=True)
class Corrected:
    """What is known of it."""

    chain: UUID | None = None
    before: str | None = None
    correctable: bool = True
    evidence: bool = True  # the scan is stored and shows the same record
    taken: bool = False  # the number is another's
    void: bool = False  # the certificate or its new number is of a paper that was lost and re-issued (C44)
    version: int | None = None


def wrong_value(of: CorrectionSubject, name: str, value: str) -> str | None:
    """The code of what is wrong with the form of a value; None also where the field cannot be corrected at all."""
    form = CORRECTABLE[of].get(name)
    if form is not None and not value.strip():
        return "EMPTY"
    if form is Form.TITLE and len(value) > TITLE_MAX:
        return "TOO_LONG"
    if form is Form.PAGES and not (value.isascii() and value.isdigit() and 0 < int(value) <= PAGES_MAX):
        return "OUT_OF_RANGE"
    if form is Form.NUMBER and not NUMBER.match(value):
        return "NOT_A_NUMBER"
    return "NOT_A_DAY" if form is Form.DAY and not _is_day(value) else None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
