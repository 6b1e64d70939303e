"""Finding things by what is written on them: search for people who type, look-up for scanners."""

from enum import Enum
from typing import Annotated, Any

import strawberry
from sqlalchemy import Integer, Text, cast, func, literal
from sqlalchemy.dialects.postgresql import ARRAY

from schema.collateral import Collateral, CollateralCertificate, SealedEnvelope
from schema.custody import Ticket
from schema.handovers import Handover
from schema.lending import Contract, Customer, Loan
from schema.paging import col
from schema.papers import Scan
from schema.reading.declare import Hits, PolymorphicOne, Sql
from schema.records import FirstTierRecord, SecondTierRecord
from schema.vault import IntakeReceipt


@strawberry.enum(description="Kinds of thing that search finds. Open: new members may be added.")
class SearchKind(Enum):
    """In capitals, the prefixes of the ids."""

    CUSTOMER = strawberry.enum_value("CUSTOMER", description="By name.")
    LOAN = strawberry.enum_value("LOAN", description="By number.")
    CONTRACT = strawberry.enum_value("CONTRACT", description="By number.")
    COLLATERAL = strawberry.enum_value("COLLATERAL", description="By VIN, engine number or plate.")
    CERTIFICATE = strawberry.enum_value("CERTIFICATE", description="By number.")
    RECORD = strawberry.enum_value("RECORD", description="By archive number or label.")
    ENVELOPE = strawberry.enum_value("ENVELOPE", description="By label or seal.")
    SCAN = strawberry.enum_value("SCAN", description="By title.")
    HANDOVER = strawberry.enum_value("HANDOVER", description="By the number on its list; look-up alone.")
    TICKET = strawberry.enum_value("TICKET", description="By its number as it is printed; look-up alone.")
    RECEIPT = strawberry.enum_value("RECEIPT", description="Of an intake, by the number on it; look-up alone.")


@strawberry.enum(description="How a text fits what was asked for.")
class SearchPlace(Enum):
    """In the order of the hits."""

    EXACT = strawberry.enum_value("EXACT", description="It is that, brackets, blanks, width and leading zeros aside.")
    PREFIX = strawberry.enum_value("PREFIX", description="It begins with it: a surname, the head of a number.")
    CONTAINS = strawberry.enum_value("CONTAINS", description="It has it somewhere.")


@strawberry.enum(description="Where on a paper a code stands. Open: new members may be added.")
class CodePlace(Enum):
    """What was read."""

    BARCODE = strawberry.enum_value("BARCODE", description="The label.")
    SEAL = strawberry.enum_value("SEAL", description="The seal of an envelope.")
    ARCHIVE_NO = strawberry.enum_value("ARCHIVE_NO", description="The archive number.")
    CERTIFICATE_NO = strawberry.enum_value("CERTIFICATE_NO", description="The number of a certificate.")
    VIN = strawberry.enum_value("VIN", description="The vehicle identification number.")
    LOAN_NO = strawberry.enum_value("LOAN_NO", description="The number of a loan.")
    CONTRACT_NO = strawberry.enum_value("CONTRACT_NO", description="The number of a contract.")
    HANDOVER_NO = strawberry.enum_value("HANDOVER_NO", description="The number of a handover's list.")
    TICKET_NO = strawberry.enum_value("TICKET_NO", description="The number of a ticket.")
    RECEIPT_NO = strawberry.enum_value("RECEIPT_NO", description="The number of a receipt of an intake.")


Found = Annotated[
    Customer
    | Loan
    | Contract
    | Collateral
    | CollateralCertificate
    | FirstTierRecord
    | SecondTierRecord
    | SealedEnvelope
    | Scan
    | Handover
    | Ticket
    | IntakeReceipt,
    strawberry.union("Found", description="What search and look-up find."),
]
PRINTED = (SearchKind.HANDOVER, SearchKind.TICKET, SearchKind.RECEIPT)  # bear a number that nobody searches for
KINDS = [member.name.lower() for member in SearchKind if member not in PRINTED]


def node() -> Any:
    """The field of a hit that is the thing."""
    return PolymorphicOne("kind", "id", {kind.name.lower(): kind.name.lower() for kind in SearchKind}, description="The thing itself.")


@strawberry.type(description="A thing that search found; the three parts together are the text that fits.")
class SearchHit:
    """A hit."""

    kind: SearchKind = Sql(lambda hit, me: func.upper(hit.kind), description="What it is.")
    place: SearchPlace = col("How the text fits.")
    before: str = col("The text before what fits.")
    matched: str = col("What fits, to be shown highlighted.")
    after: str = col("The text after it.")
    node: Found | None = node()


@strawberry.type(description="A thing that bears a code.")
class CodeHit:
    """A hit."""

    kind: SearchKind = Sql(lambda hit, me: func.upper(hit.kind), description="What it is.")
    place: CodePlace = col("Where on it the code stands.")
    is_retired: bool = col("A label that was replaced, a seal that was broken, a certificate that is no longer valid, a void ticket.")
    node: Found | None = node()


def _rows(function: Any, *columns: Any) -> Any:
    return function.table_valued(*columns, with_ordinality="n").render_derived()


def _search(me: Any, text: Any, first: Any, kinds: Any = None) -> Any:
    wanted = (
        literal(KINDS, ARRAY(Text))
        if kinds is None
        else func.string_to_array(func.lower(func.array_to_string(cast(kinds, ARRAY(Text)), literal(","))), literal(","))
    )
    found = func.search_hits(cast(text, Text), wanted, cast(first, Integer), literal(me.everywhere or me.sees_much))
    return _rows(found, "kind", "id", "shown", "place", "before", "matched", "after")


def _look_up(me: Any, code: Any) -> Any:
    return _rows(func.look_up(cast(code, Text)), "kind", "id", "place", "is_retired")


SEARCH = Hits(
    _search,
    text=(str, "Two or more characters are found anywhere; one as a surname or the head of a number."),
    kinds=(list[SearchKind] | None, "Only these kinds."),
    first=(int | None, "1 to 100; 20 when left out."),
    description="Things by what is written on them, best first; brackets, blanks, width and leading zeros make no difference.",
)
LOOK_UP = Hits(
    _look_up,
    code=(str, "As it was read."),
    description="Whatever bears this code, exactly: for a scanner. Retired labels are found too.",
)
