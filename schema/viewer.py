"""Who is asking, and what waits for them: one SQL union, most urgent first."""

from enum import Enum
from typing import Any

import strawberry
from sqlalchemy import Text, and_, case, cast, func, literal, or_, select, union_all

from schema import tasks
from schema.notices import NOTICE_KEYS, Notice, NoticeSort, NoticeWhere
from schema.organisation import OrgUnit, StaffMember
from schema.paging import Connection, Node, col
from schema.reading.declare import One, Page, PolymorphicOne, Sql, TaskList, reads
from schema.scalars import DateTime
from server.custody.policy import RANKS
from storage import tables
from storage.terms import OperationState, RecordState, RequestState, Role


@strawberry.enum(description="Kinds of task. Open: new members may be added.")
class TaskKind(Enum):
    """What the caller is asked to do."""

    APPROVE = strawberry.enum_value("APPROVE", description="A request waits for your approval.")
    CONFIRM = strawberry.enum_value("CONFIRM", description="An operation waits for your seat.")
    HAND_OUT = strawberry.enum_value("HAND_OUT", description="An approved request waits to be handed out.")
    ACCEPT_RETURN = strawberry.enum_value("ACCEPT_RETURN", description="A return waits to be inspected.")
    RETURN = strawberry.enum_value("RETURN", description="You hold a paper that must come back.")
    SIGN = strawberry.enum_value("SIGN", description="A report waits for your signature.")
    FINISH_REPORT = strawberry.enum_value("FINISH_REPORT", description="A report of yours is a draft.")
    SOLVE_CASE = strawberry.enum_value("SOLVE_CASE", description="A case is yours to solve.")
    FETCH = strawberry.enum_value("FETCH", description="What you asked for is reserved; fetch it before it lapses.")
    OVERDUE = strawberry.enum_value("OVERDUE", description="You hold something that is overdue.")
    CHASE = strawberry.enum_value("CHASE", description="Somebody of your units holds something that is overdue.")
    SEAL = strawberry.enum_value("SEAL", description="A paper is not yet sealed.")
    TAKE_IN = strawberry.enum_value("TAKE_IN", description="A paper that is sealed, or enters without a seal, waits for the vault.")
    ACCEPT_VOLUME = strawberry.enum_value("ACCEPT_VOLUME", description="A volume waits to be accepted.")
    COUNT = strawberry.enum_value("COUNT", description="A stocktake waits for your count.")
    ACKNOWLEDGE = strawberry.enum_value("ACKNOWLEDGE", description="A shipment waits for your unit to take it over or refuse it.")
    RECORD_ARRIVAL = strawberry.enum_value("RECORD_ARRIVAL", description="A paper is expected; record its arrival when it comes.")
    STALE_POSITION = strawberry.enum_value("STALE_POSITION", description="The position of a loan is too old for the release you asked for.")
    TAKE_BACK = strawberry.enum_value("TAKE_BACK", description="Something of a shipment was refused; take it back.")
    REVIEW_EMERGENCY = strawberry.enum_value("REVIEW_EMERGENCY", description="An emergency in which substitutes sat waits for your review.")
    COMPARE_COUNTS = strawberry.enum_value(
        "COMPARE_COUNTS", description="Both counters of a stocktake are done; compare what they counted."
    )
    SIGN_STOCKTAKE = strawberry.enum_value("SIGN_STOCKTAKE", description="A stocktake that was compared waits for your signature.")
    APPROVE_DISPOSAL = strawberry.enum_value("APPROVE_DISPOSAL", description="A list for disposal waits for your approval.")


