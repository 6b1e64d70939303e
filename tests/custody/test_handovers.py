"""Handovers at the desk: sent by one side, taken by the other, rejected, recalled; what the rules refuse and who sees what."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from server.custody.moves import Ask, Override
from server.custody.moves.handovers import OnHandover
from server.errors import InvalidInput, NotFound
from server.scans.announcing import NewScan
from server.scans.uploads import Uploads
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import HandoverKind, HandoverLineState, HoldKind, HoldSubject, MediaType, RetentionClass, Role, ScanSubject, Seat, Tier
from tests.custody.chapters.stocktakes import electronic_certificate
from tests.custody.chapters.volumes import ended
from tests.custody.handing import HERE, SLOT, THERE, archive_department, line, opened, placed, seal, sent, taken, to_archive
from tests.custody.releasing import Case
from tests.harness import losses
from tests.harness.world import World


async def test_papers_go_to_another_unit_and_custody_passes_when_both_sides_have_acknowledged(bank: World) -> None:
    papers, branch = await bank.papers(2), bank.branches["B"]
    handover = await sent(bank, papers)
    assert [await bank.state(p) for p in papers] == ["IN_TRANSIT"] * 2
    keeper = "select custody_org_id from archive_records where id = $1"
    assert await bank.sql(keeper, papers[0]) == bank.branches["A"].id
    assert await bank.sql("select state from handovers where id = $1", handover) == "SENT"
    assert await bank.sql(SLOT, papers[0]) is None
    assert branch.id in await bank.sql("select visible_to from archive_records where id = $1", papers[0])
    await taken(bank, handover, papers)
    assert [await bank.state(p) for p in papers] == ["IN_VAULT"] * 2
    row = await bank.root.fetchrow("select custody_org_id, vault_id from archive_records where id = $1", papers[0])
    assert tuple(row) == (branch.id, branch.vault)
    assert await bank.sql("select state from handovers where id = $1", handover) == "CLOSED"
    entries = await bank.root.fetch("select direction, org_id from off_balance_entries where record_id = $1 order by queued_at", papers[0])
    assert [tuple(e) for e in entries[-2:]] == [("OUT", bank.branches["A"].id), ("IN", branch.id)]
    assert (
        await bank.sql(
            "select org_id from sealed_envelopes e where id = (select envelope_id from archive_records where id = $1)", papers[0]
        )
        == branch.id
    )


async def test_a_volume_goes_to_another_archivist(bank: World) -> None:
    volumes = await bank.volumes(2)
    handover = await sent(bank, volumes, Tier.SECOND)
    await taken(bank, handover, volumes, Tier.SECOND)
    assert [await bank.state(v) for v in volumes] == ["FILED"] * 2
    assert await bank.sql("select custodian_id from archive_records where id = $1", volumes[0]) == bank.people["archivist_b"].staff_id


async def test_what_is_rejected_comes_back_to_its_sender(bank: World) -> None:
    papers, more = await bank.papers(), await bank.papers()
    handover = await sent(bank, [*papers, *more])
    reject = Ask(A.REJECT_HANDOVER, records=tuple(papers), reason="封签破损", detail=OnHandover(handover))
    await bank.done("clerk_b", reject)
    assert await line(bank, papers[0]) == HandoverLineState.REJECTED and await bank.state(papers[0]) == "IN_TRANSIT"
    await taken(bank, handover, more)
    assert await bank.sql("select state from handovers where id = $1", handover) == "PARTLY_ACKNOWLEDGED"
    back = Ask(A.TAKE_BACK, records=tuple(papers), placements=await placed(bank, papers, "A"), detail=OnHandover(handover))
    await bank.seated(back, HERE)
    assert await bank.state(papers[0]) == "IN_VAULT" and await line(bank, papers[0]) == HandoverLineState.REJECTED
    assert await bank.sql("select state from handovers where id = $1", handover) == "CLOSED"
    assert await bank.sql("select visible_to from archive_records where id = $1", papers[0]) == [bank.branches["A"].id]
    await bank.out(papers)


async def test_a_handover_is_recalled_before_it_is_acknowledged(bank: World) -> None:
    papers = await bank.papers()
    handover = await sent(bank, papers)
    back = Ask(A.TAKE_BACK, records=tuple(papers), placements=await placed(bank, papers, "A"), detail=OnHandover(handover))
    await bank.seated(back, HERE)
    assert await bank.state(papers[0]) == "IN_VAULT"
    assert await bank.sql("select state from handovers where id = $1", handover) == "RECALLED"


async def test_what_went_missing_on_its_way_is_found_by_its_giver_and_its_line_is_open_no_longer(bank: World) -> None:
    gone, arrived = await bank.papers(), await bank.papers()
    handover = await sent(bank, [*gone, *arrived])
    await losses.missing(bank, gone[0])
    await taken(bank, handover, arrived)
    back = replace(losses.found(bank, gone[0]), placements=await placed(bank, gone, "A"))
    assert ("C1", "DUAL_CONTROL_REQUIRED") in await bank.refused("kay_b", back)  # until both have acknowledged it is not theirs
    await bank.seated(back, HERE)
    assert await bank.state(gone[0]) == "IN_VAULT" and await line(bank, gone[0]) == HandoverLineState.RECALLED
    assert await bank.sql("select state from handovers where id = $1", handover) == "CLOSED"
    assert await bank.sql("select visible_to from archive_records where id = $1", gone[0]) == [bank.branches["A"].id]
    late = Ask(A.RECEIVE_HANDOVER, records=tuple(gone), placements=await placed(bank, gone, "B"), detail=OnHandover(handover))
    with pytest.raises(NotFound):
        await bank.does("kay_b", late)
    await taken(bank, await sent(bank, gone), gone)  # it may be sent again


@pytest.mark.parametrize("rejected", [False, True])
async def test_a_volume_that_went_missing_on_its_way_is_found_as_it_was_sent(bank: World, rejected: bool) -> None:
    volumes = await bank.volumes()
    handover = await sent(bank, volumes, Tier.SECOND)
    if rejected:
        await bank.done("archivist_b", Ask(A.REJECT_HANDOVER, records=tuple(volumes), reason="未收到", detail=OnHandover(handover)))
    await losses.missing(bank, volumes[0])
    await bank.seated(losses.found(bank, volumes[0]), ["archivist"])
    assert await bank.state(volumes[0]) == "FILED"


@pytest.mark.parametrize("rejected", [False, True])
async def test_what_is_lost_on_its_way_leaves_no_handover_open(bank: World, rejected: bool) -> None:
    volumes = await bank.volumes()
    handover = await sent(bank, volumes, Tier.SECOND)
    if rejected:
        reject = Ask(A.REJECT_HANDOVER, records=tuple(volumes), reason="未收到", detail=OnHandover(handover))
        await bank.done("archivist_b", reject)
    await losses.lost(bank, volumes[0])
    assert await line(bank, volumes[0]) == (HandoverLineState.REJECTED if rejected else HandoverLineState.RECALLED)
    assert await bank.sql("select back_operation_id is not null from handover_lines where record_id = $1", volumes[0]) is rejected
    assert await bank.sql("select state from handovers where id = $1", handover) == ("CLOSED" if rejected else "RECALLED")


async def test_papers_that_wait_for_the_vault_arrive_waiting(bank: World) -> None:
    papers, _ = await bank.registered()
    handover = await opened(bank, papers)
    ask = Ask(A.SEND_PENDING, records=tuple(papers), detail=OnHandover(handover, seal_no=seal(bank)))
    await bank.seated(ask, ["officer", "clerk"])
    assert await bank.state(papers[0]) == "IN_TRANSIT"
    assert await bank.sql("select count(*) from off_balance_entries where record_id = $1", papers[0]) == 0
    ask = Ask(A.RECEIVE_PENDING, records=tuple(papers), detail=OnHandover(handover))
    await bank.seated(ask, THERE)
    assert await bank.state(papers[0]) == "PENDING_INTAKE"
    assert await bank.sql("select vault_id from archive_records where id = $1", papers[0]) == bank.branches["B"].vault


async def test_who_answers_for_a_paper_that_is_out_changes_without_a_movement(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    handover = await opened(bank, volumes)
    await bank.done("archivist", Ask(A.SEND_RESPONSIBILITY, records=tuple(volumes), detail=OnHandover(handover)))
    take = Ask(A.RECEIVE_RESPONSIBILITY, records=tuple(volumes), location=bank.branches["B"].cabinet, detail=OnHandover(handover))
    await bank.done("archivist_b", take)
    assert await line(bank, volumes[0]) == HandoverLineState.RESPONSIBILITY_ONLY and await bank.state(volumes[0]) == "CHECKED_OUT"
    assert await bank.sql("select custody_org_id from archive_records where id = $1", volumes[0]) == bank.branches["B"].id
    brought = Ask(A.PRESENT_RETURN, records=tuple(volumes), brought_by=bank.people["officer"].staff_id)
    await bank.done("archivist_b", brought)
    await bank.done("archivist_b", Ask(A.ACCEPT_RETURN, records=tuple(volumes), inspections=bank.inspected(volumes)))
    assert await bank.state(volumes[0]) == "FILED"


@pytest.mark.parametrize("who", ["kay", "clerk"])
async def test_the_sending_side_cannot_acknowledge_for_the_other(bank: World, who: str) -> None:
    papers = await bank.papers()
    handover = await sent(bank, papers)
    take = Ask(A.RECEIVE_HANDOVER, records=tuple(papers), placements=await placed(bank, papers, "B"), detail=OnHandover(handover))
    assert ("C31", "HANDOVER_NOT_ACKNOWLEDGED") in await bank.refused(who, take)


async def test_a_hold_goes_with_the_paper_and_a_case_does_not(bank: World) -> None:
    held, missing = await bank.papers(), await bank.papers()
    await bank.done("legal", Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.RECORD, subject=held[0], reason="冻结"))
    handover = await sent(bank, held)
    await taken(bank, handover, held)
    other = await opened(bank, missing)
    await bank.sql(
        "insert into discrepancies (org_id, record_id, kind, findings, reported_by, owner_id, reported_at, deadline_at)"
        " values ($1, $2, 'SEAL_BROKEN', '封签破损', $3, $3, now(), now())",
        bank.branches["A"].id, missing[0], bank.people["kay"].staff_id,
    )  # fmt: skip
    ask = Ask(A.SEND_HANDOVER, records=tuple(missing), detail=OnHandover(other, seal_no=seal(bank)))
    assert ("C17", "RECORD_FROZEN") in await bank.refused("kay", ask)


async def test_a_leaver_hands_over_all_that_they_keep_under_supervision(bank: World) -> None:
    volumes, branch = await bank.volumes(3), bank.branches["A"]
    await bank.hire("boss", {Role.OPS_HEAD}, branch.id, (branch.id,))
    heir = await bank.hire("heir", {Role.ARCHIVIST}, branch.id, (branch.id,))
    leaver = bank.people["archivist"].staff_id
    some = await opened(bank, volumes[:2], by="archivist", kind=HandoverKind.CUSTODIAN, to_org=branch.id, giver=leaver, taker=heir.staff_id)
    ask = Ask(A.SEND_RESPONSIBILITY, records=tuple(volumes[:2]), detail=OnHandover(some))
    assert ("C32", "CUSTODY_NOT_CLEARED") in await bank.refused("archivist", ask)
    await bank.done("archivist", Ask(A.ADD_HANDOVER_LINES, records=(volumes[2],), detail=OnHandover(some)))
    await bank.done("archivist", Ask(A.SEND_RESPONSIBILITY, records=tuple(volumes), detail=OnHandover(some)))
    await bank.seated(Ask(A.RECEIVE_CUSTODY, records=tuple(volumes), detail=OnHandover(some)), ["heir", "boss"])
    assert await bank.sql("select state from handovers where id = $1", some) == "CLOSED"
    assert await bank.sql("select count(*) from archive_records where custodian_id = $1", leaver) == 0
    opened_ = await bank.done("admin", Ask(A.DEACTIVATE_STAFF, change={"staff": str(leaver)}))
    await bank.done("compliance", Ask(A.CONFIRM, operation=UUID(opened_["operation"])))


async def test_loans_go_to_another_unit_with_their_customers_and_history(bank: World) -> None:
    loan, here, there = await bank.loan(), bank.branches["A"].id, bank.branches["B"].id
    volumes = await bank.volumes(loan=loan)
    party = await bank.sql("select c.party_id from loans l join customers c on c.id = l.customer_id where l.id = $1", loan)
    report = await bank.sql(
        "insert into inspection_reports (org_id, number, kind, subject, loan_id, title, period_from, period_to, analysis, proposal, drafted_by,"
        " drafted_at) values ($1, $2, 'BORROWER_TRACKING', 'BORROWER', $3, '贷后检查', current_date, current_date, '正常', '维持', $4, now())"
        " returning id", here, f"R{bank.tag}", loan, bank.people["officer"].staff_id,
    )  # fmt: skip
    change = {"unit": str(here), "receiver": str(there), "loans": [str(loan)], "expected": 1}
    moved = await bank.done("admin", Ask(A.TRANSFER_LOANS, change=change))
    assert await bank.sql("select org_id from loans where id = $1", loan) == here
    await bank.done("compliance", Ask(A.CONFIRM, operation=UUID(moved["operation"])))
    row = await bank.root.fetchrow(
        "select l.org_id, c.org_id, c.party_id from loans l join customers c on c.id = l.customer_id where l.id = $1", loan
    )
    assert tuple(row) == (there, there, party)
    row = await bank.root.fetchrow("select org_id, custody_org_id, visible_to from archive_records where id = $1", volumes[0])
    assert tuple(row) == (there, here, sorted({here, there}))
    assert await bank.sql("select org_id from chains where id = $1", loan) == there
    seen = "select count(*) from inspection_reports where id = $1"
    for who, count in (("officer", 0), ("officer_b", 1)):
        async with bank.database.transaction(bank.people[who]) as conn:
            assert await conn.raw.fetchval(seen, report) == count
    tags = "select array_agg(tag order by seq) from events where chain_id = $1"
    for who in ("officer", "officer_b"):  # what was before the transfer is read by both, by one as its own, by the other with the loan
        async with bank.database.transaction(bank.people[who]) as conn:
            assert "record:register:done" in await conn.raw.fetchval(tags, loan)
    assert (await bank.sql(tags, loan))[-1] == "loan:transfer:done"


async def test_another_number_of_loans_than_was_confirmed_is_not_transferred(bank: World) -> None:
    await bank.loan()
    change = {"unit": str(bank.branches["A"].id), "receiver": str(bank.branches["B"].id), "expected": 2}
    with pytest.raises(InvalidInput) as told:
        await bank.does("admin", Ask(A.TRANSFER_LOANS, change=change))
    assert [(p.path, p.code) for p in told.value.problems] == [(("expectedCount",), "COUNT_CHANGED")]


async def test_either_side_uploads_a_scan_of_the_handover(bank: World, objects: ObjectStore) -> None:
    handover = await sent(bank, await bank.papers())
    for who in ("clerk", "clerk_b"):
        new = NewScan(ScanSubject.HANDOVER, handover, "移交清单", MediaType.PDF, uuid4().bytes * 2, 100, 1)
        outcome = (await Uploads(bank.database, objects).register(bank.people[who], new, key=uuid4().hex)).outcome
        unit = await bank.sql("select org_id from scans where id = $1", UUID(outcome["scan"]))
        assert unit == bank.people[who].org_id


async def closed(bank: World, retention: RetentionClass = RetentionClass.TWENTY_YEARS) -> UUID:
    volume = await ended(bank)
    await bank.done("archivist", Ask(A.CLOSE_VOLUME, records=(volume,)))
    if retention is RetentionClass.FIVE_YEARS:  # a loan of a year or less
        await bank.past_the_triggers(f"update archive_records set retention_class = 'FIVE_YEARS' where id = '{volume}'")
    return volume


async def test_a_closed_volume_goes_to_the_archive_department_and_is_archived_there(bank: World) -> None:
    await archive_department(bank)
    volume, there = await closed(bank), bank.branches["C"]
    handover, out = await to_archive(bank, volume)
    await bank.done("archivist", out)
    assert await bank.state(volume) == "IN_TRANSIT"
    take = Ask(A.RECEIVE_HANDOVER, records=(volume,), location=there.cabinet, detail=OnHandover(handover))
    assert ("C31", "HANDOVER_NOT_ACKNOWLEDGED") in await bank.refused("archivist", take)  # not the branch for the department
    await bank.done("keeper", take)
    row = await bank.root.fetchrow("select state, custody_org_id, custodian_id, location_id from archive_records where id = $1", volume)
    assert tuple(row) == ("ARCHIVED", there.id, bank.people["keeper"].staff_id, there.cabinet)
    assert await bank.sql("select state from handovers where id = $1", handover) == "CLOSED"
    told = (
        "select array_agg(finish order by seq) from (select seq, convert_from(substr(canonical, 18), 'UTF8')::jsonb->'detail'->>'to' finish"
    )
    told += " from events where record_id = $1) e where finish is not null"
    assert (await bank.sql(told, volume))[-2:] == ["IN_TRANSIT", "ARCHIVED"]


@pytest.mark.parametrize("wrong", ["on the shelf", "five years"])
async def test_the_archive_department_takes_closed_volumes_of_the_long_classes_alone(bank: World, wrong: str) -> None:
    await archive_department(bank)
    volume = (await bank.volumes())[0] if wrong == "on the shelf" else await closed(bank, RetentionClass.FIVE_YEARS)
    _, out = await to_archive(bank, volume)
    assert await bank.refused("archivist", out) == [("C45", "NOT_FOR_THE_ARCHIVE")]


async def late(bank: World) -> tuple[UUID, list[UUID]]:
    """A handover whose first shipment is nine days late, and the volumes that are still on the shelf."""
    volumes = await bank.volumes(2)
    handover = await opened(bank, volumes, by="archivist")
    await bank.done("archivist", Ask(A.SEND_HANDOVER, records=(volumes[0],), detail=OnHandover(handover, seal_no=seal(bank))))
    await bank.sql(
        "update shipments set sent_at = sent_at - interval '9 days', due_at = due_at - interval '9 days' where handover_id = $1", handover
    )
    return handover, volumes[1:]


async def test_behind_a_late_shipment_the_next_leaves_with_a_second_person_and_says_so(bank: World) -> None:
    handover, rest = await late(bank)
    plain = Ask(A.SEND_HANDOVER, records=tuple(rest), detail=OnHandover(handover, seal_no=seal(bank)))
    assert await bank.refused("archivist", plain) == [("C33", "TRANSIT_OVERDUE")]
    why = replace(plain, overrides=(Override("C33", "车辆已在途，后续批次须同日到达"),))
    waiting = await bank.done("archivist", why)
    operation = UUID(waiting["operation"])
    assert waiting["state"] == "PENDING" and await bank.state(rest[0]) == "FILED"
    assert ("C50", "OVERRIDE_NOT_PERMITTED") in await bank.refused("chief", Ask(A.CONFIRM, operation=operation, seat=Seat.OVERRIDE))
    done = await bank.done("ops", Ask(A.CONFIRM, operation=operation))
    assert done["state"] == "DONE" and await bank.state(rest[0]) == "IN_TRANSIT"
    row = await bank.root.fetchrow("select rule, code, asked_by, confirmed_by from overrides where record_id = $1", rest[0])
    assert tuple(row) == ("C33", "TRANSIT_OVERDUE", bank.people["archivist"].staff_id, bank.people["ops"].staff_id)
    await taken(bank, handover, rest, Tier.SECOND)
    assert await bank.state(rest[0]) == "FILED"


async def test_no_override_sends_first_tier_papers_where_there_is_no_vault(bank: World) -> None:
    """C33 has two rows: the limit of a transit may be overridden, the night in a unit without a vault may not."""
    await archive_department(bank)
    papers = await bank.papers()
    handover = await opened(bank, papers, to_org=bank.branches["C"].id)
    ask = Ask(A.SEND_HANDOVER, records=tuple(papers), overrides=(Override("C33", "急"),), detail=OnHandover(handover, seal_no=seal(bank)))
    assert ("C33", "NO_VAULT_OVERNIGHT") in await bank.refused("kay", ask)


async def test_what_lies_in_no_envelope_goes_to_the_other_vault_and_back_without_a_seal_or_a_slot(bank: World) -> None:
    """A settlement notice lies in the vault as it is, an electronic certificate is a reference (C9, C55)."""
    case = await Case.make(bank)
    await case.paid()
    await case.notice()
    notice = await bank.sql("select id from archive_records where kind = 'SETTLEMENT_NOTICE' and org_id = $1", bank.branches["A"].id)
    bare = [notice, await electronic_certificate(bank)]
    handover = await sent(bank, bare)
    lines = await bank.root.fetch("select seal_no, stood_as from handover_lines where handover_id = $1", handover)
    assert [tuple(r) for r in lines] == [(None, "IN_VAULT")] * 2
    await bank.done("clerk_b", Ask(A.REJECT_HANDOVER, records=(bare[1],), reason="未列明", detail=OnHandover(handover)))
    await bank.seated(Ask(A.RECEIVE_HANDOVER, records=(notice,), detail=OnHandover(handover)), THERE)
    await bank.seated(Ask(A.TAKE_BACK, records=(bare[1],), detail=OnHandover(handover)), HERE)
    kept = await bank.root.fetch("select vault_id, state from archive_records where id = any($1) order by array_position($1, id)", bare)
    assert [tuple(r) for r in kept] == [(bank.branches["B"].vault, "IN_VAULT"), (bank.branches["A"].vault, "IN_VAULT")]
