"""How the object store keeps the scans: locks that are not as they should be, and whether the bytes are whole; for compliance, logged."""

from decimal import ROUND_CEILING
from decimal import Decimal as PyDecimal
from typing import Annotated, Any

import strawberry

from schema.compliance import cursor_of, read_after
from schema.directives import Requires
from schema.paging import col
from schema.registers import First, RegisterPeriod, period_of, size_of
from schema.scalars import ByteCount, DateTime, Decimal
from server.compliance import access
from server.errors import Forbidden
from server.scans.reports import READERS, StoreReports
from storage.database import Principal
from storage.terms import AccessResult, CopyPlace

DIGITS, CURSOR = PyDecimal("1e-9"), "retentionDrift"
PLACES = {CopyPlace.FIRST: "The locked bucket.", CopyPlace.SECOND: "The bucket of the second store."}
strawberry.enum(CopyPlace, description="In which bucket a copy of a scan lies. Open: new members may be added.")
for _value in CopyPlace.__strawberry_definition__.values:  # type: ignore[attr-defined]  # strawberry keeps its definition there
    _value.description = PLACES[CopyPlace(_value.value)]


@strawberry.type(description="A copy of a scan whose lock was another than it should be when the object store was last asked.")
class RetentionDriftLine:
    """A copy; a lock that is less than due is put right at once, and stands here until the next look finds it so."""

    id: strawberry.ID = col("The copy.")
    cursor: str = col("Opaque; pass the last one to `after`.")
    scan_id: strawberry.ID = col("The scan.")
    record_id: strawberry.ID | None = col("The record it belongs to.")
    place: CopyPlace = col("In which bucket the copy lies.")
    due_until: DateTime = col("Until when it should be locked.")
    due_hold: bool = col("Whether a legal hold should lie on it.")
    actual_until: DateTime | None = col("Until when it was locked; null when it was not, or was not there.")
    actual_hold: bool = col("Whether a legal hold lay on it.")
    found_at: DateTime = col("When that was first found.")
    observed_at: DateTime = col("When it was last looked at.")
    repaired_at: DateTime | None = col("When it was put right; null for one that is longer than due, which nobody can shorten.")


@strawberry.type(description="Copies whose lock differs from the schedule.")
class RetentionDrift:
    """The longest so first."""

    has_more: bool = col("Whether lines follow.")
    lines: list[RetentionDriftLine] = col("The copies.")


@strawberry.type(description="What was hashed again in a period, and how sure it makes us that the stored bytes are whole.")
class FixityReport:
    """Counts are of copies: a scan with a copy in a second bucket has two."""

    objects_checked: int = col("Copies that were hashed; in a period of more than 30 days one counts each time it was.")
    bytes_checked: ByteCount = col("Their bytes.")
    bad: int = col("How many of them were wrong, missing or unreadable.")
    healed: int = col(
        "How many found in the period were healed since: from the other bucket, from a version that was restored, or by themselves."
    )
    open: int = col("How many are bad now, whenever they were found.")
    copies: int = col("How many copies there are now.")
    unchecked: int = col("How many of them have not been hashed since they were put there: the job takes them first.")
    oldest_check_at: DateTime | None = col("When the one of the others that has waited longest was last hashed.")
    bad_share_at_most: Decimal | None = col(
        "With 95 % confidence no larger a share of all copies is bad: the exact bound of Clopper and Pearson, if those that were checked"
        " are like the others and none counts twice. Null when none was."
    )


async def retention_drift(
    info: strawberry.Info, first: First, after: Annotated[str | None, strawberry.argument(description="Cursor.")] = None
) -> RetentionDrift:
    """Of the scans that the caller sees."""
    context: Any = info.context
    secret = context.cursor_secret
    rows, more = await (await _reports(info, "retentionDrift")).drift(size_of(first), read_after(after, secret, CURSOR))
    lines = [
        RetentionDriftLine(
            id=strawberry.ID(f"copy_{r['id']}"), cursor=cursor_of(r["drifted_at"], r["id"], secret, CURSOR),
            scan_id=strawberry.ID(f"scan_{r['scan_id']}"),
            record_id=strawberry.ID(f"record_{r['record_id']}") if r["record_id"] else None, place=CopyPlace(r["place"]),
            due_until=r["due_until"], due_hold=r["due_hold"], actual_until=r["lock_until"], actual_hold=r["legal_hold"],
            found_at=r["drifted_at"], observed_at=r["observed_at"], repaired_at=r["repaired_at"],
        )
        for r in rows
    ]  # fmt: skip
    return RetentionDrift(has_more=more, lines=lines)


async def fixity_report(
    info: strawberry.Info, period: Annotated[RegisterPeriod, strawberry.argument(description="Days of the bank, both included.")]
) -> FixityReport:
    """Of the days of a period."""
    found = await (await _reports(info, "fixityReport")).fixity(period_of(period))
    share = found.bad_share_at_most
    bound: Any = None if share is None else PyDecimal(share).quantize(DIGITS, ROUND_CEILING)
    oldest: Any = found.oldest
    return FixityReport(
        objects_checked=found.objects, bytes_checked=ByteCount(found.bytes), bad=found.bad, healed=found.healed, open=found.open,
        copies=found.copies, unchecked=found.unchecked, oldest_check_at=oldest, bad_share_at_most=bound,
    )  # fmt: skip


async def _reports(info: strawberry.Info, name: str) -> StoreReports:
    """For those who may ask; whoever may not is on record before they are told so."""
    context: Any = info.context
    me: Principal = context.principal
    if not READERS & me.roles:
        async with context.database.transaction(me) as conn:
            await access.log(conn, me, name, AccessResult.DENIED, request_id=context.request_id)
        raise Forbidden(f"{name} is for {', '.join(sorted(READERS))}.")
    return StoreReports(context.database, me, context.request_id)


def for_compliance(resolve: Any, description: str) -> Any:
    """The root field, for those who may ask it."""
    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={"requires": READERS, "logs_denials": True},
        directives=[Requires(roles=sorted(READERS))],
    )
