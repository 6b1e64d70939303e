"""`make bench`: all subjects, or those that are named: `make bench PARTS="reads search"`."""

import asyncio
import sys
from collections.abc import Callable

from rich.console import Console

from bench import data, desk, history, hostile, isolation, ledger, lists, memory, peers, reads, report, scans
from bench.load import Load

Subject = Callable[[data.Bank, Load, Console], list[str]]


def _reads(bank: data.Bank, load: Load, console: Console) -> list[str]:
    principal = asyncio.run(reads.principal_of(bank, "officer"))
    with peers.servers(bank, principal, "officer") as running:
        made = reads.measure(bank, running, load, console)
        console.print(reads.table(made, running))
        console.print(", ".join(f"{s.label}: {peers.resident_mb(s.pid):.0f} MB" for s in running.values()), highlight=False)
    told = reads.results(made)
    report.keep("reads", told)
    return reads.over_budget(told)


def _lists(bank: data.Bank, load: Load, console: Console) -> list[str]:
    with peers.our_site(bank) as site:
        found = lists.measure(site, load, console)
    console.print(lists.table(found, "Lists: 50 nodes with every value, in every order"))
    report.keep("lists", lists.results(found))
    return [f"list {f.name}: p95 {f.p95_ms:.0f} ms in {f.what}" for f in found if f.p95_ms > lists.BUDGET_MS]


def _search(bank: data.Bank, load: Load, console: Console) -> list[str]:
    with peers.our_site(bank) as site:
        found = lists.measure_search(bank, site, load, console)
    console.print(lists.table(found, "Search: the first 20 with their nodes"))
    report.keep("search", {**lists.results(found), "cpu_ms": round(max(f.cpu_ms for f in found), 1)})
    return [f"search for {f.name}: p95 {f.p95_ms:.0f} ms" for f in found if f.p95_ms > lists.SEARCH_BUDGET_MS]


def _history(bank: data.Bank, load: Load, console: Console) -> list[str]:
    with peers.our_site(bank) as site:
        told = history.measure(bank, site, load, console)
    console.print(
        f"history: a contract with {told['events']:,} events, first page p50 {told['first_page_p50_ms']} ms, p95 {told['first_page_p95_ms']} ms;"
        f" last page p95 {told['last_page_p95_ms']} ms",
        highlight=False,
    )
    report.keep("history", told)
    slowest = max(told["first_page_p95_ms"], told["last_page_p95_ms"])
    return [f"history: {slowest} ms for a page"] if slowest > history.BUDGET_MS else []


def _isolation(bank: data.Bank, load: Load, console: Console) -> list[str]:
    made = isolation.run(bank)
    for name, r in made.items():
        console.print(
            f"isolation, {name}: {r.with_ms:.2f} ms with, {r.without_ms:.2f} ms without, {r.ratio:.2f}×, by {r.index}", highlight=False
        )
    report.keep(
        "isolation", {name: {"ratio": round(r.ratio, 3), "with_ms": round(r.with_ms, 3), "index": r.index} for name, r in made.items()}
    )
    return [f"isolation, {name}: {r.ratio:.2f}×" for name, r in made.items() if r.ratio > isolation.BUDGET]


def _memory(bank: data.Bank, load: Load, console: Console) -> list[str]:
    with peers.our_site(bank) as site:
        m = memory.measure(site, load, console)
    points = " ".join(f"{p:.0f}" for p in m.points)
    console.print(
        f"memory: steady {m.steady_mb:.0f} MB; after each 10,000 of 100,000 requests of 10,000 documents: {points} MB", highlight=False
    )
    report.keep("memory_mb", round(m.steady_mb, 1))
    report.keep("memory", {"growth_mb": round(m.growth_mb, 1), "points": [round(p, 1) for p in m.points]})
    told = [f"memory: {m.steady_mb:.0f} MB"] if m.steady_mb > memory.BUDGET_MB else []
    return told + ([f"memory grew by {m.growth_mb:.0f} MB"] if m.growth_mb > memory.GROWTH_MB_MAX else [])


