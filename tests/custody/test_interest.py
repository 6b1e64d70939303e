"""C2, C4: one seat a day at a vault; nobody decides about, inspects or gives away a file in which they have an interest."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from server.custody.moves import Ask
from server.custody.moves.volumes import BatchNamed, Received, Tick
from server.custody.policy import BANK_ZONE
from storage.terms import Action as A
from tests.custody.attacking import relate
from tests.custody.chapters.volumes import proposed, submitted
from tests.custody.releasing import scan, surrendering
from tests.harness.losses import missing, searched
from tests.harness.world import World

INTEREST = ("C4", "CONFLICT_OF_INTEREST")


def duty(bank: World, who: UUID, seat: str, start: datetime, hours: float) -> Ask:
    """Of branch A's vault."""
    change: dict[str, Any] = {
        "id": str(bank.branches["A"].cabinet),
        "vault": str(bank.branches["A"].vault),
        "staff": str(who),
        "seat": seat,
    }
    times = {"from_at": start.isoformat(), "to_at": (start + timedelta(hours=hours)).isoformat()}
    return Ask(A.ASSIGN_DUTY, change=change | times)


@pytest.mark.parametrize(
    ("seat", "after", "hours", "refused"),
    [
        ("CODE", 4, 1, True),
        ("CODE", 11, 1, True),
        ("CODE", 12, 1, False),
        ("CODE", -13, 1, False),
        ("CODE", -13, 1.5, True),
        ("KEY", 4, 1, False),
    ],
)
async def test_key_and_code_of_a_vault_are_two_people_on_each_day(
    bank: World, seat: str, after: float, hours: float, refused: bool
) -> None:
    noon = datetime.combine(bank.day(3000), time(4), UTC)  # of the bank
    who = (await bank.hire("dora", set(), bank.branches["A"].id, (bank.branches["A"].id,))).staff_id
    await bank.sql("insert into keeper_duties (vault_id, staff_id, seat, during) values ($1, $2, 'KEY', tstzrange($3, $4))",
                   bank.branches["A"].vault, who, noon, noon + timedelta(hours=4))  # fmt: skip
    ask = duty(bank, who, seat, noon + timedelta(hours=after), hours)
    assert (await bank.desk.explain(bank.people["admin"], ask)).allowed is not refused
    if refused:
        assert await bank.refused("admin", ask) == [("C2", "KEEPER_DUTY_CONFLICT")]


async def test_a_keeper_of_an_earlier_day_takes_the_other_seat_over(bank: World) -> None:
    who = (await bank.hire("dora", set(), bank.branches["A"].id, (bank.branches["A"].id,))).staff_id
    vault, now = bank.branches["A"].vault, datetime.now(UTC)
    add = "insert into keeper_duties (vault_id, staff_id, seat, during) values ($1, $2, 'KEY', tstzrange($3, $4)) returning id"
    await bank.sql(add, vault, who, now - timedelta(days=9), now - timedelta(days=8))
    change = {"vault": str(vault), "from": str(bank.people["cody"].staff_id), "to": str(who), "seat": "CODE", "id": str(vault)}
    ask = Ask(A.HAND_OVER_DUTY, change=change | {"staff": str(who), "to_at": (now + timedelta(hours=2)).isoformat()})
    assert (await bank.desk.explain(bank.people["admin"], ask)).allowed
    await bank.sql(add, vault, who, now - timedelta(seconds=2), now - timedelta(seconds=1))
    if (now - timedelta(seconds=3)).astimezone(BANK_ZONE).date() == now.astimezone(BANK_ZONE).date():
        assert await bank.refused("admin", ask) == [("C2", "KEEPER_DUTY_CONFLICT")]


async def test_nobody_takes_over_a_volume_of_a_customer_they_are_related_to(bank: World) -> None:
    volume = await submitted(bank)
    await relate(bank, "archivist", volume)
    ticks = tuple(Tick(r["id"], r["pages"]) for r in await bank.root.fetch("select id, pages from file_items where record_id = $1", volume))
    ask = Ask(A.ACCEPT_VOLUME, records=(volume,), location=bank.branches["A"].cabinet, detail=Received(ticks))
    assert await bank.refused("archivist", ask) == [INTEREST]


async def test_nobody_approves_the_disposal_of_a_file_they_have_an_interest_in(bank: World) -> None:
    volume, batch = await proposed(bank)
    await relate(bank, "head", volume)
    shown = (await bank.sql("select list_hash from disposal_batches where id = $1", batch)).hex()
    ask = Ask(A.APPROVE_DISPOSAL, records=(volume,), detail=BatchNamed(batch, shown))
    assert await bank.refused("head", ask) == [INTEREST]
    await bank.done("risk", ask)


async def test_nobody_declares_a_loss_or_surrenders_papers_of_their_own_customer(bank: World) -> None:
    (paper,) = await bank.papers()
    await missing(bank, paper)
    await searched(bank, paper)
    await relate(bank, "vice", paper)
    opened = await bank.done("ops", Ask(A.DECLARE_LOST, records=(paper,), reason="经查找无着"))
    assert await bank.refused("vice", Ask(A.CONFIRM, operation=UUID(opened["operation"]))) == [INTEREST]
    case = await surrendering(bank)
    case.receipt = await scan(bank, "REQUEST", case.request)
    await relate(bank, "legal", case.papers[0])
    assert await bank.refused("legal", case.surrender) == [INTEREST]
