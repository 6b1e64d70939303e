"""What compliance reads of the store: exactly the one lock that was moved by hand, what was hashed, and how sure that makes them."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.scans.bounds import CONFIDENCE, share_at_most
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Role
from tests.harness.jobs import jobs_of
from tests.harness.scans import stored
from tests.harness.stores import OwnStore, own_store
from tests.harness.world import World

DRIFT = """query ($n: Int!, $a: String) { retentionDrift(first: $n, after: $a) { hasMore
  lines { id cursor scanId recordId place dueUntil dueHold actualUntil actualHold foundAt observedAt repairedAt } } }"""
FIXITY = """query ($p: RegisterPeriod!) { fixityReport(period: $p) {
  objectsChecked bytesChecked bad healed open copies unchecked oldestCheckAt badShareAtMost } }"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("disk")) as made:
        yield made


@pytest.fixture
def objects(disk: OwnStore) -> Iterator[ObjectStore]:
    made = ObjectStore(disk.address)
    yield made
    made.close()


@pytest_asyncio.fixture
async def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    for letter, name in (("A", "checker"), ("B", "checker_b")):
        here = bank.branches[letter].id
        await bank.hire(name, {Role.COMPLIANCE}, here, (here,))

    async def run(who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables=variables)
        result = await schema.execute(query, variables, context)
        return orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))

    return run


def this_week() -> dict[str, str]:
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    return {"firstDay": str(today - timedelta(days=6)), "lastDay": str(today)}


async def logged(bank: World, action: str, who: str) -> int:
    return int(await bank.sql("select count(*) from access_log where action = $1 and staff_id = $2", action, bank.people[who].staff_id))


async def moved(bank: World, objects: ObjectStore) -> None:
    await bank.sql("update scan_copies set observed_at = observed_at - interval '1 day'")
    await (await jobs_of(bank, objects)).retain()


async def test_the_list_is_exactly_the_one_object_whose_lock_was_changed_by_hand(
    bank: World, run: Any, objects: ObjectStore, disk: OwnStore
) -> None:
    (paper,) = await bank.papers()
    scans = [await stored(bank, objects, paper) for _ in range(20)]
    await moved(bank, objects)
    assert (await run("checker", DRIFT, n=50))["data"]["retentionDrift"] == {"hasMore": False, "lines": []}
    root, victim = ObjectStore(disk.root), scans[7]
    version = await bank.sql("select object_version_id from scans where id = $1", victim)
    await root.locked.hold(f"scans/{victim}", version, on=False)
    root.close()
    await moved(bank, objects)
    (line,) = (await run("checker", DRIFT, n=50))["data"]["retentionDrift"]["lines"]
    assert (line["scanId"], line["recordId"], line["place"]) == (f"scan_{victim}", f"record_{paper}", "FIRST")
    assert (line["dueHold"], line["actualHold"], line["dueUntil"] == line["actualUntil"]) == (True, False, True)
    assert line["foundAt"] == line["observedAt"] == line["repairedAt"]
    assert (await run("checker_b", DRIFT, n=50))["data"]["retentionDrift"]["lines"] == [], "another branch's is not there"
    assert await logged(bank, "retentionDrift", "checker") == 2 and await logged(bank, "retentionDrift", "checker_b") == 1
    await moved(bank, objects)
    assert (await run("checker", DRIFT, n=50))["data"]["retentionDrift"]["lines"] == [], "it is as it should be again"


