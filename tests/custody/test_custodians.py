"""Custodians who leave: what they keep passes in whatever state it is; what is gone for good, or on its way, holds nobody (C32)."""

from uuid import UUID

import pytest

from server.custody.moves import Ask
from server.custody.moves.handovers import OnHandover
from storage.terms import Action as A
from storage.terms import HandoverKind, HandoverLineState, Role, Tier
from tests.custody.chapters.volumes import approved, ended, proposed
from tests.custody.handing import archive_department, line, opened, sent, taken, to_archive
from tests.custody.releasing import SEATED, Case
from tests.harness.losses import lost, missing, paid_off
from tests.harness.world import World

CUSTODIAN = "select custodian_id from archive_records where id = $1"


async def _archived(bank: World) -> UUID:
    """A closed volume on the shelf of branch C."""
    volume = await ended(bank)
    await bank.done("archivist", Ask(A.CLOSE_VOLUME, records=(volume,)))
    handover, send = await to_archive(bank, volume)
    await bank.done("archivist", send)
    take = Ask(A.RECEIVE_HANDOVER, records=(volume,), location=bank.branches["C"].cabinet, detail=OnHandover(handover))
    await bank.done("keeper", take)
    return volume


async def _stands_as(bank: World, state: str) -> tuple[UUID, str]:
    """A volume in that state, and the name of the archivist who answers for it."""
    if state == "ARCHIVED":
        await archive_department(bank)
        return await _archived(bank), "keeper"
    if state.startswith("DISPOSAL"):
        return (await (proposed if state == "DISPOSAL_PROPOSED" else approved)(bank))[0], "archivist"
    (volume,) = await bank.volumes()
    await (missing if state == "MISSING" else lost)(bank, volume)
    return volume, "archivist"


async def _listed(bank: World, volumes: list[UUID], leaver: str) -> UUID:
    """A list of the leaver's volumes for `heir`, with `boss` to look on."""
    here = bank.people[leaver].org_id
    for name, role in (("boss", Role.OPS_HEAD), ("heir", Role.ARCHIVIST)):
        if name not in bank.people:
            await bank.hire(name, {role}, here, (here,))
    parties = {"giver": bank.people[leaver].staff_id, "taker": bank.people["heir"].staff_id}
    return await opened(bank, volumes, by=leaver, kind=HandoverKind.CUSTODIAN, to_org=here, **parties)


def _ask(action: A, volumes: list[UUID], handover: UUID, reason: str | None = None) -> Ask:
    return Ask(action, records=tuple(volumes), reason=reason, detail=OnHandover(handover))


def _leaves(bank: World, who: str) -> Ask:
    return Ask(A.DEACTIVATE_STAFF, change={"staff": str(bank.people[who].staff_id)})


async def _left(bank: World, who: str) -> None:
    asked = await bank.done("admin", _leaves(bank, who))
    await bank.done("compliance", Ask(A.CONFIRM, operation=UUID(asked["operation"])))


STATES = ["MISSING", "LOST", "DISPOSAL_PROPOSED", "DISPOSAL_APPROVED", "ARCHIVED"]


@pytest.mark.parametrize("state", STATES)
async def test_a_leaver_hands_over_what_they_keep_in_whatever_state_it_is(bank: World, state: str) -> None:
    volume, leaver = await _stands_as(bank, state)
    assert await bank.state(volume) == state
    assert await bank.refused("admin", _leaves(bank, leaver)) == [("C32", "CUSTODY_NOT_CLEARED")]
    handover = await _listed(bank, [volume], leaver)
    await bank.done(leaver, _ask(A.SEND_RESPONSIBILITY, [volume], handover))
    await bank.seated(_ask(A.RECEIVE_CUSTODY, [volume], handover), ["heir", "boss"])
    assert await bank.state(volume) == state and await bank.sql(CUSTODIAN, volume) == bank.people["heir"].staff_id
    assert await bank.sql("select state from handovers where id = $1", handover) == "CLOSED"
    await _left(bank, leaver)


