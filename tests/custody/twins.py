"""For each twin of the lending rules the SQL by which the application's own role tries to break it: what `test_twins` runs."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Purpose, Role, Tier
from tests.custody.attacking import (
    APPROVE,
    ATTACKS,
    CASE,
    FINISH,
    INSPECT,
    MOVE,
    SEAT,
    STATE,
    Attack,
    held,
    operation,
    pending,
    relate,
    twin,
    volume_out,
    who,
)
from tests.custody.chapters import chapters
from tests.custody.forged import FORGED
from tests.harness.world import World

__all__ = ["ATTACKS", "FORGED"]
assert isinstance(chapters(), list)  # whose import registers the attacks of the other chapters


# C0, C1, C2, C6: who sits -------------------------------------------------------------------------------------------------
@twin("uq_operation_seats_c1_each_once")
async def _(bank: World) -> Attack:
    _, _, op = await pending(bank)
    other = await bank.hire("kay_two", {Role.VAULT_KEEPER_KEY}, bank.branches["A"].id, (bank.branches["A"].id,))
    await bank.sql(
        "insert into keeper_duties (vault_id, staff_id, seat, during) values ($1, $2, 'KEY', '[2000-01-01,2100-01-01)')",
        bank.branches["A"].vault, other.staff_id,
    )  # fmt: skip
    return Attack("kay_two", ((SEAT, op, "KEY", other.staff_id),))


@twin("tg_operation_seats_c1_on_duty")
async def _(bank: World) -> Attack:
    return Attack("clerk", ((SEAT, (await pending(bank))[2], "CODE", who(bank, "clerk")),))


@twin("uq_operation_seats_c1_c6_one_seat_each")
async def _(bank: World) -> Attack:
    return Attack("kay", ((SEAT, (await pending(bank))[2], "CLERK", who(bank, "kay")),))


@twin("ct_operations_c1_all_seats")
async def _(bank: World) -> Attack:
    return Attack("kay", ((FINISH, (await pending(bank))[2]),))


@twin("ck_operations_c1_in_time")
async def _(bank: World) -> Attack:
    late = "update operations set state = 'DONE', done_at = expires_at + interval '1 minute' where id = $1"
    return Attack("kay", ((late, (await pending(bank))[2]),))


@twin("ck_movements_c1_exit_by_operation")
async def _(bank: World) -> Attack:
    papers, _, _ = await pending(bank)
    out = "update movements set out_at = clock_timestamp(), due_at = clock_timestamp() + interval '1 day' where record_id = $1 and closed_at is null"
    return Attack("kay", ((out, papers[0]),))


@twin("ct_movements_c1_done")
async def _(bank: World) -> Attack:
    papers, _, op = await pending(bank)
    out = (
        "update movements set out_at = clock_timestamp(), due_at = clock_timestamp() + interval '1 day',"
        " exit_operation_id = $2 where record_id = $1 and closed_at is null"
    )
    return Attack("kay", ((out, papers[0], op), (STATE, papers[0], "CHECKED_OUT")))


@twin("tg_operations_c1_seats_of_act")
async def _(bank: World) -> Attack:
    papers, request, _ = await pending(bank)
    return Attack("kay", (operation(bank, A.CHECK_OUT, Tier.FIRST, papers, ["KEY"], request)[1],))


@twin("ct_archive_records_c1_by_operation")
async def _(bank: World) -> Attack:
    papers, _ = await bank.registered()
    return Attack("kay", ((STATE, papers[0], "IN_VAULT"),))


@twin("ck_movements_c1_ended_by_operation")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await bank.approved(papers)
    end = "update movements set closed_at = clock_timestamp(), ended_as = 'SURRENDERED' where record_id = $1 and closed_at is null"
    return Attack("kay", ((end, papers[0]),))


@twin("tg_operations_c15_step")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await bank.out(papers)
    again = "update operations set state = 'WITHDRAWN', done_at = null where $1 = any(record_ids) and action = 'CHECK_OUT'"
    return Attack("kay", ((again, papers[0]),))


@twin("ex_keeper_duties_c2_one_seat_per_keeper")
async def _(bank: World) -> Attack:
    second = "insert into keeper_duties (vault_id, staff_id, seat, during) values ($1, $2, 'CODE', '[2020-01-01,2021-01-01)')"
    return Attack(None, ((second, bank.branches["A"].vault, who(bank, "kay")),))


@twin("tg_keeper_duties_c2_one_seat_a_day")
async def _(bank: World) -> Attack:
    await bank.hire("dora", set(), bank.branches["A"].id, (bank.branches["A"].id,))
    duty = "insert into keeper_duties (vault_id, staff_id, seat, during) values ($1, $2, $3, tstzrange($4, $5))"
    noon = datetime.combine(bank.day(3000), time(4), UTC)
    hours = [noon + timedelta(hours=h) for h in (-4, 0, 4)]
    mine = (bank.branches["A"].vault, who(bank, "dora"))
    return Attack(None, ((duty, *mine, "KEY", *hours[:2]), (duty, *mine, "CODE", *hours[1:])))


# C3, C4, C5: who approves, who hands out -----------------------------------------------------------------------------------
@twin("ck_approvals_c3_not_applicant")
async def _(bank: World) -> Attack:
    request = await bank.requests(await bank.volumes(), tier=Tier.SECOND)
    return Attack("officer", ((APPROVE, request, "CREDIT_DEPT_HEAD", who(bank, "officer"), who(bank, "officer")),))


@twin("tg_approvals_c3_not_reader")
async def _(bank: World) -> Attack:
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(await bank.papers()), purpose=Purpose.CERTIFICATE_CHANGE, reader=who(bank, "head"))
    request = UUID((await bank.done("officer", ask))["request"])
    return Attack("head", ((APPROVE, request, "CREDIT_DEPT_HEAD", who(bank, "head"), who(bank, "officer")),))


@twin("uq_approvals_c3_one_each")
async def _(bank: World) -> Attack:
    request = await bank.requests(await bank.papers())
    await bank.done("head", Ask(A.APPROVE, request=request))
    return Attack("head", ((APPROVE, request, "RISK_HEAD", who(bank, "head"), who(bank, "officer")),))


@twin("fk_approvals_c3_applicant")
async def _(bank: World) -> Attack:
    request = await bank.requests(await bank.volumes(), tier=Tier.SECOND)
    return Attack("officer", ((APPROVE, request, "CREDIT_DEPT_HEAD", who(bank, "officer"), who(bank, "legal")),))


@twin("tg_operation_seats_c3_releaser")
async def _(bank: World) -> Attack:
    here = bank.branches["A"].id
    await bank.hire("both", {Role.LOAN_OFFICER, Role.ARCHIVIST}, here, (here,))
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=Tier.SECOND, by="both")
    op, opened = operation(bank, A.CHECK_OUT, Tier.SECOND, volumes, ["ARCHIVIST"], request)
    return Attack("both", (opened, (SEAT, op, "ARCHIVIST", who(bank, "both"))))


@twin("tg_approvals_c4_no_interest")
async def _(bank: World) -> Attack:
    volumes = await bank.volumes()
    request = await bank.requests(volumes, tier=Tier.SECOND)
    await relate(bank, "head", volumes[0])
    return Attack("head", ((APPROVE, request, "CREDIT_DEPT_HEAD", who(bank, "head"), who(bank, "officer")),))


@twin("tg_operation_seats_c4_no_interest")
async def _(bank: World) -> Attack:
    papers, _, op = await pending(bank)
    await relate(bank, "cody", papers[0])
    return Attack("cody", ((SEAT, op, "CODE", who(bank, "cody")),))


@twin("uq_approvals_c5_one_per_rank")
async def _(bank: World) -> Attack:
    request = await bank.requests(await bank.papers())
    await bank.done("head", Ask(A.APPROVE, request=request))
    return Attack("manager", ((APPROVE, request, "CREDIT_DEPT_HEAD", who(bank, "manager"), who(bank, "officer")),))


@twin("ct_access_requests_c5_all_ranks")
async def _(bank: World) -> Attack:
    request = await bank.requests(await bank.papers())
    await bank.done("head", Ask(A.APPROVE, request=request))
    return Attack("head", (("update access_requests set state = 'APPROVED', decided_at = clock_timestamp() where id = $1", request),))


# C8, C10, C11: envelopes, tickets, the off-balance register ------------------------------------------------------------------
@twin("ct_archive_records_c8_together")
async def _(bank: World) -> Attack:
    out, inside = await bank.papers(), await bank.papers()
    await bank.out(out)
    join = "update archive_records set envelope_id = (select envelope_id from archive_records where id = $2) where id = $1"
    return Attack("kay", ((join, out[0], inside[0]),))


@twin("uq_tickets_c10_number")
async def _(bank: World) -> Attack:
    await volume_out(bank)
    off = ("set local session_replication_role = replica",)  # the numbering trigger would not let it come so far
    same = "insert into tickets (org_id, ticket_no, issued_at, is_void, void_reason) values ($1, 1, clock_timestamp(), true, '重号')"
    return Attack(None, (off, (same, bank.branches["A"].id)))


@twin("uq_tickets_c10_one_per_exit")
async def _(bank: World) -> Attack:
    _, moved = await volume_out(bank)
    op = await bank.sql("select exit_operation_id from movements where id = $1", moved)
    second = "insert into tickets (org_id, operation_id, issued_at) values ($1, $2, clock_timestamp())"
    return Attack("archivist", ((second, bank.branches["A"].id, op),))


@twin("ct_operations_c10_exit_has_ticket")
async def _(bank: World) -> Attack:
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=Tier.SECOND)
    op, opened = operation(bank, A.CHECK_OUT, Tier.SECOND, volumes, ["ARCHIVIST"], request)
    return Attack("archivist", (opened, (SEAT, op, "ARCHIVIST", who(bank, "archivist")), (FINISH, op)))


@twin("ct_operations_c11_off_balance")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    op, opened = operation(bank, A.ACCEPT_RETURN, Tier.FIRST, papers, ["KEY", "CODE", "CLERK"])
    seats = [(SEAT, op, seat, who(bank, name)) for seat, name in (("KEY", "kay"), ("CODE", "cody"), ("CLERK", "clerk"))]
    return Attack("kay", (opened, *seats, (FINISH, op)))


@twin("uq_off_balance_entries_c11_one_each")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    again = (
        "insert into off_balance_entries (org_id, record_id, operation_id, direction, queued_at)"
        " select org_id, record_id, operation_id, direction, queued_at from off_balance_entries where record_id = $1"
    )
    return Attack("kay", ((again, papers[0]),))


# C13, C14, C15, C16, C17: what may be lent -----------------------------------------------------------------------------------
ASK = (
    "insert into access_requests (org_id, kind, tier, purpose, reason, applicant_id, reader_id, submitted_at)"
    " values ($1, 'CHECKOUT', $2, $3, $4, $5, $5, clock_timestamp())"
)


@twin("fk_access_requests_c13_purpose")
async def _(bank: World) -> Attack:
    return Attack("officer", ((ASK, bank.branches["A"].id, "FIRST", "AUDIT", None, who(bank, "officer")),))


@twin("ck_access_requests_c13_other_in_words")
async def _(bank: World) -> Attack:
    return Attack("officer", ((ASK, bank.branches["A"].id, "SECOND", "OTHER", " ", who(bank, "officer")),))


@twin("uq_movements_c14_one_open")
async def _(bank: World) -> Attack:
    record, _ = await volume_out(bank)
    request = await bank.requests([record], tier=Tier.SECOND)
    return Attack("archivist", ((MOVE, bank.branches["A"].id, record, "CHECKOUT", request, who(bank, "officer")),))


@twin("tg_movements_c14_one_pending")
async def _(bank: World) -> Attack:
    papers, request, _ = await pending(bank)
    op, opened = operation(bank, A.CHECK_OUT, Tier.FIRST, papers, ["KEY", "CODE", "CLERK", "RECEIVER"], request)
    return Attack("kay", (opened, ("update movements set operation_id = $2 where record_id = $1 and closed_at is null", papers[0], op)))


@twin("tg_archive_records_c15_transition")
async def _(bank: World) -> Attack:
    return Attack("archivist", ((STATE, (await bank.volumes())[0], "CHECKED_OUT"),))


@twin("ct_archive_records_c15_state_is_rows")
async def _(bank: World) -> Attack:
    return Attack("archivist", ((STATE, (await bank.volumes())[0], "RESERVED"),))


@twin("tg_access_requests_c15_step")
async def _(bank: World) -> Attack:
    request = await bank.approved(await bank.volumes(), tier=Tier.SECOND)
    return Attack("head", (("update access_requests set state = 'REJECTED' where id = $1", request),))


@twin("ct_movements_c15_request_kind")
async def _(bank: World) -> Attack:
    volumes = await bank.volumes()
    request = await bank.requests(volumes, tier=Tier.SECOND)
    read = (MOVE, bank.branches["A"].id, volumes[0], "READING", request, who(bank, "officer"))
    return Attack("archivist", (read, (STATE, volumes[0], "RESERVED")))


@twin("tg_movements_c16_no_hold")
async def _(bank: World) -> Attack:
    record, request = await held(bank)
    return Attack("archivist", ((MOVE, bank.branches["A"].id, record, "CHECKOUT", request, who(bank, "officer")),))


@twin("ck_holds_c16_second_person")
async def _(bank: World) -> Attack:
    record, _ = await held(bank)
    lift = "update holds set lifted_at = clock_timestamp(), lifted_by = placer_id where record_id = $1"
    return Attack("legal", ((lift, record),))


@twin("ck_holds_c16_lifted_by")
async def _(bank: World) -> Attack:
    record, _ = await held(bank)
    return Attack("legal", (("update holds set lifted_at = clock_timestamp() where record_id = $1", record),))


@twin("tg_movements_c17_not_frozen")
async def _(bank: World) -> Attack:
    volumes, here = await bank.volumes(), bank.branches["A"].id
    request = await bank.requests(volumes, tier=Tier.SECOND)
    case = (CASE, here, volumes[0], "WRONG_SLOT", who(bank, "archivist"))
    return Attack("archivist", (case, (MOVE, here, volumes[0], "CHECKOUT", request, who(bank, "officer"))))


# C19 to C22: for whom and how long -------------------------------------------------------------------------------------------
@twin("tg_operation_seats_c19_receiver")
async def _(bank: World) -> Attack:
    return Attack("legal", ((SEAT, (await pending(bank))[2], "RECEIVER", who(bank, "legal")),))


OUT_WITH = "update movements set exit_operation_id = $2, out_at = {out}, due_at = {due} where record_id = $1 and closed_at is null"


@twin("ck_movements_c20_before_lapse")
async def _(bank: World) -> Attack:
    papers, _, op = await pending(bank)
    late = OUT_WITH.format(out="lapses_at + interval '1 hour'", due="lapses_at + interval '1 day'")
    return Attack("kay", ((late, papers[0], op),))


@twin("ck_movements_c21_due")
async def _(bank: World) -> Attack:
    papers, _, op = await pending(bank)
    never = OUT_WITH.format(out="clock_timestamp()", due="null::timestamptz")
    return Attack("kay", ((never, papers[0], op),))


@twin("tg_movements_c22_extension")
async def _(bank: World) -> Attack:
    _, moved = await volume_out(bank)
    longer = "update movements set due_at = due_at + interval '30 days', extensions = 1 where id = $1"
    return Attack("officer", ((longer, moved),))


# C25 to C28, C43, C51: what comes back ----------------------------------------------------------------------------------------
@twin("tg_movements_c25_holder_or_successor")
async def _(bank: World) -> Attack:
    _, moved = await volume_out(bank)
    brought = "update movements set returned_at = clock_timestamp(), returned_by = $2, presented_to = $3 where id = $1"
    return Attack("archivist", ((brought, moved, who(bank, "legal"), who(bank, "archivist")),))


@twin("tg_movements_c25_another_receives")
async def _(bank: World) -> Attack:
    _, moved = await volume_out(bank)
    brought = "update movements set returned_at = clock_timestamp(), returned_by = $2, presented_to = $2 where id = $1"
    return Attack("archivist", ((brought, moved, who(bank, "head")),))


@twin("ck_movements_c26_inspected")
async def _(bank: World) -> Attack:
    record, moved = await volume_out(bank)
    await bank.presented([record], tier=Tier.SECOND)
    return Attack("archivist", (("update movements set closed_at = clock_timestamp() where id = $1", moved),))


@twin("ck_return_inspections_c26_passed")
async def _(bank: World) -> Attack:
    record, moved = await volume_out(bank)
    return Attack("archivist", ((INSPECT, uuid4(), moved, record, who(bank, "archivist"), False, None, True),))


@twin("tg_return_inspections_c26_pages")
async def _(bank: World) -> Attack:
    record, moved = await volume_out(bank)
    miscounted = INSPECT.replace("(select pages from", "(select pages - 1 from")
    return Attack("archivist", ((miscounted, uuid4(), moved, record, who(bank, "archivist"), True, None, True),))


@twin("ck_return_inspections_c28_findings")
async def _(bank: World) -> Attack:
    record, moved = await volume_out(bank)
    return Attack("archivist", ((INSPECT, uuid4(), moved, record, who(bank, "archivist"), False, None, False),))


@twin("ct_movements_c26_inspection_passed")
async def _(bank: World) -> Attack:
    record, moved = await volume_out(bank)
    await bank.presented([record], tier=Tier.SECOND)
    op, opened = operation(bank, A.ACCEPT_RETURN, Tier.SECOND, [record], ["ARCHIVIST"])
    found = uuid4()
    close = "update movements set inspection_id = $2, entry_operation_id = $3, closed_at = clock_timestamp() where id = $1"
    return Attack(
        "archivist",
        (
            opened, (SEAT, op, "ARCHIVIST", who(bank, "archivist")), (FINISH, op),
            (INSPECT, found, moved, record, who(bank, "archivist"), False, "号码不符", False),
            (close, moved, found, op), (STATE, record, "FILED"),
        ),
    )  # fmt: skip


@twin("ck_movements_c27_close_after_return")
async def _(bank: World) -> Attack:
    volumes = await bank.volumes()
    request = UUID((await bank.done("officer", Ask(A.REQUEST_READING, records=tuple(volumes), purpose=Purpose.AUDIT)))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    await bank.done("archivist", Ask(A.START_READING, request=request))
    return Attack("archivist", (("update movements set closed_at = clock_timestamp() where record_id = $1", volumes[0]),))


@twin("uq_discrepancies_c43_one_open")
async def _(bank: World) -> Attack:
    volumes = await bank.volumes()
    await bank.done("archivist", Ask(A.REPORT_MISSING, records=tuple(volumes), reason="架上无此卷"))
    return Attack("archivist", ((CASE, bank.branches["A"].id, volumes[0], "MISSING", who(bank, "archivist")),))


@twin("pk_idempotency_keys")
async def _(bank: World) -> Attack:
    await bank.does("officer", Ask(A.REQUEST_CHECKOUT, records=tuple(await bank.volumes()), purpose=Purpose.AUDIT), "once")
    again = (
        "insert into idempotency_keys (caller_id, mutation, idempotency_key, input_hash) values ($1, 'REQUEST_CHECKOUT', 'once', '\\x00')"
    )
    return Attack("officer", ((again, who(bank, "officer")),))


# C0, C1, C32: administration -----------------------------------------------------------------------------------------------
async def proposed(bank: World, by: str = "admin", **change: str) -> UUID:
    """A change that waits for compliance."""
    opened = await bank.done(by, Ask(A.GRANT_ROLE, change=change))
    return UUID(opened["operation"])


@twin("tg_operation_seats_c0_administrators")
async def _(bank: World) -> Attack:
    waiting = await proposed(bank, staff=str(who(bank, "clerk")), role="LEGAL")
    return Attack("auditor", ((SEAT, waiting, "SECOND", who(bank, "auditor")),))


@twin("tg_operation_seats_c0_not_oneself")
async def _(bank: World) -> Attack:
    waiting = await proposed(bank, staff=str(who(bank, "compliance")), role="LEGAL")
    return Attack("compliance", ((SEAT, waiting, "SECOND", who(bank, "compliance")),))


@twin("tg_staff_c1_no_service_in_custody")
async def _(bank: World) -> Attack:
    service = await bank.hire("service", {Role.SYSTEM}, bank.branches["A"].id, (bank.branches["A"].id,))
    await bank.sql("update staff set kind = 'SERVICE' where id = $1", service.staff_id)
    return Attack(None, (("insert into staff_roles (staff_id, role) values ($1, 'ARCHIVIST')", service.staff_id),))


@twin("tg_access_requests_c1_no_service")
async def _(bank: World) -> Attack:
    service = await bank.hire("service", {Role.SYSTEM}, bank.branches["A"].id, (bank.branches["A"].id,))
    await bank.sql("update staff set kind = 'SERVICE' where id = $1", service.staff_id)
    asked = (
        "insert into access_requests (org_id, kind, tier, purpose, applicant_id, reader_id, submitted_at) values ($1, 'CHECKOUT', 'SECOND',"
        " 'AUDIT', $2, $3, clock_timestamp())"
    )
    return Attack("officer", ((asked, bank.branches["A"].id, who(bank, "officer"), service.staff_id),))


@twin("tg_operation_seats_c1_no_service")
async def _(bank: World) -> Attack:
    papers, request = await bank.papers(), None
    service = await bank.hire("service", {Role.AUDITOR}, bank.branches["A"].id, (bank.branches["A"].id,))
    await bank.sql("update staff set kind = 'SERVICE' where id = $1", service.staff_id)
    op, opened = operation(bank, A.ACCEPT_RETURN, Tier.FIRST, papers, ["KEY", "CODE", "CLERK"], request)
    return Attack("service", (opened, (SEAT, op, "CLERK", service.staff_id)))


@twin("tg_staff_c32_custody_cleared")
async def _(bank: World) -> Attack:
    await volume_out(bank)
    return Attack(None, (("update staff set active = false where id = $1", who(bank, "officer")),))
