"""Runs the load under fire, reckons, then shows three planted faults to the same reckoning."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from storage.database import Database
from tests.chaos.house import House, house
from tests.chaos.load import HOT, Load
from tests.chaos.mutants import FAULTS, NO_INDEX
from tests.chaos.reckoning import Reckoning, reckon
from tests.harness.world import World

VOLUMES_AT_ONCE = 250
# What each fault must bring about: another trouble is none of its own.
SHOWS: dict[str, Callable[[Reckoning], list[str]]] = {
    "answer_before_commit": lambda told: told.lost,
    "no_lock_and_no_index": lambda told: told.double + told.books,  # two acts on one state, of which the history tells one
    "no_idempotency": lambda told: told.double,
}


@dataclass
class Fire:
    """How much of everything."""

    clients: int
    cycles: int
    kills_server: int
    kills_pg: int


async def under_fire(made: House, fire: Fire, told: Progress) -> tuple[Reckoning, Load, tuple[int, int]]:
    """The load, the kills spread over it, and what the books say afterwards."""
    database = Database(made.parts.app_url)
    await database.open()
    root = await asyncpg.connect(made.super_url)
    bank = await World.make(database, root)
    task = told.add_task("volumes", total=min(fire.cycles, 10_000) + HOT)
    records = []
    while len(records) < min(fire.cycles, 10_000) + HOT:
        records += await bank.volumes(min(VOLUMES_AT_ONCE, min(fire.cycles, 10_000) + HOT - len(records)))
        told.update(task, completed=len(records))
    barcodes = {r["id"]: r["barcode"] for r in await root.fetch("select id, barcode from archive_records where id = any($1)", records)}
    if made.mutant == "no_lock_and_no_index":
        await root.execute(NO_INDEX)
    await database.close()
    await root.close()
    load = Load([s.address for s in made.servers], made.token, bank, records, barcodes)
    killed = await _load(made, load, fire, told)
    root = await asyncpg.connect(made.super_url)
    found = await reckon(root, load)
    await root.close()
    return found, load, killed


async def _load(made: House, load: Load, fire: Fire, told: Progress) -> tuple[int, int]:
    servers_at = [round((n + 0.5) * fire.cycles / max(1, fire.kills_server)) for n in range(fire.kills_server)]
    postgres_at = [round((n + 0.3) * fire.cycles / max(1, fire.kills_pg)) for n in range(fire.kills_pg)]
    task, killed, busy = told.add_task("cycles", total=fire.cycles), [0, 0], asyncio.Lock()

    async def ticked(cycles: int) -> None:
        told.update(task, completed=cycles)
        async with busy:  # blocks this loop while a part starts: its clients wait, the other server's do not matter
            if servers_at and cycles >= servers_at[0]:
                servers_at.pop(0)
                server = made.servers[killed[0] % len(made.servers)]
                server.kill()
                server.start()
                killed[0] += 1
            if postgres_at and cycles >= postgres_at[0]:
                postgres_at.pop(0)
                made.kill_postgres()
                killed[1] += 1

    watch = asyncio.create_task(_supervise(made))
    try:
        await load.run(fire.clients, _turns(load, fire.cycles), ticked)
    finally:
        watch.cancel()
    return killed[0], killed[1]


def _turns(load: Load, wanted: int) -> Iterator[int]:
    """As many as it takes: on records that many want at once most tries end before they begin."""
    turn = 0
    while load.cycles < wanted:
        yield turn
        turn += 1


async def _supervise(made: House) -> None:
    """As an init system would: a server that ended by itself, because PostgreSQL was gone at its start, is started again."""
    while True:
        await asyncio.sleep(1)
        for server in made.servers:
            if server.process is not None and server.process.poll() is not None:
                server.start()


def run(folder: Path, fire: Fire, console: Console, mutant: str = "") -> tuple[Reckoning, Load, tuple[int, int]]:
    columns = (TextColumn("{task.description}"), *Progress.get_default_columns()[1:3], TimeElapsedColumn())
    with Progress(*columns, console=console) as told, house(folder / (mutant or "sound"), mutant) as made:
        return asyncio.run(under_fire(made, fire, told))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--cycles", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--kills-server", type=int, default=40)
    parser.add_argument("--kills-pg", type=int, default=10)
    parser.add_argument("--mutant-cycles", type=int, default=400)
    parser.add_argument("--mutant-clients", type=int, default=32)
    given = parser.parse_args()
    console, folder = Console(), Path(tempfile.mkdtemp(prefix="loanfile-chaos-"))
    found, load, killed = run(folder, Fire(given.clients, given.cycles, given.kills_server, given.kills_pg), console)
    for what in (*found.lost[:10], *found.double[:10], *found.orphan[:10]):
        console.print(what, highlight=False)
    caught = []
    for fault in FAULTS:
        told, _, _ = run(folder, Fire(given.mutant_clients, given.mutant_cycles, 4, 0), console, fault)
        shown = SHOWS[fault](told)
        caught += [fault] if shown else []
        console.print(f"{fault}: lost={len(told.lost)} double={len(told.double)} orphan={len(told.orphan)}", highlight=False)
        console.print(*(f"  {what[:300]}" for what in shown[:2] or told.orphan[:2]), sep="\n", highlight=False)
    fired = killed == (given.kills_server, given.kills_pg) and found.checkouts >= given.cycles
    right = found.clean and fired and len(caught) == len(FAULTS)
    if right:
        shutil.rmtree(folder)
    else:
        console.print(f"logs in {folder}", highlight=False)
    print(
        f"chaos: checkouts={found.checkouts} kills_server={killed[0]} kills_pg={killed[1]} dropped={load.dropped} lost={len(found.lost)}"
        f" double={len(found.double)} orphan={len(found.orphan)} mutants_caught={len(caught)}/{len(FAULTS)}"
    )
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
