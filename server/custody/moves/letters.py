"""What a bailee letter says, and what C40 looks at."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from storage.terms import BaileeKind


@dataclass(frozen=True, slots=True)
class BaileeLetter:
    """REGISTER_BAILEE_LETTER: the signed letter (受托保管函) by which somebody outside keeps the papers in trust."""

    letter_no: str
    kind: BaileeKind
    bailee: str
    signed_on: date
    return_by: date
    scan: UUID | None = None


@dataclass(frozen=True, slots=True)
class Letters:
    """Fact: whether a signed letter with return duty was registered for the request, and the last day that one promises."""

    signed: bool
    until: date | None = None