def _hostile(bank: data.Bank, load: Load, console: Console) -> list[str]:
    slowest = hostile.run(console)
    report.keep("hostile_ms", round(slowest, 1))
    return [f"hostile documents: {slowest:.0f} ms"] if slowest > hostile.BUDGET_MS else []


def _desk(load: Load, console: Console) -> list[str]:
    told = desk.measure(load, console)
    console.print(
        f"desk: {told['cycles_per_second']} cycles/s at {desk.CLIENTS} clients, {told['vs_ledger_off']} of the ledger off", highlight=False
    )
    report.keep("desk", told)
    return [f"desk: {told['vs_ledger_off']} of the ledger off"] if told["vs_ledger_off"] < desk.BUDGET else []


def _scans(load: Load, console: Console) -> list[str]:
    told = scans.measure(load, console)
    split = ", ".join(f"{name} {ms:.0f}" for name, ms in told["split_ms"].items())
    console.print(
        f"scans: {told['scans_per_second']}/s of 1 MB against {told['puts_per_second']} plain PUTs/s, {told['vs_plain']} ({told['vs_plain_spread']});"
        f" ms: {split}\ncustody p99 with the store hung: {told['hung_vs_base']} of {told['base_p99_ms']} ms ({told['hung_vs_base_spread']});"
        f" uploads failed in {told['failed_seconds']} s, {told['failed_seconds_max']} s at most",
        highlight=False,
    )
    report.keep("scans", told)
    over = [f"scans: {told['vs_plain']} of plain PUTs"] if told["vs_plain"] < scans.BUDGET else []
    over += [f"custody with the store hung: {told['hung_vs_base']}×"] if told["hung_vs_base"] > scans.HUNG_BUDGET else []
    return over + ([f"uploads failed in {told['failed_seconds_max']} s"] if told["failed_seconds_max"] > scans.FAIL_SECONDS_MAX else [])


def _ledger(load: Load, console: Console) -> list[str]:
    told = ledger.measure(console)
    console.print(
        f"ledger: {told['events']} events verified in {told['verify_seconds']} s ({told['verify_spread']}), exported in"
        f" {told['export_seconds']} s; the oldest unsealed p99 {told['oldest_unsealed_p99_seconds']} s",
        highlight=False,
    )
    report.keep("ledger", told)
    slow = [f"ledger: {told['verify_seconds']} s to verify"] if told["verify_seconds"] > ledger.VERIFY_SECONDS_MAX else []
    old = told["oldest_unsealed_p99_seconds"]
    return slow + ([f"ledger: the oldest unsealed event is {old} s old"] if old > ledger.AGE_SECONDS_MAX else [])


SUBJECTS: dict[str, Subject] = {
    "reads": _reads, "lists": _lists, "search": _search, "history": _history, "isolation": _isolation, "memory": _memory, "hostile": _hostile,
}  # fmt: skip

BANKLESS: dict[str, Callable[[Load, Console], list[str]]] = {
    "desk": _desk,
    "ledger": _ledger,
    "scans": _scans,
}  # they make a small bank of their own


def main() -> None:
    """Measures, prints, keeps; says at the end what is over its budget."""
    asked = sys.argv[1:] or [*SUBJECTS, *BANKLESS]
    if unknown := set(asked) - set(SUBJECTS) - set(BANKLESS):
        sys.exit(f"bench: {', '.join(sorted(unknown))} is none of {', '.join([*SUBJECTS, *BANKLESS])}")
    console, over = Console(), list[str]()
    if given := [name for name in asked if name in SUBJECTS]:
        with data.bank(console) as bank, Load() as load:
            for name in given:
                over += SUBJECTS[name](bank, load, console)
    with Load() as load:
        for name in (name for name in asked if name in BANKLESS):
            over += BANKLESS[name](load, console)
    report.write_page()
    for line in over:
        console.print(f"over budget: {line}", style="bold red", highlight=False)


if __name__ == "__main__":
    main()
