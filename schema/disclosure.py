"""Personal data that leaves by name, and who has seen what: both for a purpose that stands in the access log."""

from typing import Any

import orjson
import strawberry

from schema.compliance import HistoryPurpose, cursor_of, read_after
from schema.paging import PageInfo, col
from schema.results import KeyedInput, given, id_of, mutation
from schema.scalars import DateTime
from server.compliance.disclosure import EXPORTERS, UNMASKERS, Disclosure, PersonalField, Seen
from server.errors import InputProblem, InvalidInput
from server.personal import Keys

UNSET: Any = strawberry.UNSET
NAME = "whoSaw"


def disclosure(info: strawberry.Info) -> Disclosure:
    """The use cases, with the keys of the settings."""
    context: Any = info.context
    return Disclosure(context.database, Keys.of(context.settings))


strawberry.enum(
    PersonalField,
    description="Personal data that is stored closed. Open: new members may be added.",
)
for _value in PersonalField.__strawberry_definition__.values:  # type: ignore[attr-defined]  # strawberry keeps its definition there
    _value.description = f"{_value.name.replace('_', ' ').capitalize()}."


@strawberry.input(description="Input of unmaskCustomer.")
class UnmaskCustomerInput(KeyedInput):
    """Whose data, which, why."""

    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    fields: list[PersonalField] = strawberry.field(description="What is needed, and no more.")
    purpose: HistoryPurpose = strawberry.field(description="Why; stands in the access log.")


@strawberry.type(description="What unmaskCustomer did.")
class UnmaskCustomerPayload:
    """Full values; only those that were asked for."""

    customer_id: strawberry.ID = col("The customer.")
    identity_number: str | None = col("Identity number, when asked for.")
    phone: str | None = col("Phone number, when asked for.")
    address: str | None = col("Address, when asked for.")


@strawberry.input(description="Input of exportCustomerData.")
class ExportCustomerDataInput(KeyedInput):
    """Whose data, why."""

    customer_id: strawberry.ID = strawberry.field(description="A customer row of the person, of any branch.")
    purpose: HistoryPurpose = strawberry.field(description="Why; stands in the access log.")


@strawberry.type(description="What exportCustomerData did.")
class ExportCustomerDataPayload:
    """A document for the person."""

    customer_id: strawberry.ID = col("The customer.")
    document: str = col("Everything that is kept on the person, in every branch, as JSON.")
    sha256: str = col("SHA-256 of the document; stands in the access log.")


async def _unmask(info: strawberry.Info, i: UnmaskCustomerInput) -> UnmaskCustomerPayload:
    context: Any = info.context
    if not i.fields:
        raise InvalidInput([InputProblem(("fields",), "EMPTY")])
    found = await disclosure(info).unmask(
        context.principal, id_of(i.customer_id, "customer"), i.fields, str(i.purpose.value), context.request_id
    )
    return UnmaskCustomerPayload(
        customer_id=i.customer_id,
        identity_number=found.get(PersonalField.IDENTITY_NUMBER),
        phone=found.get(PersonalField.PHONE),
        address=found.get(PersonalField.ADDRESS),
    )


async def _export(info: strawberry.Info, i: ExportCustomerDataInput) -> ExportCustomerDataPayload:
    context: Any = info.context
    text, digest = await disclosure(info).export(
        context.principal, id_of(i.customer_id, "customer"), str(i.purpose.value), context.request_id
    )
    return ExportCustomerDataPayload(customer_id=i.customer_id, document=text, sha256=digest)


@strawberry.type
class DisclosureMutations:
    """Acts by which personal data leaves."""

    unmask_customer = mutation(
        "unmaskCustomer", UnmaskCustomerInput, UnmaskCustomerPayload, _unmask, requires=UNMASKERS,
        description="Full personal data of a customer, field by field; each time is logged.",
    )  # fmt: skip
    export_customer_data = mutation(
        "exportCustomerData", ExportCustomerDataInput, ExportCustomerDataPayload, _export, requires=EXPORTERS,
        description="Everything that is kept on a person, at the person's own request.",
    )  # fmt: skip


@strawberry.input(one_of=True, description="Exactly one way to name whose data it is about.")
class WhoSawBy:
    """A person or a contract."""

    customer_id: strawberry.ID | None = strawberry.field(default=UNSET, description="A customer; it counts for the person in every branch.")
    contract_id: strawberry.ID | None = strawberry.field(default=UNSET, description="A contract.")
    contract_number: str | None = strawberry.field(default=UNSET, description="Its business number.")


@strawberry.type(description="Somebody looked, or was denied.")
class SeenEntry:
    """A line of the access log."""

    seen_at: DateTime = col("When.")
    staff_id: strawberry.ID = col("Who.")
    staff_name: str = col("Their name.")
    action: str = col("What they did, e.g. unmaskCustomer.")
    result: str = col("GRANTED or DENIED.")
    purpose: str | None = col("Why, as they said.")
    detail: str = col("Which fields or version, as JSON.")


@strawberry.type(description="A line with its cursor.")
class SeenEdge:
    """Relay's edge."""

    cursor: str = col("Opaque; pass it to `after`.")
    node: SeenEntry = col("The line.")


@strawberry.type(description="A page of who saw it, oldest first.")
class SeenConnection:
    """Relay's connection, forward only."""

    edges: list[SeenEdge] = col("The lines.")
    page_info: PageInfo = col("Where the page lies.")


async def seen_page(info: strawberry.Info, by: WhoSawBy, purpose: HistoryPurpose, first: int, after: str | None) -> SeenConnection:
    """One page, after it was logged."""
    context: Any = info.context
    customer, contract = given(by.customer_id), given(by.contract_id)
    rows, more = await disclosure(info).who_saw(
        context.principal, customer=id_of(customer, "customer") if customer else None,
        contract=id_of(contract, "contract") if contract else None, number=given(by.contract_number), purpose=str(purpose.value), first=first,
        after=read_after(after, context.cursor_secret, NAME), request_id=context.request_id,
    )  # fmt: skip
    edges = [SeenEdge(cursor=cursor_of(r.logged_at, r.id, context.cursor_secret, NAME), node=_entry(r)) for r in rows]
    ends = (edges[0].cursor, edges[-1].cursor) if edges else (None, None)
    return SeenConnection(
        edges=edges, page_info=PageInfo(has_next_page=more, has_previous_page=False, start_cursor=ends[0], end_cursor=ends[1])
    )


def _entry(r: Seen) -> SeenEntry:
    at: Any = r.logged_at
    return SeenEntry(
        seen_at=at, staff_id=strawberry.ID(f"staff_{r.staff_id}"), staff_name=r.name, action=r.action, result=r.result, purpose=r.purpose,
        detail=orjson.dumps(r.detail, option=orjson.OPT_SORT_KEYS).decode(),
    )  # fmt: skip
