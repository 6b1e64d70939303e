"""What leaves for good: what makes an example of it right, its rows broken, its twins attacked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask, Move
from server.custody.moves.release import Evidence, Payoff, Recipient, Replacement
from server.custody.policy import ranks
from storage.terms import Action as A
from storage.terms import HoldKind, MovementKind, Purpose, RequestKind, RequestState, Role, Seat, Tier
from tests.custody.attacking import FINISH, MOVE, SEAT, STATE, Attack, Step, operation, twin, who
from tests.custody.breaking import Break, change_seat
from tests.custody.examples import ANN, HEAD, LEA, LOU, NOW, OTHER, REQ, RISK, person
from tests.custody.releasing import Case, Substitution, ago, identity, secures, surrendering
from tests.harness.world import World

FIRST = Tier.FIRST
FINE: dict[type, Any] = {
    Payoff: Payoff(True, True, NOW - timedelta(hours=1), NOW - timedelta(hours=24), NOW - timedelta(days=1), True, True),
    Recipient: Recipient(True),
    Evidence: Evidence(True),
    Replacement: Replacement(True, True),
}


def _on_request(kind: RequestKind, purpose: Purpose, movement: MovementKind, state: RequestState) -> Callable[[Move], Move]:
    from server.custody.moves import Request

    given = dict(zip(sorted(ranks(FIRST, purpose)), (HEAD, RISK, LOU), strict=False))
    request = Request(REQ, kind, state, purpose, ANN, ANN, 1, given)
    return lambda m: replace(m, known=FINE, request=request, movement=m.movement and replace(m.movement, kind=movement, purpose=purpose))


def _asking(purpose: Purpose) -> Callable[[Move], Move]:
    return lambda m: replace(m, known=FINE, ask=replace(m.ask, purpose=purpose))


OF_RELEASE = _on_request(RequestKind.RELEASE, Purpose.PAID_IN_FULL, MovementKind.RELEASE, RequestState.APPROVED)
ADJUST: dict[A, Callable[[Move], Move]] = {
    A.ISSUE_NOTICE: _asking(Purpose.OTHER),
    A.REQUEST_RELEASE: _asking(Purpose.PAID_IN_FULL),
    A.REQUEST_SUBSTITUTION: _asking(Purpose.SUBSTITUTION),
    A.VERIFY_RECIPIENT: OF_RELEASE,
    A.RELEASE: OF_RELEASE,
    A.SUBSTITUTE: _on_request(RequestKind.SUBSTITUTION, Purpose.SUBSTITUTION, MovementKind.SUBSTITUTION, RequestState.APPROVED),
    A.SURRENDER: _on_request(RequestKind.CHECKOUT, Purpose.LITIGATION_RESTRUCTURE_WRITEOFF, MovementKind.CHECKOUT, RequestState.FULFILLED),
}


def _known(kind: type, **changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"known": {**m.known, kind: replace(m.of(kind), **changes)}}


def _purpose(purpose: Purpose, kind: type | None = None, **changes: Any) -> Callable[[Move], dict[str, Any]]:
    def change(m: Move) -> dict[str, Any]:
        assert m.request is not None
        return {"request": replace(m.request, purpose=purpose)} | (_known(kind, **changes)(m) if kind else {})

    return change


SETTLED, FINAL = "principal, interest and fees of the loan are zero", "no payoff of a loan on the collateral can bounce any more"
RECENT = "the positions of all loans on the collateral are recent"
FITS = "the recipient is the owner, or holds a valid power of attorney that is on file"
WORTH = "the replacement secures every loan that is owed on what leaves, and its approved value covers it"
BREAKS = (
    *(Break(SETTLED, act, FIRST, _known(Payoff, settled=False)) for act in (A.REQUEST_RELEASE, A.RELEASE, A.ISSUE_NOTICE)),
    *(
        Break("every other loan on the collateral is paid off too, in every branch", act, FIRST, _known(Payoff, others_settled=False))
        for act in (A.REQUEST_RELEASE, A.RELEASE)
    ),
    Break(
        "a partial release is of dealer inventory, and what stays covers the debt", A.RELEASE, FIRST,
        _purpose(Purpose.PARTIAL_RELEASE, Payoff, covered=False),
    ),
    *(Break(FINAL, act, FIRST, _known(Payoff, final_at=NOW + timedelta(days=1))) for act in (A.RELEASE, A.ISSUE_NOTICE)),
    Break("the settlement notice is issued, scanned and filed in the vault", A.RELEASE, FIRST, _known(Payoff, noticed=False)),
    Break(RECENT, A.RELEASE, FIRST, _known(Payoff, oldest=None)),
    Break(RECENT, A.ISSUE_NOTICE, FIRST, _known(Payoff, oldest=NOW - timedelta(hours=25))),
    *(Break(FITS, act, FIRST, _known(Recipient, fits=False)) for act in (A.RELEASE, A.VERIFY_RECIPIENT)),
    Break("the receipt with its three signatures is on file", A.RELEASE, FIRST, _known(Evidence, on_file=False)),
    Break("the replacement lies in the vault and is promised to nobody", A.SUBSTITUTE, FIRST, _known(Replacement, in_vault=False)),
    *(Break(WORTH, act, FIRST, _known(Replacement, approved=False)) for act in (A.SUBSTITUTE, A.REQUEST_SUBSTITUTION)),
    Break(
        "whoever says that the court keeps a paper does not confirm it", A.SURRENDER, FIRST,
        change_seat(Seat.SECOND, person(LEA, Role.OPS_HEAD)),
    ),
    Break("the court's receipt is on file", A.SURRENDER, FIRST, _known(Evidence, on_file=False)),
    Break(
        "what is surrendered was lent on this request, for the court", A.SURRENDER, FIRST, _purpose(Purpose.CERTIFICATE_CHANGE)
    ),
    Break("the purpose is one of the tier's, for that kind of request", A.RELEASE, FIRST, _purpose(Purpose.CERTIFICATE_CHANGE)),
    Break("no hold is active, or it permits this purpose", A.SURRENDER, FIRST, lambda m: {"holds": (_hold(OTHER),)}),
)  # fmt: skip


def _hold(placer: UUID) -> Any:
    from server.custody.moves import Hold

    return Hold(HoldKind.LEGAL, placer)


# Attacks: the last seat is taken by SQL, and everything is written as the desk would -----------------------------------
OFF = (
    "insert into off_balance_entries (org_id, record_id, operation_id, direction, queued_at) values ($1, $2, $3, 'OUT', clock_timestamp())"
)
TICKET = "insert into tickets (org_id, ticket_no, operation_id, issued_at) values ($1, 0, $2, clock_timestamp())"
FULFILLED = "update access_requests set state = 'FULFILLED' where id = $1"
GIVEN = "update releases set state = 'DONE', receipt_scan_id = $2, operation_id = $3, released_at = clock_timestamp() where request_id = $1"
LEFT = (
    "update movements set operation_id = null, exit_operation_id = $2, out_at = clock_timestamp(), closed_at = clock_timestamp(), ended_as = $3"
    " where record_id = $1 and closed_at is null"
)
TAKEN_BACK = (
    "insert into loan_positions (org_id, loan_id, as_of, principal_amount, interest_amount, fees_amount, overdue_amount, reversal_of_id)"
    " select org_id, loan_id, clock_timestamp(), 1, 0, 0, 0, id from loan_positions where loan_id = $1 and reversal_of_id is null"
)
NOTICE = "insert into settlement_notices (org_id, loan_id, number, record_id, issued_by, issued_at) values ($1, $2, $3, $4, $5, clock_timestamp())"
OWED = "insert into loan_positions (org_id, loan_id, as_of, principal_amount, interest_amount, fees_amount, overdue_amount) values ($1, $2, clock_timestamp(), 1, 0, 0, 0)"


def leaves(case: Case, op: UUID, end: str, seat: tuple[str, str], *, without: str = "") -> tuple[Step, ...]:
    """What the desk would write for the last seat."""
    bank, paper, here = case.bank, case.papers[0], case.bank.branches["A"].id
    steps: list[Step] = [(SEAT, op, seat[0], who(bank, seat[1])), (FINISH, op), (OFF, here, paper, op), (TICKET, here, op)]
    if end == "RELEASED":
        steps.append((GIVEN, case.request, case.receipt, op))
    return tuple(s for s in (*steps, (LEFT, paper, op, end), (FULFILLED, case.request), (STATE, paper, end)) if s[0] != without)


async def almost(bank: World, case: Case) -> UUID:
    """All seats of the release are taken but one."""
    return UUID((await bank.seated(case.release, ["kay", "cody", "clerk"]))["operation"])


async def released_though(bank: World, falsify: str, *values: Any, without: str = "") -> Attack:
    case = await (await Case.make(bank)).ready()
    op = await almost(bank, case)
    if falsify:
        await bank.sql(falsify, *(getattr(case, v) if isinstance(v, str) and hasattr(case, v) else v for v in values))
    return Attack("teller", leaves(case, op, "RELEASED", ("OFFICER", "teller"), without=without))


@twin("ct_movements_c34_settled")
async def _(bank: World) -> Attack:
    return await released_though(bank, OWED, bank.branches["A"].id, "loan")


@twin("ct_movements_c34_cross_collateral")
async def _(bank: World) -> Attack:
    case = await (await Case.make(bank)).ready()
    op, other = await almost(bank, case), await bank.loan("B")
    await bank.sql(OWED, bank.branches["B"].id, other)
    await secures(bank, other, case.collateral, "B")
    return Attack("teller", leaves(case, op, "RELEASED", ("OFFICER", "teller")))


@twin("ct_movements_c34_covered")
async def _(bank: World) -> Attack:
    case = await Case.make(bank, kind="INVENTORY", value=1_000)
    await case.says(principal=100)
    other = await bank.collateral()
    await bank.sql("update collateral set value_amount = 1000 where id = $1", other)
    await secures(bank, case.loan, other)
    await bank.papers(loan=case.loan, collateral=other)
    await case.asked(Purpose.PARTIAL_RELEASE)
    await case.received()
    op = await almost(bank, case)
    await bank.sql("update collateral set value_amount = 1 where id = $1", other)
    return Attack("teller", leaves(case, op, "RELEASED", ("OFFICER", "teller")))


@twin("ct_movements_c35_final")
async def _(bank: World) -> Attack:
    case = await (await Case.make(bank)).ready()
    op = await almost(bank, case)
    await case.says(principal=1)
    await case.paid(settled_at=ago(), payoff_kind="TRANSFER")
    return Attack("teller", leaves(case, op, "RELEASED", ("OFFICER", "teller")))


@twin("ct_movements_c36_notice")
async def _(bank: World) -> Attack:
    return await released_though(bank, "update settlement_notices set voided_at = clock_timestamp() where loan_id = $1", "loan")


@twin("ct_movements_c53_recent")
async def _(bank: World) -> Attack:
    """Positions are never changed, so their age is: as only a superuser can."""
    case = await (await Case.make(bank)).ready()
    op = await almost(bank, case)
    await bank.root.execute("set session_replication_role = replica")
    await bank.sql("update loan_positions set as_of = as_of - interval '2 days' where loan_id = $1", case.loan)
    await bank.root.execute("set session_replication_role = origin")
    return Attack("teller", leaves(case, op, "RELEASED", ("OFFICER", "teller")))


@twin("ct_movements_c37_recipient")
async def _(bank: World) -> Attack:
    return await released_though(bank, "", without=GIVEN)


@twin("ct_movements_c37_receipt")
async def _(bank: World) -> Attack:
    """What is stored stays so: as only a superuser can."""
    case = await (await Case.make(bank)).ready()
    op = await almost(bank, case)
    await bank.past_the_triggers(f"update scans set status = 'REJECTED' where id = '{case.receipt}'")
    return Attack("teller", leaves(case, op, "RELEASED", ("OFFICER", "teller")))


@twin("ct_archive_records_c38_left_by_movement")
async def _(bank: World) -> Attack:
    attack = await released_though(bank, "", without=LEFT)
    closed = "update movements set operation_id = null, closed_at = clock_timestamp() where record_id = $1 and closed_at is null"
    paper = attack.steps[-1][1]
    return Attack(attack.by, (*attack.steps, (closed, paper)))


@twin("tg_movements_c38_final")
async def _(bank: World) -> Attack:
    case = await (await Case.make(bank)).ready()
    await bank.seated(case.release, ["kay", "cody", "clerk", "teller"])
    return Attack("kay", ((MOVE, bank.branches["A"].id, case.papers[0], "ACT", None, None),))


@twin("tg_releases_c38_done")
async def _(bank: World) -> Attack:
    case = await (await Case.make(bank)).ready()
    await bank.seated(case.release, ["kay", "cody", "clerk", "teller"])
    return Attack("clerk", (("update releases set recipient_name = '李四' where request_id = $1", case.request),))


@twin("ck_movements_c38_end_fits_kind")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await bank.out(papers)
    end = "update movements set closed_at = clock_timestamp(), ended_as = 'RELEASED' where record_id = $1 and closed_at is null"
    return Attack("kay", ((end, papers[0]),))


@twin("tg_releases_c37_recipient")
async def _(bank: World) -> Attack:
    case = await Case.make(bank)
    await case.paid()
    await case.asked()
    stranger = (
        "insert into releases (org_id, request_id, capacity, recipient_name, identity_index, verified_by, verified_at)"
        " values ($1, $2, 'OWNER', '李四', $3, $4, clock_timestamp())"
    )
    return Attack("clerk", ((stranger, bank.branches["A"].id, case.request, identity("1" * 18), who(bank, "clerk")),))


async def noticed(bank: World, **position: Any) -> Attack:
    case = await Case.make(bank)
    await case.says(**position)
    here = bank.branches["A"].id
    return Attack("officer", ((NOTICE, here, case.loan, f"N{uuid4()}", case.papers[0], who(bank, "officer")),))


@twin("tg_settlement_notices_c34_settled")
async def _(bank: World) -> Attack:
    return await noticed(bank, principal=1)


@twin("tg_settlement_notices_c35_final")
async def _(bank: World) -> Attack:
    return await noticed(bank, settled_at=ago(days=1), payoff_kind="TRANSFER")


@twin("tg_settlement_notices_c53_recent")
async def _(bank: World) -> Attack:
    return await noticed(bank, settled_at=ago(days=9), payoff_kind="CASH", as_of=ago(hours=25))


@twin("uq_settlement_notices_c36_one_live")
async def _(bank: World) -> Attack:
    case = await Case.make(bank)
    await case.paid()
    await case.notice()
    return Attack("officer", ((NOTICE, bank.branches["A"].id, case.loan, f"N{uuid4()}", case.papers[0], who(bank, "officer")),))


@twin("tg_settlement_notices_c52_void_stays")
async def _(bank: World) -> Attack:
    case = await Case.make(bank)
    await case.paid()
    await case.notice()
    void = "update settlement_notices set voided_at = {} where loan_id = $1"
    return Attack("officer", ((void.format("clock_timestamp()"), case.loan), (void.format("null"), case.loan)))


@twin("ct_loan_positions_c52_reversal")
async def _(bank: World) -> Attack:
    case = await Case.make(bank)
    await case.paid()
    await case.asked()
    return Attack("core", ((TAKEN_BACK, case.loan),))


@twin("uq_loan_positions_c52_reversed_once")
async def _(bank: World) -> Attack:
    case = await Case.make(bank)
    await case.paid()
    return Attack("core", ((TAKEN_BACK, case.loan), (TAKEN_BACK, case.loan)))


async def substituted_though(bank: World, falsify: str) -> Attack:
    case = await Substitution.make(bank)
    op = UUID((await bank.seated(Ask(A.SUBSTITUTE, request=case.request), ["kay", "cody"]))["operation"])
    await bank.sql(falsify, case.replacement)
    return Attack("clerk", leaves(case, op, "SUBSTITUTED", ("CLERK", "clerk")))


@twin("ct_movements_c39_in_vault")
async def _(bank: World) -> Attack:
    return await substituted_though(
        bank, "insert into movements (org_id, record_id, kind, reserved_at, lapses_at) select org_id, id, 'ACT', now(), now() from archive_records"
        " where id = $1",
    )  # fmt: skip


@twin("ct_movements_c39_value")
async def _(bank: World) -> Attack:
    return await substituted_though(
        bank, "update collateral set value_amount = 1 where id = (select collateral_id from archive_records where id = $1)"
    )


async def surrendered_though(bank: World, purpose: Purpose) -> Attack:
    """Without the court's receipt."""
    case = await surrendering(bank, purpose)
    op, opened = operation(bank, A.SURRENDER, FIRST, case.papers, ["PROPOSER", "SECOND"], case.request)
    end = "update movements set closed_at = clock_timestamp(), ended_as = 'SURRENDERED' where record_id = $1 and closed_at is null"
    seats = ((SEAT, op, "PROPOSER", who(bank, "legal")), (SEAT, op, "SECOND", who(bank, "ops")))
    return Attack("legal", (opened, *seats, (FINISH, op), (end, case.papers[0]), (STATE, case.papers[0], "SURRENDERED")))


@twin("ct_movements_c40_court_receipt")
async def _(bank: World) -> Attack:
    return await surrendered_though(bank, Purpose.LITIGATION_RESTRUCTURE_WRITEOFF)


@twin("ct_movements_c13_out_for_the_court")
async def _(bank: World) -> Attack:
    return await surrendered_though(bank, Purpose.CERTIFICATE_CHANGE)