@pytest.mark.parametrize("state", STATES)
async def test_what_a_leaver_offers_is_struck_rejected_or_recalled_in_whatever_state_it_is(bank: World, state: str) -> None:
    volume, leaver = await _stands_as(bank, state)
    await bank.done(leaver, _ask(A.REMOVE_HANDOVER_LINES, [volume], await _listed(bank, [volume], leaver)))
    for act, who, ends_as in (
        (A.REJECT_HANDOVER, "heir", HandoverLineState.REJECTED), (A.RECALL_RESPONSIBILITY, leaver, HandoverLineState.RECALLED),
    ):  # fmt: skip
        handover = await _listed(bank, [volume], leaver)
        await bank.done(leaver, _ask(A.SEND_RESPONSIBILITY, [volume], handover))
        await bank.done(who, _ask(act, [volume], handover, "另行安排"))
        assert await bank.sql("select state from handover_lines where handover_id = $1", handover) == ends_as
    assert await bank.sql(CUSTODIAN, volume) == bank.people[leaver].staff_id


async def test_whoever_took_over_an_archived_volume_does_not_count_its_shelf(bank: World) -> None:
    volume, leaver = await _stands_as(bank, "ARCHIVED")
    handover = await _listed(bank, [volume], leaver)
    await bank.done(leaver, _ask(A.SEND_RESPONSIBILITY, [volume], handover))
    await bank.seated(_ask(A.RECEIVE_CUSTODY, [volume], handover), ["heir", "boss"])
    keeps = "select is_keeper from stocktake_team($1, array[$2::uuid])"
    assert await bank.sql(keeps, bank.branches["C"].cabinet, bank.people["heir"].staff_id)


async def _closed_as_lost(bank: World, volume: UUID) -> None:
    await paid_off(bank, await bank.sql("select primary_loan_id from archive_records where id = $1", volume))
    await bank.seated(Ask(A.CLOSE_LOST, records=(volume,), reason="贷款已结清"), ["ops", "vice"])


async def test_a_loss_that_is_closed_holds_nobody(bank: World) -> None:
    (volume,) = await bank.volumes()
    await lost(bank, volume)
    await _closed_as_lost(bank, volume)
    await _left(bank, "archivist")


async def test_what_was_offered_and_is_closed_as_lost_since_leaves_no_handover_open(bank: World) -> None:
    (volume,) = await bank.volumes()
    await lost(bank, volume)
    handover = await _listed(bank, [volume], "archivist")
    await bank.done("archivist", _ask(A.SEND_RESPONSIBILITY, [volume], handover))
    await _closed_as_lost(bank, volume)
    await bank.done("archivist", _ask(A.RECALL_RESPONSIBILITY, [volume], handover))
    assert await line(bank, volume) == HandoverLineState.RECALLED
    assert await bank.sql("select state from handovers where id = $1", handover) == "RECALLED"


@pytest.mark.parametrize("how", ["LOST", "RELEASED"])
async def test_a_paper_that_was_offered_and_is_gone_since_leaves_no_handover_open(bank: World, how: str) -> None:
    case = await (await Case.make(bank)).ready()
    kept = [r["id"] for r in await bank.root.fetch("select id from archive_records where vault_id = $1", bank.branches["A"].vault)]
    handover = await _listed(bank, kept, "kay")
    await bank.done("kay", _ask(A.SEND_RESPONSIBILITY, kept, handover))
    if how == "LOST":
        await bank.done("officer", Ask(A.CANCEL, request=case.request, reason="暂缓办理"))
        await lost(bank, case.papers[0])
    else:
        await bank.seated(case.release, SEATED)
    assert await bank.state(case.papers[0]) == how
    await bank.done("kay", _ask(A.RECALL_RESPONSIBILITY, kept, handover))
    assert await bank.sql("select state from handovers where id = $1", handover) == "RECALLED"


@pytest.mark.parametrize("gone", [False, True])
async def test_what_is_on_its_way_is_not_on_the_list_and_keeps_its_sender_until_it_arrives(bank: World, gone: bool) -> None:
    away, stays = await bank.volumes(), await bank.volumes()
    shipment = await sent(bank, away, Tier.SECOND)
    if gone:
        await missing(bank, away[0])
    handover = await _listed(bank, stays, "archivist")
    await bank.done("archivist", _ask(A.SEND_RESPONSIBILITY, stays, handover))
    await bank.seated(_ask(A.RECEIVE_CUSTODY, stays, handover), ["heir", "boss"])
    assert await bank.refused("admin", _leaves(bank, "archivist")) == [("C32", "CUSTODY_NOT_CLEARED")]
    if not gone:
        await taken(bank, shipment, away, Tier.SECOND)
        await _left(bank, "archivist")
