"""Envelopes opened and moved, claims, emergencies, tickets, reading at the vault: done right once, and refused."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from asyncpg import Range

from server.compliance.events import body_of
from server.custody.moves import Ask, Placement
from server.custody.moves.claims import Resolution
from server.custody.moves.envelopes import Opening
from server.custody.moves.registers import EmergencyReview, VoidTicket
from server.errors import NotFound
from storage.terms import Action as A
from storage.terms import ClaimResolution, EmergencyFinding, PaperKind, Purpose, Role, Tier
from tests.harness.losses import found, missing
from tests.harness.world import World


async def envelope_of(bank: World, record: UUID) -> UUID:
    return UUID(str(await bank.sql("select envelope_id from archive_records where id = $1", record)))


async def opening(bank: World, papers: list[UUID], *taken: UUID, **more: str) -> Ask:
    envelope, slot = await envelope_of(bank, papers[0]), await bank.slot()
    bank.number += 1
    seals = (f"R{bank.tag}{bank.number}", f"T{bank.tag}{bank.number}")
    detail = Opening(envelope, seals[0], taken, seals[1] if taken else None, slot if taken else None)
    return Ask(A.OPEN_ENVELOPE, records=tuple(papers), detail=detail, reason=more.get("reason", "保险单到期更换"))


async def test_an_envelope_is_opened_by_two_and_what_is_taken_out_gets_its_own(bank: World) -> None:
    papers = await bank.papers(3)
    home, ask = await envelope_of(bank, papers[0]), await opening(bank, papers, papers[2])
    old = await bank.sql("select seal_no from sealed_envelopes where id = $1", home)
    outcome = await bank.seated(ask, ["kay", "cody"])
    away = await envelope_of(bank, papers[2])
    assert outcome["state"] == "DONE" and str(away) == outcome["envelope"] and away != home
    assert [await envelope_of(bank, p) for p in papers[:2]] == [home, home]
    assert await bank.sql("select seal_no from sealed_envelopes where id = $1", home) == ask.detail.seal_no
    assert await bank.sql("select broken_at is not null from seals where seal_no = $1", old)
    assert await bank.sql("select location_id from sealed_envelopes where id = $1", away) == ask.detail.taken_location
    assert await bank.sql("select tag from events where record_id = $1 order by seq desc limit 1", papers[0]) == "envelope:open:done"
    for alone in ([papers[2]], papers[:2]):  # now they may leave without each other
        await bank.done("officer", Ask(A.REQUEST_CHECKOUT, records=tuple(alone), purpose=Purpose.CERTIFICATE_CHANGE))


async def test_not_all_of_an_envelope_is_taken_out_nor_opened_without_a_word(bank: World) -> None:
    papers = await bank.papers(2)
    assert await bank.refused("kay", await opening(bank, papers, *papers)) == [("C9", "ENVELOPE_OPENING_UNFOUNDED")]
    assert await bank.refused("kay", await opening(bank, papers, reason=" ")) == [("C9", "ENVELOPE_OPENING_UNFOUNDED")]
    assert ("C8", "ENVELOPE_SPLIT_FORBIDDEN") in await bank.refused("kay", await opening(bank, papers[:1]))


async def test_a_broken_seal_is_a_case_that_holds_the_envelope_until_it_is_sealed_anew_and_solved(bank: World) -> None:
    papers = await bank.papers(2)
    report = Ask(A.REPORT_BROKEN_SEAL, records=tuple(papers), reason="封签撕裂")
    outcome = await bank.done("clerk", report)
    assert len(outcome["cases"]) == 2
    assert await bank.refused("kay", report) == [("C9", "SEAL_BROKEN")]
    placements = (Placement(await envelope_of(bank, papers[0]), await bank.slot()),)
    assert await bank.refused("kay", Ask(A.MOVE_LOCATION, records=tuple(papers), placements=placements)) == [("C17", "RECORD_FROZEN")]
    request = await bank.requests(papers)
    assert await bank.refused("head", Ask(A.APPROVE, request=request)) == [("C17", "RECORD_FROZEN")]
    await bank.seated(await opening(bank, papers), ["kay", "cody"])  # counted and sealed anew


async def test_a_return_with_a_broken_seal_is_rejected_and_opens_a_case(bank: World) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    found = bank.inspected(papers, seal_intact=False, findings="封签被拆")
    await bank.seated(Ask(A.REJECT_RETURN, records=tuple(papers), inspections=found), ["kay", "cody"])
    assert await bank.sql("select kind from discrepancies where record_id = $1", papers[0]) == "SEAL_BROKEN"


async def test_an_envelope_moves_to_another_empty_slot_of_its_own_vault(bank: World) -> None:
    papers, other = await bank.papers(2), await bank.papers()
    envelope, slot = await envelope_of(bank, papers[0]), await bank.slot()
    full = await bank.sql("select location_id from sealed_envelopes where id = $1", await envelope_of(bank, other[0]))
    for wrong in (full, bank.branches["A"].cabinet, await bank.slot("B")):
        ask = Ask(A.MOVE_LOCATION, records=tuple(papers), placements=(Placement(envelope, wrong),))
        assert await bank.refused("kay", ask) == [("C8", "SLOT_INVALID")]
    ask = Ask(A.MOVE_LOCATION, records=tuple(papers), placements=(Placement(envelope, slot),))
    await bank.seated(ask, ["kay", "cody", "clerk"])
    assert await bank.sql("select location_id from sealed_envelopes where id = $1", envelope) == slot


@pytest.mark.parametrize("resolution", list(ClaimResolution))
async def test_a_claim_stops_everything_until_somebody_else_resolves_it(bank: World, resolution: ClaimResolution) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    claim = Ask(A.CLAIM_RETURNED, records=tuple(papers), reason="上周五已交库房")
    assert ("C25", "NOT_CURRENT_HOLDER") in await bank.refused("legal", claim)
    await bank.done("officer", claim)
    assert ("C25", "CLAIM_UNRESOLVED") in await bank.refused("officer", claim)
    longer = Ask(A.REQUEST_EXTENSION, records=tuple(papers), due_on=bank.due(6))
    assert await bank.refused("officer", longer) == [("C25", "CLAIM_UNRESOLVED")]
    back = Ask(A.PRESENT_RETURN, records=tuple(papers), brought_by=bank.people["officer"].staff_id)
    assert await bank.refused("kay", back) == [("C25", "CLAIM_UNRESOLVED")]
    resolve = Ask(A.RESOLVE_CLAIM, records=tuple(papers), detail=Resolution(resolution, "复查库房"))
    assert ("C0", "ROLE_REQUIRED") in await bank.refused("officer", resolve)
    await bank.done("kay", resolve)
    assert ("C25", "CLAIM_NOT_OPEN") in await bank.refused("kay", resolve)
    if resolution is ClaimResolution.FOUND_IN_VAULT:  # it is here: inspected next, and nobody is named who brought it
        assert await bank.state(papers[0]) == "RETURN_PENDING"
        seen = await bank.root.fetchrow(
            "select returned_at, returned_by, presented_to from movements where record_id = $1 and closed_at is null", papers[0]
        )
        assert seen is not None and seen["returned_at"] and seen["returned_by"] is None
        assert seen["presented_to"] == bank.people["kay"].staff_id
    else:
        assert await bank.state(papers[0]) == "CHECKED_OUT"
        await bank.presented(papers)
    await bank.accepted(papers)
    assert await bank.state(papers[0]) == "IN_VAULT"


async def test_in_an_emergency_the_head_of_operations_and_the_vice_president_sit_and_somebody_else_reviews(bank: World) -> None:
    papers = await bank.papers()
    placements = (Placement(await envelope_of(bank, papers[0]), await bank.slot()),)
    calm = Ask(A.MOVE_LOCATION, records=tuple(papers), placements=placements)
    assert ("C0", "ROLE_REQUIRED") in await bank.refused("ops", calm)
    urgent = Ask(A.MOVE_LOCATION, records=tuple(papers), placements=placements, emergency="库房漏水，保管员未到")
    opened = await bank.done("ops", urgent)
    operation, review = UUID(opened["operation"]), UUID(opened["review"])
    assert ("C0", "SEAT_NOT_OPEN") in await bank.refused("ops", Ask(A.CONFIRM, operation=operation))  # not both seats
    assert ("C0", "ROLE_REQUIRED") in await bank.refused("head", Ask(A.CONFIRM, operation=operation))
    await bank.done("vice", Ask(A.CONFIRM, operation=operation))
    assert (await bank.done("clerk", Ask(A.CONFIRM, operation=operation)))["state"] == "DONE"
    due = await bank.sql("select due_at from emergency_reviews where id = $1", review)
    assert datetime.now(UTC) < due < datetime.now(UTC) + timedelta(days=12)
    said = Ask(A.REVIEW_EMERGENCY, detail=EmergencyReview(review, EmergencyFinding.JUSTIFIED, "属实，已补办手续"))
    assert ("C0", "ROLE_REQUIRED") in await bank.refused("head", said)
    with pytest.raises(NotFound):
        await bank.does("chief_b", said)
    await bank.done("chief", said)
    assert await bank.refused("compliance", said) == [("C1", "EMERGENCY_REVIEWED")]


async def test_one_keeper_on_duty_and_one_substitute_are_enough(bank: World) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers)
    ask = Ask(A.CHECK_OUT, request=request, due_on=bank.due(), emergency="密码保管员急病送医")
    await bank.seated(ask, ["kay", "vice", "clerk", "officer"])
    assert await bank.state(papers[0]) == "CHECKED_OUT"


async def test_a_void_ticket_keeps_its_number_and_its_exit_gets_the_next(bank: World) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    ticket = await bank.sql("select id from tickets where org_id = $1", bank.branches["A"].id)
    ask = Ask(A.VOID_TICKET, detail=VoidTicket(ticket), reason="打印机卡纸")
    assert ("C0", "ROLE_REQUIRED") in await bank.refused("clerk", ask)
    with pytest.raises(NotFound):
        await bank.does("ops_b", ask)
    await bank.done("ops", ask)
    rows = await bank.root.fetch("select ticket_no, is_void, operation_id from tickets where org_id = $1 order by 1", bank.branches["A"].id)
    assert [(r[0], r[1]) for r in rows] == [(1, True), (2, False)] and rows[0][2] == rows[1][2]
    assert await bank.refused("ops", ask) == [("C10", "TICKET_SEQUENCE_ERROR")]


async def test_auditors_read_a_paper_at_the_vault_the_same_day_under_dual_control_with_a_ticket_and_no_letter(bank: World) -> None:
    papers = await bank.papers(kind=PaperKind.CERTIFICATE)
    now, policy = datetime.now(UTC), bank.desk._policy
    closes = policy.working_days_after(now, 0)
    if closes < now + timedelta(minutes=10):  # after close of business nobody reads any more, and shortly before it nobody is done in time
        closes = policy.working_days_after(now, 1)
        bank.later(seconds=(closes - now).total_seconds() - 7200)
    here = bank.branches["A"].id
    await bank.hire("audit_a", {Role.AUDITOR}, here, (here,))
    request = await bank.requests(papers, by="audit_a", purpose=Purpose.AUDIT_READING)
    for who in ("head", "risk"):
        await bank.done(who, Ask(A.APPROVE, request=request))
    later = Ask(A.CHECK_OUT, request=request, due_on=bank.due(3))
    assert await bank.refused("kay", later) == [("C21", "LOAN_TERM_EXCEEDED")]
    ask = Ask(A.CHECK_OUT, request=request, due_on=closes.date())
    out = await bank.seated(ask, ["kay", "cody", "clerk", "audit_a"])
    assert out["ticket"] and await bank.sql("select on_site from movements where record_id = $1 and closed_at is null", papers[0])
    await bank.done("kay", Ask(A.PRESENT_RETURN, records=tuple(papers), brought_by=bank.people["audit_a"].staff_id))
    back = Ask(A.ACCEPT_RETURN, records=tuple(papers), inspections=bank.inspected(papers, shows_mortgage=True))
    await bank.seated(back, ["kay", "cody", "clerk"])
    assert await bank.state(papers[0]) == "IN_VAULT"


async def test_a_reading_inside_the_bank_needs_no_letter_and_another_purpose_says_whether_it_does(bank: World) -> None:
    for outside, told in ((False, []), (True, [("C40", "BAILEE_LETTER_REQUIRED")])):
        papers = await bank.papers()
        ask = Ask(A.REQUEST_CHECKOUT, records=tuple(papers), purpose=Purpose.OTHER, reason="行内复核", outside_bank=outside)
        request = UUID((await bank.done("officer", ask))["request"])
        for who in ("head", "risk", "vice"):
            await bank.done(who, Ask(A.APPROVE, request=request))
        explained = await bank.desk.explain(bank.people["kay"], Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
        assert [(c.rule.number, c.rule.code) for c in explained.checks if not c.passed] == told


async def test_what_is_missing_too_stays_missing_when_a_claim_is_resolved(bank: World) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    await bank.done("officer", Ask(A.CLAIM_RETURNED, records=tuple(papers), reason="上周五已交库房"))
    await missing(bank, papers[0])
    found_here = Resolution(ClaimResolution.FOUND_IN_VAULT, "复查库房")
    await bank.done("kay", Ask(A.RESOLVE_CLAIM, records=tuple(papers), detail=found_here))
    assert await bank.state(papers[0]) == "MISSING"
    await bank.seated(found(bank, papers[0]), ["kay", "cody", "clerk"])
    assert await bank.state(papers[0]) == "IN_VAULT"


async def test_a_successor_brings_back_what_another_holds(bank: World) -> None:
    """Who has a role of the holder by delegation now, a head of the holder's unit, a colleague of one who left; nobody else."""
    papers = await bank.papers()
    await bank.out(papers)
    officer, here = bank.people["officer"], bank.branches["A"].id
    delegate = await bank.hire("dele", {Role.COLLECTIONS}, here, (here,))

    def by(who: str) -> Ask:
        return Ask(A.PRESENT_RETURN, records=tuple(papers), brought_by=bank.people[who].staff_id)

    async def back(who: str, ground: str) -> None:
        assert (await bank.desk.explain(bank.people["kay"], by(who))).allowed
        made = await bank.done("kay", by(who))
        brought = "select returned_by from movements where record_id = $1 and closed_at is null"
        assert await bank.sql(brought, papers[0]) == bank.people[who].staff_id
        told = await bank.sql("select canonical from events where id = $1", UUID(made["events"][-1]))
        assert body_of(told)["detail"]["grounds"] == [ground]
        wrong = Ask(A.REJECT_RETURN, records=tuple(papers), inspections=bank.inspected(papers, numbers_match=False, findings="号码不符"))
        await bank.seated(wrong, ["kay", "cody"])

    for nobody in ("legal", "dele", "head_b", "ops_b"):
        assert await bank.refused("kay", by(nobody)) == [("C25", "NOT_CURRENT_HOLDER")]
    during = "insert into delegations (from_staff_id, to_staff_id, role, org_id, during) values ($1, $2, 'LOAN_OFFICER', $3, $4)"
    now = datetime.now(UTC)
    await bank.sql(during, officer.staff_id, delegate.staff_id, here, Range(now - timedelta(days=9), now - timedelta(days=2)))
    assert await bank.refused("kay", by("dele")) == [("C25", "NOT_CURRENT_HOLDER")]  # it is over
    await bank.sql(during, officer.staff_id, delegate.staff_id, here, Range(now - timedelta(days=1), now + timedelta(days=2)))
    await back("dele", "DELEGATE")
    await back("ops", "HEAD")
    await bank.past_the_triggers(f"update staff set active = false where id = '{officer.staff_id}'")
    await back("legal", "COLLEAGUE")


async def test_nobody_brings_back_to_themself(bank: World) -> None:
    """By whatever right: the head of operations who keeps the volumes too, and an archivist who is the holder."""
    (volume,) = await bank.volumes()
    await bank.out([volume], tier=Tier.SECOND)
    here = bank.branches["A"].id
    await bank.hire("both", {Role.OPS_HEAD, Role.ARCHIVIST}, here, (here,))
    own = Ask(A.PRESENT_RETURN, records=(volume,), brought_by=bank.people["both"].staff_id)
    assert await bank.refused("both", own) == [("C25", "RETURN_TO_ONESELF")]
    told = await bank.desk.explain(bank.people["both"], own)
    assert [c.violation.code for c in told.checks if c.violation] == ["RETURN_TO_ONESELF"]
    await bank.past_the_triggers(f"update movements set holder_id = '{bank.people['both'].staff_id}' where record_id = '{volume}'")
    assert await bank.refused("both", own) == [("C25", "RETURN_TO_ONESELF")]
    await bank.done("archivist", own)
    assert await bank.state(volume) == "RETURN_PENDING"
