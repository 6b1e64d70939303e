"""Due instants that were set before the holidays of their year were known: moved to a working day, later only."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody import notices, reading
from server.custody.acts.change import AT, given
from server.custody.desk import Desk
from server.custody.policy import BANK_ZONE, Policy
from storage.database import Principal
from storage.tables import archive_records, movements
from storage.terms import NoticeKind

m, r = movements.c, archive_records.c
OPEN = (m.due_is_provisional.is_(True), m.closed_at.is_(None))
SEEN = (
    select(
        m.id, m.record_id, m.holder_id, m.due_at, r.primary_loan_id, r.custody_org_id,
    )
    .join(archive_records, r.id == m.record_id)
    .where(*OPEN)
    .order_by(m.id)
    .limit(1_000)
)  # fmt: skip
STILL = select(m.due_at).where(m.id == given("movement"), *OPEN)
SETTLE = update(movements).where(m.id == given("movement")).values(due_at=given("due", AT), due_is_provisional=False)


async def recompute(desk: Desk, by: Principal) -> int:
    """Each that can be settled now; answers how many moved."""
    async with desk.database.transaction(by) as conn:
        policy = await desk.policy(conn, fresh=True)
        rows = await conn.rows(SEEN)
    moved = 0
    for row in rows:
        if policy.knows(row["due_at"].astimezone(BANK_ZONE).date()):
            moved += await _settle(desk, by, row, policy)
    return moved


def _working(policy: Policy, day: date) -> date:
    while not policy.is_working(day):
        day += timedelta(days=1)
    return day


async def _settle(desk: Desk, by: Principal, row: Any, policy: Policy) -> bool:
    async with desk.database.transaction(by) as conn:
        await conn.rows(reading.RECORDS_LOCKED, ids=[row["record_id"]])
        due = await conn.value(STILL, the_movement=row["id"])
        if due is None:
            return False
        old = due.astimezone(BANK_ZONE)
        new = old + (_working(policy, old.date()) - old.date())
        await conn.run(SETTLE, the_movement=row["id"], the_due=new)
        if new == old:
            return False
        at = await conn.value(reading.NOW, shift=desk.shift)
        about = {"record": row["record_id"], "occasion": f"{new:%Y-%m-%d}", "due": new}
        await notices.tell(conn, {row["holder_id"]}, NoticeKind.DUE_MOVED, ("checkout", row["id"]), at, **about)
        chain = row["primary_loan_id"] or row["custody_org_id"]
        chains = await Chains.lock(conn, {chain})
        subject = ("checkout", row["id"])
        chains.note(chain, Tag.DUE_RECOMPUTED, subject=subject, by=by.staff_id, at=at, record=row["record_id"], was=due, due=new)
        await chains.write()
    return True
