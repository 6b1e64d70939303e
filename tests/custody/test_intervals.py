"""Who had a record when: the intervals of its life follow each other without gap or overlap, whatever clock and crowd do."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest

from server.compliance.events import body_of
from storage.terms import Tier
from tests.chaos.load import HOT, Load
from tests.chaos.reckoning import OVERLAPS
from tests.harness.web import site
from tests.harness.world import World

SECONDS = [3, pytest.param(60, marks=pytest.mark.soak)]
CLIENTS = 64
LIFE = """select happened_at, canonical from events where record_id = $1 order by chain_id, seq"""


async def life(bank: World, record: UUID) -> list[tuple[Any, str]]:
    """Since when it was in which state."""
    told = [(r["happened_at"], body_of(bytes(r["canonical"]))["detail"]) for r in await bank.root.fetch(LIFE, record)]
    return [(at, detail["to"]) for at, detail in told if "to" in detail]


async def test_a_clock_set_back_by_five_seconds_disorders_nothing(bank: World) -> None:
    papers, volumes = await bank.papers(), await bank.volumes()
    for records, tier in ((papers, Tier.FIRST), (volumes, Tier.SECOND)):
        await bank.out(records, tier=tier)
        bank.later(seconds=-5)
        await bank.presented(records, tier=tier)
        bank.later(seconds=-5)
        await bank.accepted(records, tier=tier)
        bank.later(seconds=-5)
        await bank.out(records, tier=tier)
    for record in (*papers, *volumes):
        told = await life(bank, record)
        assert [at for at, _ in told] == sorted({at for at, _ in told}) and told[-1][1] == "CHECKED_OUT"
        moves = await bank.root.fetch(
            "select reserved_at, out_at, returned_at, closed_at from movements where record_id = $1 order by id", record
        )
        instants = [at for m in moves if m["out_at"] for at in m if at]
        assert instants == sorted(instants), instants


@pytest.mark.parametrize("seconds", SECONDS)
async def test_64_clients_on_8_records_never_overlap(
    bank: World, told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory, seconds: int
) -> None:
    records = await bank.volumes(HOT)
    rows = await bank.root.fetch("select id, barcode from archive_records where id = any($1)", records)
    dead = "select deadlocks from pg_stat_database where datname = current_database()"
    before = await bank.sql(dead)
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("hot")  # shared, so that a token of one is a token of both
        sites = [stack.enter_context(site(told, database_name, folder, f"{n}.log", cost_bucket="1000000000")) for n in range(2)]
        load = Load([s.address for s in sites], sites[0].token, bank, records, {r["id"]: r["barcode"] for r in rows}, dropped_share=0)
        await load.run(CLIENTS, until(seconds), nothing)
    assert await bank.sql(OVERLAPS) == 0
    assert await bank.sql(dead) == before
    assert not load.internal
    checkouts = sum(a.done for a in load.acts if a.name == "checkOut")
    assert checkouts > 0 and checkouts == await bank.sql(
        "select count(*) from movements where record_id = any($1) and out_at is not null", records
    )
    if seconds > 10:
        print(f"\nsoak: 64 clients on 8 records n={seconds}s checkouts={checkouts} overlaps=0 deadlocks=0 ok")


def until(seconds: int) -> Iterator[int]:
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        yield turn
        turn += 1


async def nothing(_: int) -> None:
    await asyncio.sleep(0)
