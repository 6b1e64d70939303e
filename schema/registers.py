"""Registers (台账) for auditors and the heads of the keepers: read as the caller, logged, ordinary queries and not compiled ones."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from schema.directives import Requires
from schema.paging import col
from schema.reading.compiler import bad_request
from schema.results import given, id_of
from schema.scalars import Date, DateTime
from server.custody.policy import STOCKTAKE_DAYS
from server.errors import BadRequest, NotFound
from server.registers import LINES_MAX, READERS, Period, Register, Registers, vault_counts
from storage.terms import Action, OffBalanceDirection, OffBalanceState, OperationState, Seat

DAYS_MAX = 366 * 5
First = Annotated[int, strawberry.argument(description=f"1 to {LINES_MAX} lines.")]
After = Annotated[strawberry.ID | None, strawberry.argument(description="The id of the last line that was read.")]
AfterSeal = Annotated[str | None, strawberry.argument(description="The `sealNo` of the last line that was read.")]
InPeriod = Annotated["RegisterPeriod", strawberry.argument(description="Days of the bank, both included.")]
VaultId = Annotated[strawberry.ID, strawberry.argument(description="The vault.")]
OrgUnitId = Annotated[strawberry.ID, strawberry.argument(description="The unit.")]


@strawberry.input(description="Days of the bank, both included; at most five years.")
class RegisterPeriod:
    """From, to."""

    first_day: Date = strawberry.field(description="First day.")
    last_day: Date = strawberry.field(description="Last day.")


@strawberry.type(description="A paper that entered or left.")
class VaultRegisterLine:
    """A line."""

    id: strawberry.ID = col("Id of the off-balance entry; pass the last one to `after`.")
    at: DateTime = col("When.")
    direction: OffBalanceDirection = col("In or out.")
    state: OffBalanceState = col("What core banking has said.")
    serial_no: str | None = col("Serial of core banking.")
    act: Action | None = col("By which act; null for what was found missing.")
    ticket_no: int | None = col("Ticket of an exit.")
    record_id: strawberry.ID = col("The paper.")
    archive_no: str = col("Its number.")
    barcode: str = col("Its label.")


@strawberry.type(
    description="The register of a vault for a period (库房登记簿): balances in first-tier papers and electronic certificates, and what is there now."
)
class VaultRegister:
    """opening + entries - exits = closing."""

    vault_id: strawberry.ID = col("The vault.")
    code: str = col("Its code.")
    opening: int = col("First-tier papers and electronic certificates at the beginning, by the entries and exits.")
    entries: int = col("How many of them entered.")
    exits: int = col("How many of them left; what was found missing counts.")
    closing: int = col("How many there are at the end: opening, and entries, less exits.")
    papers_now: int = col("First-tier papers that stand in the vault now, electronic certificates not counted.")
    envelopes_now: int = col("Envelopes that lie there now.")
    slots_now: int = col("Slots that are filled now.")
    electronic_now: int = col(
        "Electronic certificates that are kept here now: they enter and leave the register as papers do, and fill no slot."
    )
    is_balanced: bool = col(
        "Whether all entries and exits until now come to `papersNow` and `electronicNow`, and each envelope fills one slot."
    )
    has_more: bool = col("Whether lines follow.")
    lines: list[VaultRegisterLine] = col("Entries and exits, oldest first.")


@strawberry.type(description="A ticket as the register has it.")
class TicketRegisterLine:
    """A line."""

    id: strawberry.ID = col("The ticket; pass the last one to `after`.")
    ticket_no: int = col("Number.")
    issued_at: DateTime = col("When.")
    is_void: bool = col("A void keeps its number.")
    void_reason: str | None = col("Why it is void.")
    act: Action | None = col("What left by it.")
    papers: int | None = col("How many.")
    holder: str | None = col("Who received them: of a release the owner or whoever acts for the owner, else whoever holds or reads them.")
    operation_id: strawberry.ID | None = col("The operation.")


@strawberry.type(description="The tickets of a unit for a period (出库单登记簿), with the proof that none is missing.")
class TicketRegister:
    """The numbers from the one after `previous` to `proved_to` are all there, or stand in `missing`."""

    org_unit_id: strawberry.ID = col("The unit.")
    code: str = col("Its code.")
    previous: int = col("The last number before the period; 0 when there was none.")
    first: int | None = col("The first number of the period.")
    last: int | None = col("The last number of the period.")
    issued: int = col("How many were issued.")
    voids: int = col("How many of them are void.")
    counter: int = col("The last number that the unit has given, kept apart from the tickets: one whose ticket is gone counts.")
    proved_to: int = col("To where the numbers are proved: the one before the first after the period, `counter` where none follows.")
    missing: list[int] = col("Numbers between `previous` and `provedTo` that no ticket has, the first 1,000: there must be none.")
    missing_count: int = col("How many are missing, whether `missing` holds them all or not.")
    has_more: bool = col("Whether lines follow.")
    lines: list[TicketRegisterLine] = col("The tickets by number.")


@strawberry.type(description="A seal that was put on an envelope.")
class SealRegisterLine:
    """A line."""

    seal_no: str = col("Number on the seal; never used twice.")
    envelope_id: strawberry.ID = col("The envelope.")
    barcode: str = col("Its label.")
    applied_at: DateTime = col("When it was put on.")
    broken_at: DateTime | None = col("When it was broken.")
    is_current: bool = col("Whether the envelope is closed by it now.")


@strawberry.type(
    description="The seals that a unit put on envelopes in a period (封签登记簿), whoever keeps them now; those of shipments stand with their handover."
)
class SealRegister:
    """In the order in which they were put on."""

    org_unit_id: strawberry.ID = col("The unit.")
    has_more: bool = col("Whether lines follow.")
    lines: list[SealRegisterLine] = col("The seals.")


@strawberry.type(description="Somebody took a seat at the vault.")
class DoorLogLine:
    """A line."""

    id: strawberry.ID = col("The seat; pass the last one to `after`.")
    at: DateTime = col("When.")
    staff_id: strawberry.ID = col("Who.")
    staff_name: str = col("Their name.")
    seat: Seat = col("In which seat.")
    act: Action = col("For which act.")
    state: OperationState = col("How the operation stands or ended.")
    operation_id: strawberry.ID = col("The operation.")


@strawberry.type(description="Who was at which vault when (出入库门禁记录): the seats of its operations, finished or not.")
class DoorLog:
    """Oldest first."""

    vault_id: strawberry.ID = col("The vault.")
    code: str = col("Its code.")
    has_more: bool = col("Whether lines follow.")
    lines: list[DoorLogLine] = col("The seats.")


@strawberry.type(description="Where the off-balance register and the papers, or core banking, differ.")
class OffBalanceDifference:
    """A difference."""

    id: strawberry.ID = col("The entry, of a BALANCE the paper; pass the last one to `after`.")
    kind: str = col("BALANCE: entries and exits of a paper do not come to where it is; PENDING or FAILED: an entry that is not booked.")
    record_id: strawberry.ID = col("The paper.")
    archive_no: str = col("Its number.")
    ledger: int = col("BALANCE: what its entries and exits come to.")
    papers: int = col("BALANCE: 1 when it stands in a vault.")
    direction: OffBalanceDirection | None = col("Of an entry that is not booked.")
    queued_at: DateTime | None = col("When that was queued.")
    entry_id: strawberry.ID | None = col("That entry.")


@strawberry.type(description="The differences of a unit between its off-balance register and its papers, or core banking.")
class OffBalanceDifferences:
    """The papers first, by number; then the entries, oldest first."""

    org_unit_id: strawberry.ID = col("The unit.")
    has_more: bool = col("Whether lines follow.")
    lines: list[OffBalanceDifference] = col("The differences.")


@strawberry.type(description="A vault and its next stocktake (C42).")
class StocktakeDue:
    """A vault."""

    vault_id: strawberry.ID = col("The vault.")
    code: str = col("Its code.")
    org_unit_id: strawberry.ID = col("The unit that runs it.")
    counted_at: DateTime | None = col(
        "When that of its cabinets was counted that waits longest, by the last signed stocktake of it or of the vault; none when one never was."
    )
    due_at: DateTime = col("Until when the next must be.")
    is_missed: bool = col("Whether that has passed.")


async def vault_register(
    info: strawberry.Info, vault_id: VaultId, period: InPeriod, first: First, after: After = None
) -> VaultRegister | None:
    """Null for a vault of another unit; that is logged too."""
    found = await _found(info, vault_id, "location", lambda r, of: r.vault(of, period_of(period), size_of(first), after_of(after)))
    if found is None:
        return None
    h = found.head
    balanced = h["now"] == h["papers"] + h["electronic"] and h["slots"] == h["envelopes"]
    lines = [
        VaultRegisterLine(
            id=_id("entry", r["id"]), at=r["queued_at"], direction=OffBalanceDirection(r["direction"]), state=OffBalanceState(r["state"]),
            serial_no=r["serial_no"], act=_maybe(Action, r["action"]), ticket_no=r["ticket_no"], record_id=_id("record", r["record_id"]),
            archive_no=r["archive_no"], barcode=r["barcode"],
        )
        for r in found.lines
    ]  # fmt: skip
    return VaultRegister(
        vault_id=_id("location", h["id"]), code=h["code"], opening=h["opening"], entries=h["entries"], exits=h["exits"], closing=h["closing"],
        papers_now=h["papers"], envelopes_now=h["envelopes"], slots_now=h["slots"], electronic_now=h["electronic"], is_balanced=balanced,
        has_more=found.more, lines=lines,
    )  # fmt: skip


async def ticket_register(
    info: strawberry.Info, org_unit_id: OrgUnitId, period: InPeriod, first: First, after: After = None
) -> TicketRegister | None:
    """Null for another unit; that is logged too."""
    found = await _found(info, org_unit_id, "org", lambda r, of: r.tickets(of, period_of(period), size_of(first), after_of(after)))
    if found is None:
        return None
    h = found.head
    lines = [
        TicketRegisterLine(
            id=_id("ticket", r["id"]), ticket_no=r["ticket_no"], issued_at=r["issued_at"], is_void=r["is_void"], void_reason=r["void_reason"],
            act=_maybe(Action, r["action"]), papers=r["papers"], holder=r["holder"],
            operation_id=_id("operation", r["operation_id"]) if r["operation_id"] else None,
        )
        for r in found.lines
    ]  # fmt: skip
    return TicketRegister(
        org_unit_id=_id("org", h["id"]), code=h["code"], previous=h["previous"], first=h["first"], last=h["last"], issued=h["issued"],
        voids=h["voids"], counter=h["counter"], proved_to=h["proved_to"], missing=h["missing"], missing_count=h["missing_count"], has_more=found.more, lines=lines,
    )  # fmt: skip


async def seal_register(
    info: strawberry.Info, org_unit_id: OrgUnitId, period: InPeriod, first: First, after: AfterSeal = None
) -> SealRegister | None:
    """Null for another unit; that is logged too."""
    found = await _found(info, org_unit_id, "org", lambda r, of: r.seals(of, period_of(period), size_of(first), given(after)))
    if found is None:
        return None
    lines = [
        SealRegisterLine(
            seal_no=r["seal_no"], envelope_id=_id("envelope", r["envelope_id"]), barcode=r["barcode"], applied_at=r["applied_at"],
            broken_at=r["broken_at"], is_current=r["is_current"],
        )
        for r in found.lines
    ]  # fmt: skip
    return SealRegister(org_unit_id=_id("org", found.head["id"]), has_more=found.more, lines=lines)


async def door_log(info: strawberry.Info, vault_id: VaultId, period: InPeriod, first: First, after: After = None) -> DoorLog | None:
    """Null for a vault of another unit; that is logged too."""
    found = await _found(info, vault_id, "location", lambda r, of: r.doors(of, period_of(period), size_of(first), after_of(after)))
    if found is None:
        return None
    lines = [
        DoorLogLine(
            id=_id("seat", r["id"]), at=r["at"], staff_id=_id("staff", r["staff_id"]), staff_name=r["name"], seat=Seat(r["seat"]),
            act=Action(r["action"]), state=OperationState(r["state"]), operation_id=_id("operation", r["operation_id"]),
        )
        for r in found.lines
    ]  # fmt: skip
    return DoorLog(vault_id=_id("location", found.head["id"]), code=found.head["code"], has_more=found.more, lines=lines)


async def off_balance_differences(
    info: strawberry.Info, org_unit_id: OrgUnitId, first: First, after: After = None
) -> OffBalanceDifferences | None:
    """Null for another unit; that is logged too."""
    last = after_of(after)
    paper, entry = (None, last) if str(given(after)).startswith("entry_") else (last, None)
    found = await _found(info, org_unit_id, "org", lambda r, of: r.off_balance(of, size_of(first), paper, entry))
    if found is None:
        return None
    lines = [
        OffBalanceDifference(
            id=_id("entry", r["id"]) if r["id"] else _id("record", r["record_id"]),
            kind=r["kind"], record_id=_id("record", r["record_id"]), archive_no=r["archive_no"], ledger=r["ledger"], papers=r["papers"],
            direction=_maybe(OffBalanceDirection, r["direction"]), queued_at=r["queued_at"],
            entry_id=_id("entry", r["id"]) if r["id"] else None,
        )
        for r in found.lines
    ]  # fmt: skip
    return OffBalanceDifferences(org_unit_id=_id("org", found.head["id"]), has_more=found.more, lines=lines)


async def stocktakes_due(info: strawberry.Info) -> list[StocktakeDue]:
    """Of the caller's units, the most urgent first."""
    context: Any = info.context
    now = datetime.now(UTC)
    async with context.database.transaction(context.principal) as conn:
        policy = await context.desk.policy(conn)
        found = await vault_counts(conn, lambda org: policy.number(STOCKTAKE_DAYS, now, org))
    return [
        StocktakeDue(
            vault_id=_id("location", v.vault), code=v.code, org_unit_id=_id("org", v.org), counted_at=v.counted_at,  # type: ignore[arg-type]  # DateTime is a NewType of datetime
            due_at=v.due_at, is_missed=v.due_at < now,  # type: ignore[arg-type]  # a datetime: the scalar is a name for one
        )
        for v in sorted(found, key=lambda v: (v.due_at, v.code))
    ]  # fmt: skip