async def test_the_list_is_read_page_by_page(bank: World, run: Any, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    scans = [await stored(bank, objects, paper) for _ in range(5)]
    for scan in scans:
        await objects.locked.hold(f"scans/{scan}", await bank.sql("select object_version_id from scans where id = $1", scan), on=False)
    await moved(bank, objects)
    seen: list[Any] = []
    more: Any = {"hasMore": True}
    while more["hasMore"]:
        more = (await run("checker", DRIFT, n=2, a=seen[-1]["cursor"] if seen else None))["data"]["retentionDrift"]
        seen += more["lines"]
        last = UUID(more["lines"][-1]["id"].removeprefix("copy_"))  # put right before the next page is read
        await bank.sql("update scan_copies set drifted_at = null, repaired_at = null where id = $1", last)
    assert sorted(line["scanId"] for line in seen) == sorted(f"scan_{scan}" for scan in scans)


async def test_a_cursor_of_another_list_is_none(run: Any) -> None:
    (error,) = (await run("checker", DRIFT, n=2, a=f"copy_{UUID(int=1)}"))["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST" and "cursor" in error["message"]


@pytest.mark.parametrize("key", ["app", "root"])
async def test_a_locked_version_is_neither_deleted_nor_overwritten_with_any_key(
    bank: World, objects: ObjectStore, disk: OwnStore, key: str
) -> None:
    (paper,) = await bank.papers()
    body = b"the scan" * 100
    scan = await stored(bank, objects, paper, body)
    version = await bank.sql("select object_version_id from scans where id = $1", scan)
    hand = ObjectStore(disk.address if key == "app" else disk.root)
    where = {"Bucket": "loanfile", "Key": f"scans/{scan}", "VersionId": version}
    with pytest.raises(ClientError, match="AccessDenied"):
        hand.client.s3.delete_object(**where)
    with pytest.raises(ClientError, match="AccessDenied"):
        hand.client.s3.delete_object(**where, BypassGovernanceRetention=True)
    hand.client.s3.put_object(Bucket="loanfile", Key=f"scans/{scan}", Body=b"another")  # beside it, and pinned by nobody
    hand.client.s3.delete_object(Bucket="loanfile", Key=f"scans/{scan}")  # a marker over both
    hand.close()
    kept = await objects.locked.digest(f"scans/{scan}", version)
    assert kept is not None and kept.sha256 == await bank.sql("select sha256 from scans where id = $1", scan)
    assert await (await jobs_of(bank, objects)).retain() == 0


async def test_the_report_tells_what_was_hashed_and_how_sure_that_makes_us(
    bank: World, run: Any, objects: ObjectStore, disk: OwnStore
) -> None:
    async def report() -> dict[str, Any]:
        return dict((await run("compliance", FIXITY, p=this_week()))["data"]["fixityReport"])

    before, (paper,) = await report(), await bank.papers()
    bodies = [bytes([n]) * 2_000 + str(n).encode() for n in range(30)]
    scans: list[UUID] = [await stored(bank, objects, paper, body) for body in bodies]
    assert (await report())["unchecked"] - before["unchecked"] == len(scans), "nobody has read them yet"
    disk.damage({bodies[3]: b"x" * len(bodies[3])})
    assert await (await jobs_of(bank, objects)).fix() == 1
    assert await (await jobs_of(bank, objects)).fix() == 0, "what is bad counts once, though it is judged again"
    after = await report()
    assert after["unchecked"] == before["unchecked"] and after["oldestCheckAt"] is not None
    told = {name: int(after[name]) - int(before[name]) for name in ("objectsChecked", "bytesChecked", "bad", "healed", "open", "copies")}
    assert told == {"objectsChecked": 30, "bytesChecked": sum(map(len, bodies)), "bad": 1, "healed": 0, "open": 1, "copies": 30}
    bound = share_at_most(after["bad"], after["objectsChecked"])
    assert bound is not None and 0 <= float(after["badShareAtMost"]) - bound < 2e-9
    assert await logged(bank, "fixityReport", "compliance") == 3


@pytest.mark.parametrize(("name", "query"), [("retentionDrift", DRIFT), ("fixityReport", FIXITY)])
async def test_nobody_else_asks_and_whoever_does_is_on_record(bank: World, run: Any, name: str, query: str) -> None:
    given: Any = {"n": 1} if query == DRIFT else {"p": this_week()}
    for who in ("officer", "ops", "admin", "archivist"):
        (error,) = (await run(who, query, **given))["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN" and "COMPLIANCE" in error["message"], error
        denied = "select count(*) from access_log where action = $1 and result = 'DENIED' and staff_id = $2"
        assert await bank.sql(denied, name, bank.people[who].staff_id) == 1


@pytest.mark.parametrize(
    ("bad", "checked", "share"),
    [
        (0, 1, 0.95),
        (0, 10, 0.258866),
        (0, 59, 0.049508),
        (0, 3_000, 0.000998),
        (1, 100, 0.046560),
        (5, 100, 0.102253),
        (20, 10_000, 0.002907),
        (10, 10, 1.0),
    ],
)
def test_the_bound_is_that_of_the_tables(bad: int, checked: int, share: float) -> None:
    found = share_at_most(bad, checked)
    assert found == pytest.approx(share, abs=2e-5)


@pytest.mark.parametrize(("bad", "checked"), [(0, 17), (1, 17), (3, 40), (16, 17)])
def test_at_the_bound_as_few_are_seen_once_in_twenty(bad: int, checked: int) -> None:
    share = share_at_most(bad, checked)
    assert share is not None
    chance = sum(math.comb(checked, k) * share**k * (1 - share) ** (checked - k) for k in range(bad + 1))
    assert chance == pytest.approx(1 - CONFIDENCE, abs=1e-9)


def test_without_a_check_nothing_is_sure() -> None:
    assert share_at_most(0, 0) is None
    with pytest.raises(ValueError, match="some are bad"):
        share_at_most(2, 1)
