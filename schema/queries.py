"""The queries: those that are compiled, and the few that are executed ordinarily because they judge or are logged."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from schema.compliance import HistoryConnection, HistoryPurpose, connection_of, history_page, read_after
from schema.directives import Requires
from schema.disclosure import SeenConnection, WhoSawBy, seen_page
from schema.explaining import CustodyActInput, CustodyExplanation, explanation
from schema.keeping import fixity_report, for_compliance, retention_drift
from schema.reading.compiler import bad_request
from schema.reading.paging import size
from schema.reads import ContractBy, Reads
from schema.receipts import SignedReceipt, signed_receipt
from schema.registers import (
    door_log,
    off_balance_differences,
    registered,
    seal_register,
    stocktakes_due,
    ticket_register,
    vault_register,
)
from schema.results import given, id_of, known_or_nothing, refused_argument
from schema.scalars import DateTime
from schema.snapshots.file import COST as FILE_COST
from schema.snapshots.file import loan_file_as_of
from server.compliance import asof
from server.compliance.disclosure import WATCHERS
from server.compliance.history import READERS, page_of, read_history
from server.errors import InvalidInput, NotFound


@strawberry.type(description="Every question a client may ask.")
class Query(Reads):
    """All of them."""

    vault_register = registered(
        vault_register, "What entered and left a vault in a period, with its balances (库房登记簿); reading it is logged."
    )
    ticket_register = registered(
        ticket_register, "Tickets of a unit in a period, with the proof that no number is missing (出库单登记簿); reading it is logged."
    )
    seal_register = registered(seal_register, "Seals of a unit in a period (封签登记簿); reading it is logged.")
    door_log = registered(door_log, "Who was at which vault when (出入库门禁记录); reading it is logged.")
    off_balance_differences = registered(
        off_balance_differences,
        "Papers whose entries do not come to where they are, then entries that core banking has not booked; logged.",
    )
    stocktakes_due = registered(stocktakes_due, "Vaults of the caller's units by the day on which they must be counted again.")

    retention_drift = for_compliance(
        retention_drift, "Stored scans whose lock in the object store differs from the schedule; reading it is logged."
    )
    fixity_report = for_compliance(
        fixity_report, "What was hashed again of the stored bytes in a period, and what was bad; reading it is logged."
    )

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Every rule of an act with pass or fail, facts and remedy, through the same judge; changes nothing."
    )
    async def explain_custody(
        self,
        info: strawberry.Info,
        act: Annotated[CustodyActInput, strawberry.argument(description="The act, with the input that its mutation takes.")],
        at: Annotated[DateTime | None, strawberry.argument(description="A later instant to judge it at; now when left out.")] = None,
    ) -> CustodyExplanation | None:
        """Null when something it names is unknown or not visible."""
        return await explanation(info, act, at)

    loan_file_as_of = strawberry.field(
        resolver=loan_file_as_of,
        description="A loan file as it was at an instant, as far as it was known at another; reading it is logged.",
        metadata={"requires": asof.READERS, "logs_denials": True, "cost": FILE_COST},
        directives=[Requires(roles=sorted(asof.READERS)), FILE_COST],
    )

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="The history of a contract: events, requests, refusals, scans, reports and reads, oldest first, as it was at an instant and"
        " as far as it was known at another; reading it is logged.",
        metadata={"requires": READERS, "logs_denials": True},  # the use case refuses, and writes who it refused
        directives=[Requires(roles=sorted(READERS))],
    )
    async def contract_history(
        self,
        info: strawberry.Info,
        by: Annotated[ContractBy, strawberry.argument(description="Exactly one way to name it.")],
        purpose: Annotated[HistoryPurpose, strawberry.argument(description="Why it is read; stands in the access log.")],
        first: Annotated[int, strawberry.argument(description="1 to 100.")],
        after: Annotated[str | None, strawberry.argument(description="Cursor; of the same contract and the same two instants.")] = None,
        as_of: Annotated[DateTime | None, strawberry.argument(description="What had happened by then; now when left out.")] = None,
        known_at: Annotated[DateTime | None, strawberry.argument(description="As far as it was recorded then; now when left out.")] = None,
    ) -> HistoryConnection | None:
        """Null when the contract is unknown; that is logged too."""
        context: Any = info.context
        size(first)
        contract, number = _contract(by)
        secret, asking = context.cursor_secret, (context.database, context.principal)
        try:
            reading = await read_history(
                *asking, contract_id=contract, number=number, as_of=as_of, known_at=known_at, purpose=str(purpose.value),
                request_id=context.request_id,
            )  # fmt: skip
            name = connection_of(reading)
            return history_page(await page_of(*asking, reading, first, read_after(after, secret, name)), secret, name)
        except NotFound:
            return None
        except InvalidInput as wrong:
            raise refused_argument(wrong, context.language) from None

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Who has seen a person's data or a contract, or was denied, oldest first; asking is logged.",
        metadata={"requires": WATCHERS, "logs_denials": True},
        directives=[Requires(roles=sorted(WATCHERS))],
    )
    async def who_saw(
        self,
        info: strawberry.Info,
        by: Annotated[WhoSawBy, strawberry.argument(description="Exactly one way to name it.")],
        purpose: Annotated[HistoryPurpose, strawberry.argument(description="Why it is read; stands in the access log.")],
        first: Annotated[int, strawberry.argument(description="1 to 100.")],
        after: Annotated[str | None, strawberry.argument(description="Cursor.")] = None,
    ) -> SeenConnection | None:
        """Null when it is unknown; that is logged too."""
        size(first)
        try:
            return await seen_page(info, by, purpose, first, after)
        except NotFound:
            return None

    @strawberry.field(description="A receipt of an event, signed at once; null when it is unknown or not visible.")  # type: ignore[untyped-decorator]  # strawberry's
    async def signed_receipt(
        self, info: strawberry.Info, event_id: Annotated[strawberry.ID, strawberry.argument(description="The event.")]
    ) -> SignedReceipt | None:
        """For a client that does not wait for the checkpoint."""
        try:
            return await signed_receipt(info, id_of(event_id, "event"))
        except NotFound:
            return None


def _contract(by: Any) -> tuple[UUID | None, str | None]:
    number = given(by.number)
    if number is not None:
        if "\0" in number:
            raise bad_request("A string must not contain NUL.")
        return None, number
    return known_or_nothing(by.id, "contract"), None
