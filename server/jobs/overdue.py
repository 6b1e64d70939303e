"""The ladder of C24: each step of a checkout that is not brought back, once; all day counts are parameters."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, and_, func, or_, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody import notices, policy, reading
from server.custody.desk import Desk, Done
from server.custody.moves import Ask
from server.custody.policy import Policy
from storage.database import Connection, Principal
from storage.statements import the
from storage.tables import archive_records, bailee_letters, movements, overdue_steps, staff
from storage.terms import Action, MovementKind, NoticeKind, OverdueStep, RecordState, Role

AFTER = {  # working days after the due instant at which each step begins
    OverdueStep.HOLDER: policy.HOLDER_DAYS,
    OverdueStep.HEAD: policy.HEAD_DAYS,
    OverdueStep.BLOCK: policy.BLOCK_DAYS,
    OverdueStep.RECALL: policy.RECALL_DAYS,
    OverdueStep.SEARCH: policy.SEARCH_DAYS,
    OverdueStep.CONFIRMATION: policy.SEARCH_DAYS,  # in place of a search, of what a bailee keeps under a letter
}
KINDS = {
    OverdueStep.BEFORE_DUE: NoticeKind.DUE_SOON,
    OverdueStep.BLOCK: NoticeKind.BLOCKED,
    OverdueStep.CONFIRMATION: NoticeKind.CONFIRMATION_DUE,
}
ACTS = {OverdueStep.RECALL: Action.RECALL, OverdueStep.SEARCH: Action.OVERDUE_SEARCH}
BATCH = 500
m, r = movements.c, archive_records.c
AT = TIMESTAMP(timezone=True)


TAKEN = select(func.array_agg(overdue_steps.c.step)).where(overdue_steps.c.movement_id == m.id, overdue_steps.c.due_at == m.due_at)
STANDING = and_(m.closed_at.is_(None), m.out_at.is_not(None), m.returned_at.is_(None))
LETTERS = select(func.max(bailee_letters.c.signed_on)).where(bailee_letters.c.request_id == m.request_id)
SEEN = (
    select(
        m.id, m.record_id, m.kind, m.holder_id, staff.c.org_id.label("holder_org_id"), m.out_at, m.due_at, r.custody_org_id,
        func.coalesce(r.primary_loan_id, r.custody_org_id).label("chain"), TAKEN.correlate(movements).scalar_subquery().label("taken"),
        LETTERS.correlate(movements).scalar_subquery().label("signed_on"),
    )
    .join(archive_records, r.id == m.record_id)
    .outerjoin(staff, staff.c.id == m.holder_id)
    .where(
        STANDING, or_(m.kind == MovementKind.CHECKOUT.value, m.kind == MovementKind.READING.value), m.due_at < the("until", AT),
        or_(the("after", Uuid).is_(None), m.id > the("after", Uuid)),
        or_(r.state == RecordState.CHECKED_OUT.value, r.state == RecordState.READING.value),
    )
    .order_by(m.id)
    .limit(BATCH)
)  # fmt: skip
STILL = select(m.id).where(m.id == the("movement", Uuid), m.due_at == the("due", AT), STANDING)
TAKE = (
    insert(overdue_steps)
    .values(movement_id=the("movement", Uuid), step=the("step", Text), due_at=the("due", AT), reached_at=the("at", AT))
    .on_conflict_do_nothing()
    .returning(overdue_steps.c.id)
)


async def climb(desk: Desk, by: Principal) -> int:
    """Every step that is due and was not taken; answers how many."""
    taken, after = 0, None
    while True:
        async with desk.database.transaction(by) as conn:
            policy_now = await desk.policy(conn)
            at = await conn.value(reading.NOW, shift=desk.shift)
            until = policy_now.working_day_from(at, policy_now.greatest(policy.BEFORE_DUE_DAYS, at) + 2)
            rows = await conn.rows(SEEN, the_until=until, the_after=after)
        for row in rows:
            for step in _due(row, policy_now, at):
                taken += await _take(desk, by, row, step, at)
        if len(rows) < BATCH:
            return taken
        after = rows[-1]["id"]


def _due(row: Any, policy_now: Policy, at: datetime) -> list[OverdueStep]:
    """Steps whose day has come, in order; the first is left out once it is too late for it."""
    due, org, taken = row["due_at"], row["custody_org_id"], set(row["taken"] or ())
    before = policy_now.number(policy.BEFORE_DUE_DAYS, at, org)
    warned = policy_now.working_day_from(due, -before)
    steps = [OverdueStep.BEFORE_DUE] if before and row["out_at"] < warned <= at < due else []
    scope = {OverdueStep.BLOCK: row["holder_org_id"]}  # C18 asks whose unit the holder is of, whoever keeps the record
    steps += [
        step for step, name in AFTER.items() if at >= policy_now.working_day_from(due, policy_now.number(name, at, scope.get(step, org)))
    ]
    if row["signed_on"] is None:
        taken.add(OverdueStep.CONFIRMATION.value)  # nobody outside could confirm it
    else:
        taken.add(OverdueStep.SEARCH.value)
        if row["signed_on"] > due.astimezone(policy.BANK_ZONE).date():  # a letter signed since is the confirmation
            taken.add(OverdueStep.CONFIRMATION.value)
    return [s for s in steps if s.value not in taken]


async def _take(desk: Desk, by: Principal, row: Any, step: OverdueStep, at: datetime) -> bool:
    """The act of the step under a key of its own and, with it or not at all, that the step was taken, told and recorded; once."""

    async def record(conn: Connection, _: dict[str, Any] | None = None, __: bool = False) -> bool:
        return await _recorded(conn, by, row, step, at)

    if step in ACTS:
        ask = Ask(ACTS[step], records=(row["record_id"],), reason="OVERDUE")
        if (await desk.explain(by, ask)).allowed:  # asked first: a refusal at each climb would fill the access log
            key = f"overdue {row['id']} {row['due_at'].isoformat()} {step}"
            done = await desk.perform(by, ask, key, "overdue", record)
            return isinstance(done, Done) and done.answer
        if step is OverdueStep.SEARCH:
            return False  # an operation is pending, or it is back: looked at again by the next climb
        # What is read in the room is asked back from nobody outside it, and what was recalled not again: the step is told all the same.
    async with desk.database.transaction(by) as conn:
        await conn.rows(reading.RECORDS_LOCKED, ids=[row["record_id"]])
        return await record(conn)


async def _recorded(conn: Connection, by: Principal, row: Any, step: OverdueStep, at: datetime) -> bool:
    if await conn.value(STILL, the_movement=row["id"], the_due=row["due_at"]) is None:
        return False  # presented or extended in the meantime
    given = {"the_movement": row["id"], "the_step": step.value, "the_due": row["due_at"], "the_at": at}
    if await conn.value(TAKE, **given) is None:
        return False  # another worker was first
    await _tell(conn, row, step, at)
    chains = await Chains.lock(conn, {row["chain"]})
    about = {"step": step, "due": row["due_at"]}
    chains.note(
        row["chain"], Tag.CHECKOUT_OVERDUE, subject=("checkout", row["id"]), by=by.staff_id, at=at, record=row["record_id"], **about
    )
    await chains.write()
    return True


async def _tell(conn: Connection, row: Any, step: OverdueStep, at: datetime) -> None:
    """Who hears of which step."""
    kind = KINDS.get(step, NoticeKind.OVERDUE)
    roles = {
        OverdueStep.HEAD: (Role.CREDIT_DEPT_HEAD,),
        OverdueStep.RECALL: (Role.VICE_PRESIDENT, Role.COMPLIANCE),
        OverdueStep.SEARCH: (Role.OPS_HEAD,),
        OverdueStep.CONFIRMATION: (Role.OPS_HEAD, Role.CREDIT_DEPT_HEAD),
    }.get(step, ())
    who: set[UUID] = set() if roles and step is not OverdueStep.CONFIRMATION else {row["holder_id"]}
    for role in roles:
        who |= await notices.people_for(conn, role, row["custody_org_id"], at)
    occasion = f"{step} {row['due_at']:%Y-%m-%d}"
    about = {"record": row["record_id"], "occasion": occasion, "due": row["due_at"]}
    await notices.tell(conn, who, kind, ("checkout", row["id"]), at, **about)
