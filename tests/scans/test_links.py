"""Links to scans: each grant and denial is on record, whoever asked, and what was destroyed is not shown."""

from typing import Any
from uuid import UUID

import pytest

from storage.objects import ObjectStore
from tests.harness.scans import stored
from tests.harness.world import World
from tests.scans.conftest import Run

SHOWN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("issueScanLink", "url", {"version": 1}),
    ("issuePreviewLinks", "previews { status url }", {"page": 1, "width": 160}),
)


def of(name: str, scan: UUID, about: dict[str, Any], purpose: str = "核对") -> dict[str, Any]:
    return {**about, **({"scanId": f"scan_{scan}"} if name == "issueScanLink" else {"scanIds": [f"scan_{scan}"]}), "purpose": purpose}


async def logged(bank: World, scan: UUID) -> list[tuple[Any, ...]]:
    rows = await bank.root.fetch("select action, result, purpose from access_log where subject_ids[1] = $1 order by logged_at", scan)
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(("name", "payload", "about"), SHOWN)
async def test_whoever_may_not_read_by_their_role_is_on_record(
    bank: World, run: Run, objects: ObjectStore, name: str, payload: str, about: dict[str, Any]
) -> None:
    scan = await stored(bank, objects, (await bank.papers())[0])
    for who in ("admin", "core"):
        (error,) = await run(who, name, payload, **of(name, scan, about))
        assert error["message"].startswith(f"{name} is for ARCHIVIST, AUDITOR"), error
    assert await logged(bank, scan) == [(name, "DENIED", "核对")] * 2


@pytest.mark.parametrize(("name", "payload", "about"), SHOWN)
async def test_numbers_of_people_in_a_purpose_are_masked_in_the_access_log(
    bank: World, run: Run, objects: ObjectStore, name: str, payload: str, about: dict[str, Any]
) -> None:
    scan = await stored(bank, objects, (await bank.papers())[0])
    await run("auditor", name, payload, **of(name, scan, about, "核对 11010519491231002X 13800138000"))
    assert await logged(bank, scan) == [(name, "GRANTED", "核对 1101************2X 138****8000")]


async def test_scans_of_a_destroyed_record_are_told_of_and_not_shown(bank: World, run: Run, objects: ObjectStore) -> None:
    """I9."""
    (volume,) = await bank.volumes()
    scan = await stored(bank, objects, volume)
    assert (await run("auditor", "issueScanLink", "url", **of("issueScanLink", scan, {"version": 1})))["url"]
    await bank.past_the_triggers(f"update archive_records set state = 'DESTROYED' where id = '{volume}'")
    for name, payload, about in SHOWN:
        told = await run("auditor", name, payload, **of(name, scan, about))
        assert told.get("code") == "NOT_FOUND" or told["previews"] == [{"status": None, "url": None}]
    assert [result for _, result, _ in await logged(bank, scan)] == ["GRANTED", "DENIED", "DENIED"]
    await bank.past_the_triggers(f"update archive_records set state = 'FILED' where id = '{volume}'")
