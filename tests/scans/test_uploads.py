"""The way of the bytes: presigned for exactly these, in parts that can be resumed, once for the same bytes of a subject."""

import asyncio
import hashlib
import os
from typing import Any
from uuid import UUID, uuid4

import pytest

from server.demo.names import small_pdf
from server.scans.announcing import PART_BYTES, NewScan
from server.scans.uploads import Uploads
from storage.objects import ObjectStore
from storage.terms import MediaType, ScanSubject
from tests.harness.scans import stored
from tests.harness.world import World
from tests.scans import hostile_pdf
from tests.scans.conftest import Run, put, scan_of

PDF = small_pdf("a scan")
MIB = 1 << 20
WHERE = "scan { id status scanVersion } replayed uploadUrl uploadHeaders uploadParts { number offset sizeBytes url headers expiresAt }"


def padded(size: int) -> bytes:
    """A PDF of a page and a stream of noise."""
    noise = os.urandom(size)
    return hostile_pdf.rebuilt(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Length %d>>stream\n%s\nendstream" % (size, noise))


def in_parts(record: Any, body: bytes) -> dict[str, Any]:
    pieces = [body[at : at + PART_BYTES] for at in range(0, len(body), PART_BYTES)]
    return scan_of(record, body, partSha256=[hashlib.sha256(p).hexdigest() for p in pieces])


async def send(part: dict[str, Any], body: bytes) -> int:
    at, size = int(part["offset"]), int(part["sizeBytes"])
    return await put(part["url"], part["headers"], body[at : at + size])


# One PUT -----------------------------------------------------------------------------------------------------------------
async def test_a_presigned_put_is_for_these_bytes_once_and_for_a_while(bank: World, run: Run, objects: ObjectStore) -> None:
    """Six of six: other bytes, more bytes, no checksum, no condition, too late, again."""
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", WHERE, **scan_of(paper, PDF))
    url, headers = made["uploadUrl"], made["uploadHeaders"]
    assert await put(url, headers, PDF.replace(b"a scan", b"b scan")) >= 400
    assert await put(url, headers, PDF + b"x", **{"Content-Length": str(len(PDF) + 1)}) >= 400
    assert await put(url, headers, PDF, without=("x-amz-checksum-sha256",)) >= 400
    assert await put(url, headers, PDF, without=("If-None-Match",)) >= 400
    key, digest = f"staged/{made['scan']['id'][5:]}", hashlib.sha256(PDF).digest()
    short = objects.staging.presign_put(key, sha256=digest, size_bytes=len(PDF), media_type="application/pdf", seconds=1)
    await asyncio.sleep(2.5)  # an address ends by the store's clock
    assert await put(short.url, [f"{n}: {v}" for n, v in short.headers.items()], PDF) >= 400
    assert not await objects.staging.keys(key)
    assert await put(url, headers, PDF) == 200
    assert await put(url, headers, PDF) >= 400


async def test_an_address_is_good_for_a_quarter_of_an_hour_and_another_is_given(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", WHERE, **scan_of(paper, PDF))
    (part,) = made["uploadParts"]
    assert (part["number"], part["offset"], part["sizeBytes"]) == (1, "0", str(len(PDF)))
    assert "X-Amz-Expires=900" in part["url"] and part["url"] == made["uploadUrl"] and part["headers"] == made["uploadHeaders"]
    again = await run("officer", "resumeUpload", WHERE, scanId=made["scan"]["id"])
    (part,) = again["uploadParts"]
    assert await send(part, PDF) == 200


# In parts ----------------------------------------------------------------------------------------------------------------
async def uploads_half_and_resumes(bank: World, run: Run, size: int) -> tuple[int, int]:
    """Killed in the middle of a part; answers how many parts there are and how many were sent a second time."""
    (paper,) = await bank.papers()
    body = padded(size)
    made = await run("officer", "registerScan", WHERE, **in_parts(paper, body))
    parts = made["uploadParts"]
    assert [int(p["offset"]) for p in parts] == list(range(0, len(body), PART_BYTES))
    half, sent = len(parts) // 2, set()
    for part in parts[:half]:
        assert await send(part, body) == 200
        sent.add(part["number"])
    cut = parts[half]
    await cut_off(cut, body)
    sent.add(cut["number"])
    told = await run("officer", "confirmScan", "scan { id }", scanId=made["scan"]["id"])
    assert told["problems"][0]["code"] == "UPLOAD_MISSING"

    left = (await run("officer", "resumeUpload", WHERE, scanId=made["scan"]["id"]))["uploadParts"]
    assert [p["number"] for p in left] == [p["number"] for p in parts[half:]]
    again = [p["number"] for p in left if p["number"] in sent]
    for part in left:
        assert await send(part, body) == 200
    assert (await run("officer", "resumeUpload", WHERE, scanId=made["scan"]["id"]))["uploadParts"] == []
    done = await run("officer", "confirmScan", "scan { status sizeBytes sha256 }", scanId=made["scan"]["id"])
    assert done["scan"] == {"status": "STORED", "sizeBytes": str(len(body)), "sha256": hashlib.sha256(body).hexdigest()}
    return len(parts), len(again)


async def cut_off(part: dict[str, Any], body: bytes) -> None:
    """Half of a part, and then the wire is cut."""
    address = part["url"].removeprefix("http://")
    host, _, path = address.partition("/")
    at, size = int(part["offset"]), int(part["sizeBytes"])
    _, writer = await asyncio.open_connection(host.partition(":")[0], int(host.partition(":")[2]))
    head = "".join(f"{line}\r\n" for line in part["headers"])
    writer.write(f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n".encode() + body[at : at + size // 2])
    await writer.drain()
    writer.transport.abort()


async def test_an_upload_in_parts_that_was_cut_off_goes_on_where_it_was(bank: World, run: Run) -> None:
    parts, again = await uploads_half_and_resumes(bank, run, 3 * PART_BYTES)
    assert parts == 4 and again <= 1


@pytest.mark.soak
async def test_two_hundred_megabytes_go_on_where_they_were(bank: World, run: Run) -> None:
    parts, again = await uploads_half_and_resumes(bank, run, 200 * MIB)
    assert parts == 26 and again <= 1


async def test_a_part_takes_only_the_bytes_that_were_announced(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    body = padded(PART_BYTES)
    made = await run("officer", "registerScan", WHERE, **in_parts(paper, body))
    part = made["uploadParts"][1]
    wrong = bytes(int(part["sizeBytes"]))
    assert await put(part["url"], part["headers"], wrong) >= 400
    assert await put(part["url"], part["headers"], body[PART_BYTES:], without=("x-amz-checksum-sha256",)) >= 400
    left = (await run("officer", "resumeUpload", WHERE, scanId=made["scan"]["id"]))["uploadParts"]
    assert [p["number"] for p in left] == [1, 2]


async def test_parts_that_are_right_of_a_file_that_is_not_are_refused(bank: World, run: Run) -> None:
    """What is checked is the whole, as it is stored: the checksum of the store is one of checksums."""
    (paper,) = await bank.papers()
    body = padded(PART_BYTES)
    made = await run("officer", "registerScan", WHERE, **(in_parts(paper, body) | {"sha256": hashlib.sha256(PDF).hexdigest()}))
    for part in made["uploadParts"]:
        assert await send(part, body) == 200
    told = await run("officer", "confirmScan", "scan { id }", scanId=made["scan"]["id"])
    assert told["problems"][0]["code"] == "HASH_MISMATCH"


@pytest.mark.parametrize(
    ("changed", "path", "code"),
    [
        ({"sizeBytes": str(257 * MIB)}, "sizeBytes", "SIZE_NOT_ALLOWED"),
        ({"sizeBytes": str(65 * MIB)}, "partSha256", "PARTS_NEEDED"),
        ({"sizeBytes": str(65 * MIB), "partSha256": ["00" * 32] * 8}, "partSha256", "PARTS_DO_NOT_FIT"),
        ({"partSha256": []}, None, None),
        ({"sizeBytes": str(9 * MIB), "partSha256": ["00" * 32, "zz"]}, "partSha256.1", "NOT_A_SHA256"),
        ({"pages": 2000}, None, None),
        ({"pages": 2001}, "pages", "DOCUMENT_TOO_LARGE"),
        ({"pages": 2**31 - 1}, "pages", "DOCUMENT_TOO_LARGE"),
    ],
)
async def test_what_is_announced_can_be(bank: World, run: Run, changed: dict[str, Any], path: str | None, code: str | None) -> None:
    (paper,) = await bank.papers()
    told = await run("officer", "registerScan", "scan { id }", **scan_of(paper, PDF, **changed))
    problems = [(".".join(p["path"]), p["code"]) for p in told.get("problems", ())]
    assert problems == ([(path, code)] if path else [])


# The same bytes ----------------------------------------------------------------------------------------------------------
async def test_the_same_bytes_of_a_subject_are_one_scan_and_of_another_another(bank: World, run: Run) -> None:
    first, second = await bank.papers(2)
    made = [await run("officer", "registerScan", WHERE, **scan_of(paper, PDF)) for paper in (first, first, second)]
    assert [m["replayed"] for m in made] == [False, True, False]
    assert made[0]["scan"]["id"] == made[1]["scan"]["id"] != made[2]["scan"]["id"]


async def test_who_brings_the_same_bytes_after_they_were_stored_leaves_nothing_staged(bank: World, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    officer, uploads, body = bank.people["officer"], Uploads(bank.database, objects), small_pdf("once more")
    new = NewScan.of(ScanSubject.RECORD, paper, "合同", MediaType.PDF.value, body, pages=1)
    announced = [await uploads.register(officer, new, key=f"{number}") for number in (1, 2)]
    for number, made in enumerate(announced):
        await put(made.whole.url, [f"{n}: {v}" for n, v in made.whole.headers.items()], body)
        outcome, _ = await uploads.confirm(officer, UUID(made.outcome["scan"]), key=f"c{number}")
        assert outcome["scan"] == announced[0].outcome["scan"]
        assert not await objects.staging.keys(f"staged/{outcome['scan']}")


async def test_forty_eight_who_bring_the_same_bytes_make_one_object(bank: World, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    officer, uploads = bank.people["officer"], Uploads(bank.database, objects)
    new = NewScan.of(ScanSubject.RECORD, paper, "合同", MediaType.PDF.value, small_pdf("one of all"), pages=1)
    body = small_pdf("one of all")

    async def client(number: int) -> str:
        made = await uploads.register(officer, new, key=f"{number}")
        if made.addresses:
            await put(made.whole.url, [f"{n}: {v}" for n, v in made.whole.headers.items()], body)
        outcome, _ = await uploads.confirm(officer, UUID(made.outcome["scan"]), key=f"c{number}")
        return str(outcome["scan"])

    (scan,) = set(await asyncio.gather(*map(client, range(48))))
    rows = await bank.root.fetch("select id, status from scans where subject_id = $1", paper)
    assert [(str(row["id"]), row["status"]) for row in rows] == [(scan, "STORED")]
    kept, _ = await objects.locked.versions(f"scans/{scan}", None)
    assert len(kept) == 1
    assert not await objects.staging.keys(f"staged/{scan}")


async def test_the_database_keeps_the_same_bytes_one_scan_too(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    await run("officer", "registerScan", WHERE, **scan_of(paper, PDF))
    copied = "insert into scans (org_id, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages,"
    copied += " uploaded_by, registered_at, upload_expires_at) select org_id, subject_kind, subject_id, record_id, 2, title, media_type,"
    copied += " sha256, size_bytes, pages, uploaded_by, registered_at, upload_expires_at from scans where subject_id = $1"
    with pytest.raises(Exception, match="uq_scans_c49_same_bytes"):
        await bank.root.execute(copied, paper)


async def test_bytes_that_were_refused_or_came_too_late_can_be_registered_again(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    first = await run("officer", "registerScan", WHERE, **scan_of(paper, PDF, pages=2))
    assert await put(first["uploadUrl"], first["uploadHeaders"], PDF) == 200
    told = await run("officer", "confirmScan", "scan { id }", scanId=first["scan"]["id"])
    assert told["problems"][0]["code"] == "PAGES_MISMATCH"
    second = await run("officer", "registerScan", WHERE, **scan_of(paper, PDF))
    assert second["scan"]["scanVersion"] == 2
    await bank.sql("update scans set upload_expires_at = now() - interval '1 hour' where id = $1::text::uuid", second["scan"]["id"][5:])
    third = await run("officer", "registerScan", WHERE, **scan_of(paper, PDF))
    assert (third["scan"]["scanVersion"], third["replayed"]) == (3, False)
    told = await run("officer", "resumeUpload", WHERE, scanId=second["scan"]["id"])
    assert told["problems"][0]["code"] == "UPLOAD_EXPIRED"


# Many --------------------------------------------------------------------------------------------------------------------
LINES = "done refused lines { lineId result { __typename ... on %sPayload { scan { id status } %s } ... on InvalidInput { problems { code } } } }"


async def test_a_batch_registers_and_confirms_each_line_for_itself(bank: World, run: Run) -> None:
    papers = await bank.papers(3)
    bodies = {f"l{n}": (paper, small_pdf(f"page of {n}")) for n, paper in enumerate(papers)}
    lines = [{"lineId": name, **scan_of(paper, body)} for name, (paper, body) in bodies.items()]
    lines.append({"lineId": "wrong", **scan_of(papers[0], b"", mediaType="text/html")})
    select = LINES % ("RegisterScanBatchLine", "uploadParts { url headers }")
    made = await run("officer", "registerScanBatch", select, lines=lines)
    assert (made["done"], made["refused"]) == (3, 1)
    assert made["lines"][3]["result"]["problems"] == [{"code": "MEDIA_TYPE_NOT_ALLOWED"}]
    for line in made["lines"][:2]:  # the third is not sent
        (part,) = line["result"]["uploadParts"]
        assert await put(part["url"], part["headers"], bodies[line["lineId"]][1]) == 200
    lines = [{"lineId": line["lineId"], "scanId": line["result"]["scan"]["id"]} for line in made["lines"][:3]]
    select = LINES % ("ConfirmScanBatchLine", "replayed")
    for replayed in (False, True):
        done = await run("officer", "confirmScanBatch", select, lines=lines, idempotencyKey="the same")
        told = [line["result"].get("scan", {}).get("status") or line["result"]["problems"][0]["code"] for line in done["lines"]]
        assert told == ["STORED", "STORED", "UPLOAD_MISSING"]
        assert [line["result"].get("replayed") for line in done["lines"]] == [replayed, replayed, None]


async def test_a_batch_is_of_at_most_two_hundred(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    lines = [{"lineId": str(n), **scan_of(paper, PDF)} for n in range(201)]
    told = await run("officer", "registerScanBatch", "done", lines=lines)
    assert told["problems"] == [
        {"path": ["lines"], "code": "TOO_MANY", "message": told["problems"][0]["message"], "rule": None, "remedy": None}
    ]


# The electronic lock -----------------------------------------------------------------------------------------------------
async def test_whoever_has_locked_a_scan_alone_uploads_a_new_version(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    first = await run("officer", "registerScan", WHERE, **scan_of(paper, PDF))
    scan = first["scan"]["id"]
    locked = await run("officer", "lockScan", "scan { lockedAt lockedBy { id } } events { tag }", scanId=scan)
    assert locked["scan"]["lockedBy"]["id"] == f"staff_{bank.people['officer'].staff_id}" and locked["events"] == [
        {"tag": "scan:lock:done"}
    ]
    refused = await run("clerk", "registerScan", WHERE, **scan_of(paper, small_pdf("by another")))
    assert [(p["path"], p["code"]) for p in refused["problems"]] == [(["subjectId"], "SCAN_LOCKED")]
    for name in ("lockScan", "unlockScan"):
        assert (await run("clerk", name, "scan { id }", scanId=scan))["problems"][0]["code"] == "SCAN_LOCKED"
    own = await run("officer", "registerScan", WHERE, **scan_of(paper, small_pdf("by the holder")))
    assert own["scan"]["scanVersion"] == 2
    freed = await run("officer", "unlockScan", "scan { lockedBy { id } } events { tag }", scanId=own["scan"]["id"])
    assert freed["scan"]["lockedBy"] is None and freed["events"] == [{"tag": "scan:unlock:done"}]
    assert (await run("officer", "unlockScan", "scan { id }", scanId=scan))["problems"][0]["code"] == "SCAN_NOT_LOCKED"
    assert (await run("clerk", "registerScan", WHERE, **scan_of(paper, small_pdf("by another"))))["scan"]["scanVersion"] == 3


async def test_a_head_lifts_the_lock_of_somebody_who_is_away(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    scan = (await run("officer", "registerScan", WHERE, **scan_of(paper, PDF)))["scan"]["id"]
    await run("officer", "lockScan", "scan { id }", scanId=scan)
    assert (await run("head", "unlockScan", "scan { lockedAt }", scanId=scan))["scan"] == {"lockedAt": None}


async def test_the_database_keeps_the_lock_too(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    scan = (await run("officer", "registerScan", WHERE, **scan_of(paper, PDF)))["scan"]["id"]
    await run("officer", "lockScan", "scan { id }", scanId=scan)
    forged = "insert into scans (org_id, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages,"
    forged += " uploaded_by, registered_at, upload_expires_at) select org_id, subject_kind, subject_id, record_id, 2, title, media_type,"
    forged += " sha256(sha256), size_bytes, pages, $2, registered_at, upload_expires_at from scans where subject_id = $1"
    with pytest.raises(Exception, match="tg_scans_c49_locked"):
        await bank.root.execute(forged, paper, bank.people["clerk"].staff_id)


async def test_two_who_lock_at_once_do_not_both_get_it(bank: World, run: Run, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    scan = f"scan_{await stored(bank, objects, paper)}"
    told = await asyncio.gather(
        *(run(who, "lockScan", "scan { id }", scanId=scan, idempotencyKey=uuid4().hex) for who in ("officer", "clerk"))
    )
    assert sorted(t["__typename"] for t in told) == ["InvalidInput", "LockScanPayload"]
