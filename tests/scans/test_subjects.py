"""What a scan may show, who may follow its link, and what happens while the store hangs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID, uuid4

import httpx
import pytest

from server.custody.moves import Ask
from server.demo.names import small_pdf
from server.errors import NotFound
from server.scans.announcing import NewScan
from server.scans.uploads import Uploads
from storage.objects import ObjectStore, ObjectStoreDown
from storage.terms import Action as A
from storage.terms import Role, ScanSubject
from tests.custody.attacking import CASE
from tests.custody.handing import sent
from tests.harness.jobs import jobs_of
from tests.harness.stores import OwnStore, own_store
from tests.harness.web import ANSWER_SECONDS_MAX
from tests.harness.world import World
from tests.scans.conftest import Run, put, scan_of


async def subjects(bank: World) -> dict[ScanSubject, UUID]:
    """One of each kind; releases have their own story (tests/stories/test_early_payoff.py)."""
    (paper,), (volume,), (lent,) = await bank.papers(), await bank.volumes(), await bank.papers()
    request = await bank.approved([lent])
    opened = await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    reporter = bank.people["officer"].staff_id
    await bank.root.execute(CASE, bank.branches["A"].id, volume, "DAMAGED", reporter)
    case = await bank.sql("select id from discrepancies where record_id = $1", volume)
    item = await bank.sql("select id from file_items where record_id = $1 limit 1", volume)
    return {
        ScanSubject.RECORD: paper, ScanSubject.REQUEST: request, ScanSubject.OPERATION: UUID(str(opened["operation"])),
        ScanSubject.HANDOVER: await sent(bank, await bank.papers()), ScanSubject.CASE: case,
        ScanSubject.FILE_ITEM: item,
    }  # fmt: skip


async def test_each_kind_of_subject_takes_scans_the_whole_way(bank: World, objects: ObjectStore) -> None:
    uploads, found = Uploads(bank.database, objects), await subjects(bank)
    assert set(found) == set(ScanSubject) - {ScanSubject.RELEASE}
    for kind, subject in found.items():
        body = small_pdf(uuid4().hex)
        new = NewScan.of(kind, subject, "扫描件", "application/pdf", body, pages=1)
        made = await uploads.register(bank.people["officer"], new, key=uuid4().hex)
        assert await put(made.whole.url, [f"{n}: {v}" for n, v in made.whole.headers.items()], body) == 200
        outcome, _ = await uploads.confirm(bank.people["officer"], UUID(made.outcome["scan"]), key=uuid4().hex)
        assert await bank.sql("select status from scans where id = $1", UUID(outcome["scan"])) == "STORED", kind


@pytest.mark.parametrize("kind", ScanSubject)
async def test_a_subject_of_another_branch_is_none(bank: World, objects: ObjectStore, kind: ScanSubject) -> None:
    subject = uuid4() if kind is ScanSubject.RELEASE else (await subjects(bank))[kind]
    new = NewScan.of(kind, subject, "扫描件", "application/pdf", small_pdf("x"), pages=1)
    stranger = await bank.hire("stranger", {Role.LOAN_OFFICER}, bank.people["president"].org_id, ())
    with pytest.raises(NotFound):
        await Uploads(bank.database, objects).register(stranger, new, key=uuid4().hex)


async def test_a_link_is_to_the_bytes_as_they_are_for_a_minute_and_every_denial_is_on_record(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    body = small_pdf("shown")
    made = await run("officer", "registerScan", "scan { id } uploadUrl uploadHeaders", **scan_of(paper, body))
    scan = made["scan"]["id"]
    asked = {"scanId": scan, "version": 1, "purpose": "核对"}
    assert (await run("auditor", "issueScanLink", "url", **asked))["code"] == "NOT_FOUND"  # nothing is there yet
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    await run("officer", "confirmScan", "scan { id }", scanId=scan)
    assert (await run("officer_b", "issueScanLink", "url", **asked))["code"] == "NOT_FOUND"
    assert (await run("auditor", "issueScanLink", "url", **(asked | {"purpose": " "})))["problems"][0]["code"] == "EMPTY"
    link = await run("auditor", "issueScanLink", "url expiresAt", **asked)
    assert "X-Amz-Expires=60" in link["url"] and "versionId=" in link["url"]
    assert datetime.fromisoformat(link["expiresAt"]) <= datetime.now(UTC) + timedelta(seconds=60)
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        answer = await client.get(link["url"])
        assert (await client.head(link["url"])).status_code == 403  # signed for reading it, and nothing else
        assert (await client.get(link["url"].replace("versionId=", "versionId=0"))).status_code == 403
    assert answer.content == body and answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="scan-{scan[5:]}-v1.pdf"'
    rows = await bank.root.fetch(
        "select result from access_log where action = 'issueScanLink' and subject_ids[1] = $1::text::uuid order by logged_at", scan[5:]
    )
    assert [row[0] for row in rows] == ["DENIED", "DENIED", "GRANTED"]


async def test_a_link_is_to_the_copy_that_is_pinned_now(bank: World, run: Run, objects: ObjectStore) -> None:
    """After it was healed that is another version than the one that was stored first."""
    (paper,) = await bank.papers()
    body = small_pdf("healed")
    made = await run("officer", "registerScan", "scan { id } uploadUrl uploadHeaders", **scan_of(paper, body))
    scan = made["scan"]["id"]
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    await run("officer", "confirmScan", "scan { id }", scanId=scan)
    row = await bank.root.fetchrow("select object_key, sha256, lock_until from scans where id = $1::text::uuid", scan[5:])
    again = await objects.locked.put_again(
        row["object_key"], BytesIO(body), row["sha256"], "application/pdf", row["lock_until"], legal_hold=True
    )
    await bank.past_the_triggers(
        f"update scan_copies set version_id = '{again.version_id}' where scan_id = '{scan[5:]}' and place = 'FIRST'"
    )
    link = await run("auditor", "issueScanLink", "url", scanId=scan, version=1, purpose="核对")
    assert f"versionId={again.version_id}" in link["url"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("store")) as made:
        yield made


async def test_what_was_confirmed_while_the_store_hung_goes_on_by_itself(bank: World, store: OwnStore) -> None:
    """Nobody asks again; the job does."""
    (paper,) = await bank.papers()
    objects, body = ObjectStore(store.address), small_pdf(uuid4().hex)
    uploads, new = Uploads(bank.database, objects), NewScan.of(ScanSubject.RECORD, paper, "x", "application/pdf", body, pages=1)
    made = await uploads.register(bank.people["officer"], new, key=uuid4().hex)
    scan = UUID(made.outcome["scan"])
    assert await put(made.whole.url, [f"{n}: {v}" for n, v in made.whole.headers.items()], body) == 200
    with store.hung(), pytest.raises(ObjectStoreDown):
        await uploads.confirm(bank.people["officer"], scan, key=uuid4().hex)
    assert await bank.sql("select status from scans where id = $1", scan) == "PENDING"
    await bank.sql("update scans set confirmed_at = now() - interval '3 minutes' where id = $1", scan)
    jobs = await jobs_of(bank, ObjectStore(store.address))
    assert await jobs.scans() == 1
    assert await bank.sql("select status from scans where id = $1", scan) == "STORED"
    objects.close()


async def test_the_word_of_bytes_that_never_came_is_taken_back(bank: World, run: Run, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    body = small_pdf("late")
    made = await run("officer", "registerScan", "scan { id } uploadUrl uploadHeaders", **scan_of(paper, body))
    scan = made["scan"]["id"]
    said = (
        "update scans set status = 'PENDING', confirmed_at = now() - interval '3 minutes', confirmed_by_id = $2 where id = $1::text::uuid"
    )
    await bank.sql(said, scan[5:], bank.people["officer"].staff_id)
    assert await (await jobs_of(bank, objects)).scans() == 1
    row = await bank.root.fetchrow("select status, confirmed_at from scans where id = $1::text::uuid", scan[5:])
    assert tuple(row) == ("REGISTERED", None)
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    done = await run("officer", "confirmScan", "scan { status }", scanId=scan)
    assert done["scan"]["status"] == "STORED"