def registered(resolve: Any, description: str) -> Any:
    """The root field of a register, for those who may read it."""
    return strawberry.field(
        resolver=resolve, description=description, metadata={"requires": READERS}, directives=[Requires(roles=sorted(READERS))]
    )


async def _found(info: strawberry.Info, of: Any, prefix: str, read: Any) -> Register | None:
    context: Any = info.context
    try:
        made: Register = await read(Registers(context.database, context.principal, context.request_id), id_of(of, prefix))
    except NotFound:
        return None
    except BadRequest as error:
        raise bad_request(str(error)) from None
    return made


def period_of(period: RegisterPeriod) -> Period:
    """Its days; a bad request when they are out of order or too many."""
    first, last = _day(period.first_day), _day(period.last_day)
    if last < first:
        raise bad_request("The period ends before it begins.")
    if (last - first).days > DAYS_MAX:
        raise bad_request("A period has at most five years.")
    return Period(first, last)


def _day(value: Any) -> date:
    made: date = value
    return made


def size_of(first: int) -> int:
    """How many lines; a bad request out of bounds."""
    if not 1 <= first <= LINES_MAX:
        raise bad_request(f"`first` is 1 to {LINES_MAX}.")
    return first


def after_of(after: Any) -> UUID | None:
    """The line that was read last."""
    text = given(after)
    if text is None:
        return None
    try:
        return UUID(str(text).rpartition("_")[2])
    except ValueError:
        raise bad_request("`after` is not the id of a line.") from None


def _id(prefix: str, id_: UUID) -> strawberry.ID:
    return strawberry.ID(f"{prefix}_{id_}")


def _maybe(vocabulary: Any, member: str | None) -> Any:
    return None if member is None else vocabulary(member)