TITLES = {
    TaskKind.APPROVE: ("A request waits for your approval", "待审批的调阅申请"),
    TaskKind.CONFIRM: ("An operation waits for your seat", "待就位确认的操作"),
    TaskKind.HAND_OUT: ("An approved request waits to be handed out", "待出库的申请"),
    TaskKind.ACCEPT_RETURN: ("A return waits to be inspected", "待验收的归还"),
    TaskKind.RETURN: ("A paper you hold must come back", "待归还的档案"),
    TaskKind.SIGN: ("A report waits for your signature", "待签署的检查报告"),
    TaskKind.FINISH_REPORT: ("Your report is a draft", "待提交的检查报告"),
    TaskKind.SOLVE_CASE: ("A case is yours to solve", "待处理的差异"),
    TaskKind.FETCH: ("What you asked for is reserved", "已预留，请及时领取"),
    TaskKind.OVERDUE: ("A paper you hold is overdue", "您借阅的档案已逾期"),
    TaskKind.CHASE: ("A checkout of your units is overdue", "本机构有逾期未还的档案"),
    TaskKind.SEAL: ("A paper waits to be sealed", "待封包的权证"),
    TaskKind.TAKE_IN: ("A paper waits for the vault", "待入库的权证"),
    TaskKind.ACCEPT_VOLUME: ("A volume waits to be accepted", "待核收的档案"),
    TaskKind.COUNT: ("A stocktake waits for your count", "待盘点的库位"),
    TaskKind.ACKNOWLEDGE: ("A shipment waits to be taken over", "待接收的移交"),
    TaskKind.RECORD_ARRIVAL: ("A paper is expected", "待收的权证"),
    TaskKind.STALE_POSITION: ("The loan's position is too old for a release", "贷款余额数据过旧，不能办理退还"),
    TaskKind.TAKE_BACK: ("Something of your shipment was refused", "待取回的退回移交件"),
    TaskKind.REVIEW_EMERGENCY: ("An emergency waits for your review", "待复核的应急出入库"),
    TaskKind.COMPARE_COUNTS: ("Both counts of a stocktake are done", "待比对的盘点结果"),
    TaskKind.SIGN_STOCKTAKE: ("A stocktake waits for your signature", "待签署的盘点"),
    TaskKind.APPROVE_DISPOSAL: ("A list for disposal waits for your approval", "待审批的销毁清册"),
}
PREFIX = {"request": "request", "operation": "operation", "checkout": "checkout", "report": "report", "case": "case",
          "record": "record", "loan": "loan", "stocktake": "stocktake", "shipment": "shipment",
          "review": "review", "batch": "batch"}  # fmt: skip
KEEPERS = frozenset({Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE, Role.ARCHIVIST})


def _requests(me: Any) -> list[Any]:
    q, given = tables.access_requests.c, tables.approvals.alias()
    ranks, mine = tables.approval_ranks.alias(), sorted(r.value for r in me.roles if r in RANKS)
    lines = []
    if mine:
        done = select(given.c.rank).where(given.c.request_id == q.id).correlate_except(given)

        def needs(role: str) -> Any:
            by_default = select(ranks.c.role).where(ranks.c.tier == q.tier, ranks.c.purpose == q.purpose, ranks.c.role == role)
            unkept = and_(func.cardinality(q.ranks) == 0, by_default.correlate_except(ranks).exists())  # made before ranks were kept
            return and_(or_(literal(role) == func.any(q.ranks), unkept), literal(role).not_in(done))

        theirs = select(given.c.approver_id).where(given.c.request_id == q.id).correlate_except(given)
        lines.append(
            tasks.line("APPROVE", "request", q, q.submitted_at).where(
                q.state == RequestState.SUBMITTED.value, q.applicant_id != me.staff, or_(*(needs(role) for role in mine)),
                me.staff.not_in(theirs), *tasks.seen(q, me),
            )
        )  # fmt: skip
    if KEEPERS & me.roles:
        tiers = [t for t, roles in (("SECOND", {Role.ARCHIVIST}), ("FIRST", KEEPERS - {Role.ARCHIVIST})) if roles & me.roles]
        lines.append(
            tasks.line("HAND_OUT", "request", q, q.lapses_at).where(
                q.state == RequestState.APPROVED.value, q.lapses_at > func.now(), or_(*(q.tier == t for t in tiers)), *tasks.seen(q, me)
            )
        )
    return lines


def _operations(me: Any) -> Any:
    o, seats, q = tables.operations.c, tables.operation_seats.alias(), tables.access_requests.alias()
    taken = select(seats.c.seat).where(seats.c.operation_id == o.id).correlate_except(seats)
    sitting = select(seats.c.staff_id).where(seats.c.operation_id == o.id).correlate_except(seats)
    reader = select(q.c.reader_id).where(q.c.id == o.request_id).correlate_except(q).scalar_subquery()
    fits = [
        and_(literal(seat) == func.any(o.required_seats), literal(seat).not_in(taken), condition)
        for seat, condition in tasks.seats_for(me, o, reader)
    ]
    return tasks.line("CONFIRM", "operation", o, o.expires_at).where(
        o.state == OperationState.PENDING.value, o.expires_at > func.now(), me.staff.not_in(sitting), or_(*fits), *tasks.seen(o, me)
    )


