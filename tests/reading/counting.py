"""When vaults were counted and since when they wait, slowly: place by place. From the rows alone."""

import datetime as dt
from collections import defaultdict
from typing import Any

from tests.reading.pages import View
from tests.reading.rows import Row

HERE = ("IN_VAULT", "RESERVED")


def _came(v: View) -> dict[Any, dt.datetime]:
    """When the oldest of what lies at each place came in: papers with their last entry, volumes with their last handover."""
    every = v.every
    entered: dict[Any, dt.datetime] = {}
    for x in every["off_balance_entries"]:
        if x["direction"] == "IN":
            entered[x["record_id"]] = max(x["queued_at"], entered.get(x["record_id"], x["queued_at"]))
    in_envelopes: dict[Any, list[dt.datetime]] = defaultdict(list)
    for r in every["archive_records"]:
        if r["state"] in HERE and r["id"] in entered:
            in_envelopes[r["envelope_id"]].append(entered[r["id"]])
    arrived: dict[Any, list[dt.datetime]] = defaultdict(list)
    for m in every["movements"]:
        if m["ended_as"] == "ARRIVED":
            arrived[m["record_id"]].append(m["closed_at"])
    came = [(e["location_id"], min(in_envelopes[e["id"]], default=e["sealed_at"])) for e in every["sealed_envelopes"]]
    came += [(r["location_id"], max([r["created_at"], *arrived[r["id"]]])) for r in every["archive_records"]]
    oldest: dict[Any, dt.datetime] = {}
    for place, at in came:
        oldest[place] = min(at, oldest.get(place, at))
    return oldest


def counted(v: View, vault: Row) -> tuple[Any, Any]:
    """When the vault was counted last, and since when the next count waits: place by place, in whatever branch the papers are seen."""
    every, came = v.every, _came(v)
    signed = [(t["place_id"], t["as_of"]) for t in every["stocktakes"] if t["state"] == "SIGNED"]
    under: dict[Any, list[Row]] = defaultdict(list)
    for place in every["storage_locations"]:
        under[place["parent_id"]].append(place)
    lasts, since, waiting = [], [], [(vault, (vault["id"],))]
    while waiting:
        place, within = waiting.pop()
        if place["kind"] in ("VAULT", "ROOM"):
            waiting += [(child, (*within, child["id"])) for child in under[place["id"]]]
        elif lying := [came[p["id"]] for p in (place, *under[place["id"]]) if p["id"] in came]:
            lasts.append(max((at for where, at in signed if where in within), default=None))
            since.append(max(lasts[-1] or place["created_at"], min(lying)))
    whole = max((at for where, at in signed if where == vault["id"]), default=None)
    if not lasts:
        return whole, whole or vault["created_at"]
    told = [last for last in lasts if last]
    return min(told) if len(told) == len(lasts) else None, min(since)
