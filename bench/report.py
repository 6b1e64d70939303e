"""Figures kept: `bench/results.json`, one key a subject, and the table in `docs/performance.md`."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import data

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end -->"


def machine() -> dict[str, Any]:
    """What it was measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), ""
    )
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpu": model, "cores": os.cpu_count(), "memory_gib": round(pages / 2**30), "python": platform.python_version()}


def keep(part: str, told: Any) -> None:
    """Puts the figures of one subject beside those of the others."""
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    now = datetime.now(UTC).date().isoformat()
    known |= {part: told, "machine": machine(), "loans": data.LOANS, "measured": {**known.get("measured", {}), part: now}}
    RESULTS.write_text(json.dumps(dict(sorted(known.items())), ensure_ascii=False, indent=2) + "\n", "utf-8")


def _reads(told: Any) -> list[str]:
    names = {"page": "page of 50 loans, 1,500 leaves", "file": "one whole loan file", "deep": "keyset page at a random depth"}
    lines = []
    for name, label in names.items():
        r, least = told[name], {"page": ("0.80", "2"), "file": ("0.80", "2"), "deep": ("0.75", "1.3")}[name]
        lines.append(f"| {label}, of the same SQL on a bare route | ≥ {least[0]} | {r['vs_limit']:.2f} ({r['vs_limit_spread']}) |")
        lines.append(f"| … against PostGraphile 5 | ≥ {least[1]}× | {r['vs_postgraphile']:.2f}× ({r['vs_postgraphile_spread']}) |")
        lines.append(f"| … against Strawberry with an ORM and DataLoaders | | {r['vs_orm']:.1f}× ({r['vs_orm_spread']}) |")
        lines.append(f"| … p99 at 8 clients | | {r['p99_ms']:.0f} ms |")
    return lines


def lines(known: dict[str, Any]) -> list[str]:
    """Rows of the table: what, budget, measured."""
    made = _reads(known["reads"]) if "reads" in known else []
    if lists := known.get("lists"):
        worst = max((v, k) for k, v in lists.items() if k != "p95_ms")
        made.append(f"| every root list in every order, p95 at 8 clients | ≤ 50 ms | {lists['p95_ms']:.0f} ms ({worst[1]}) |")
    if search := known.get("search"):
        kinds = [(ms, kind) for kind, ms in search.items() if kind not in ("p95_ms", "cpu_ms", "all of these")]
        for label, some in (
            ("Chinese substring search", [k for k in kinds if "name" in k[1]]),
            ("search of numbers, plates and VINs", [k for k in kinds if "number" in k[1] or "part of" in k[1]]),
        ):
            made.append(
                f"| {label}, p95 at 8 clients | ≤ 50 ms | {max(some)[0]:.0f} ms ({max(some)[1]}), the others {', '.join(f'{ms:.0f}' for ms, _ in sorted(some)[:-1])} |"
            )
        if "cpu_ms" in search:
            made.append(f"| … CPU of server and database for one search, the kind that takes most | | {search['cpu_ms']:.1f} ms |")
    if history := known.get("history"):
        made.append(
            f"| history of a contract with {history['events']:,} events, first page of 50 with its line in the access log, p95 | ≤ 50 ms |"
            f" {history['first_page_p95_ms']:.0f} ms, median {history['first_page_p50_ms']:.0f} |"
        )
        made.append(f"| … the page behind all of them | ≤ 50 ms | {history['last_page_p95_ms']:.0f} ms |")
    for name, r in known.get("isolation", {}).items():
        made.append(f"| row-level security, a {name}, against none | ≤ 2× | {r['ratio']:.2f}×, by {r['index']} |")
    if "memory_mb" in known:
        made.append(f"| memory of one server process, steady | ≤ 150 MB | {known['memory_mb']:.0f} MB |")
        grown = known["memory"]
        made.append(
            f"| … grown over 100,000 requests of 10,000 documents | flat | {grown['growth_mb']:+.1f} MB after the first 20,000, at {grown['points'][-1]:.0f} MB |"
        )
    if "hostile_ms" in known:
        made.append(f"| hostile documents, the slowest refusal | < 100 ms | {known['hostile_ms']:.0f} ms |")
    if desk := known.get("desk"):
        made.append(
            f"| second-tier cycle at 64 clients, of the same with the ledger off | ≥ 0.60 | {desk['vs_ledger_off']:.2f} ({desk['vs_ledger_off_spread']}) |"
        )
        made.append(f"| … cycles a second, three acts each; p99 of an act | | {desk['cycles_per_second']:.0f}, {desk['p99_ms']:.0f} ms |")
    if s := known.get("scans"):
        split = ", ".join(f"{name} {ms:.0f}" for name, ms in s["split_ms"].items())
        made.append(f"| scans of 1 MB confirmed, of plain PUTs of the same bytes | ≥ 0.2 | {s['vs_plain']:.2f} ({s['vs_plain_spread']}) |")
        made.append(
            f"| … scans a second by 8 people, validation on; PUTs a second | | {s['scans_per_second']:.0f}, {s['puts_per_second']:.0f} |"
        )
        made.append(f"| … ms of each step, the last three alone | | {split} |")
        made.append(
            f"| custody with the object store hung, p99 of an act of that without | ≤ 2 | {s['hung_vs_base']:.2f} ({s['hung_vs_base_spread']}) |"
        )
        made.append(
            f"| … an upload fails with a code, at most, median | ≤ 6 s | {s['failed_seconds_max']:.1f} s, {s['failed_seconds']:.2f} s |"
        )
    if ledger := known.get("ledger"):
        made.append(
            f"| an export of {ledger['events']:,} events, verified offline | ≤ 15 s | {ledger['verify_seconds']:.1f} s ({ledger['verify_spread']}) |"
        )
        made.append(f"| … written, {ledger['export_mb']} MB | | {ledger['export_seconds']:.0f} s |")
        made.append(f"| age of the oldest unsealed event beside 64 writers, p99 | ≤ 5 s | {ledger['oldest_unsealed_p99_seconds']:.1f} s |")
    return made


def write_page() -> None:
    """The table between its markers."""
    known = json.loads(RESULTS.read_text("utf-8"))
    m = known["machine"]
    head = [
        f"{m['cores']} cores of {m['cpu'] or 'an unnamed processor'}, {m['memory_gib']} GiB, Python {m['python']}; {known['loans']:,} loans.",
        "",
    ]
    body = "\n".join([BEGIN, *head, "| What | Budget | Measured |", "|---|---|---|", *lines(known), END])
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(before + body + rest.partition(END)[2], "utf-8")