def waiting_operations(me: Any) -> Any:
    """Operations that wait for a seat which the caller may take, as lines with `subject_id`."""
    return _operations(me)


def _movements(me: Any) -> list[Any]:
    m = tables.movements.c
    is_open = and_(m.closed_at.is_(None), m.kind != "ACT", m.out_at.is_not(None))
    lines = [
        tasks.line("RETURN", "checkout", m, m.due_at).where(
            is_open, m.returned_at.is_(None), m.due_at >= func.now(), m.holder_id == me.staff, *tasks.seen(m, me)
        )
    ]
    if KEEPERS & me.roles:
        r = tables.archive_records.alias()
        tiers = [t for t, roles in (("SECOND", {Role.ARCHIVIST}), ("FIRST", KEEPERS - {Role.ARCHIVIST})) if roles & me.roles]
        there = select(r.c.id).where(
            r.c.id == m.record_id, r.c.state == RecordState.RETURN_PENDING.value, or_(*(r.c.tier == t for t in tiers))
        )
        waiting = and_(is_open, m.returned_at.is_not(None), there.correlate_except(r).exists())
        lines.append(tasks.line("ACCEPT_RETURN", "checkout", m, m.returned_at).where(waiting, *tasks.seen(m, me)))
    return lines


def _reports(me: Any) -> list[Any]:
    p, units, signed = tables.inspection_reports.c, tables.org_units.alias(), tables.report_sign_offs.alias()
    lines = [tasks.line("FINISH_REPORT", "report", p, p.drafted_at).where(p.state == "DRAFT", p.drafted_by == me.staff, *tasks.seen(p, me))]
    in_charge = select(units.c.president_in_charge_id).where(units.c.id == p.org_id).correlate_except(units).scalar_subquery()
    already = select(signed.c.staff_id).where(signed.c.report_id == p.id, signed.c.round == p.round).correlate_except(signed)
    turns = [and_(p.state == "HEAD_SIGNED", in_charge == me.staff)]
    if Role.CREDIT_DEPT_HEAD in me.roles:
        turns.append(p.state == "SUBMITTED")
    lines.append(
        tasks.line("SIGN", "report", p, p.submitted_at).where(
            or_(*turns), p.drafted_by != me.staff, me.staff.not_in(already), *tasks.seen(p, me)
        )
    )
    return lines


def _tasks(me: Any) -> Any:
    d = tables.discrepancies.c
    case_ = tasks.line("SOLVE_CASE", "case", d, d.deadline_at).where(d.resolved_at.is_(None), d.owner_id == me.staff, *tasks.seen(d, me))
    return union_all(*_requests(me), _operations(me), *_movements(me), *_reports(me), case_, *tasks.lines(me))


def _title(row: Any, me: Any) -> Any:
    chinese = me.language == "zh"
    told = case(*((row.kind == kind.name, case((chinese, zh), else_=en)) for kind, (en, zh) in TITLES.items()))
    return cast(told, Text)


@strawberry.type(description="Something that waits for the caller.")
class Task:
    """A task."""

    kind: TaskKind = col("What to do.")
    title: str = Sql(_title, description="Translated one-liner.")
    due_at: DateTime | None = col("When it is late.")
    seconds_left: int | None = Sql(tasks.seconds_left, description="Of an operation to confirm: until its window closes.")
    subject: Node | None = PolymorphicOne("subject_kind", "subject_id", PREFIX, description="What it is about.")


@reads(tables.staff, "staff")
@strawberry.type(description="Who is asking.")
class Viewer:
    """The caller."""

    staff: StaffMember | None = One("id", description="The caller as a member of staff.")
    org_unit: OrgUnit | None = One("org_id", description="The caller's unit.")
    roles: list[Role] = Sql(
        lambda row, me: func.to_json(func.string_to_array(func.current_setting("app.roles"), ",")),
        description="Roles, delegated ones included.",
    )
    sees_everything: bool = Sql(lambda row, me: literal(me.everywhere), description="Whether all branches are visible.")
    notices: Connection[Notice] = Page(
        "staff_id", where=NoticeWhere, sort=NoticeSort, keys=NOTICE_KEYS, description="What the caller was told."
    )
    tasks: list[Task] = TaskList(_tasks, description="What waits for the caller, most urgent first.")
