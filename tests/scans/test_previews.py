"""Pictures of pages: made in the background, shown for a minute and a purpose, thrown away when nobody wants them."""

import asyncio
import io
from typing import Any
from uuid import UUID

import httpx
import pikepdf
import pytest
from PIL import Image

from server.scans import previews
from server.scans.links import PREVIEWS_MAX, Links
from storage.objects import ObjectStore
from tests.harness.jobs import jobs_of
from tests.harness.scans import stored as kept
from tests.harness.web import ANSWER_SECONDS_MAX
from tests.harness.world import World
from tests.scans.conftest import Run, put, scan_of
from tests.scans.hostile import JPEG, TIFF, image

LINKS = "previews { scanId status url expiresAt }"


def landscape(pages: int) -> bytes:
    with pikepdf.new() as made:
        for _ in range(pages):
            made.add_blank_page(page_size=(842, 595))
        out = io.BytesIO()
        made.save(out)
    return out.getvalue()


async def stored(bank: World, run: Run, body: bytes, **changed: Any) -> str:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", "scan { id } uploadUrl uploadHeaders", **scan_of(paper, body, **changed))
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    done = await run("officer", "confirmScan", "scan { id status }", scanId=made["scan"]["id"])
    assert done["scan"]["status"] == "STORED"
    return str(done["scan"]["id"])


async def drawn(bank: World, objects: ObjectStore) -> int:
    return await (await jobs_of(bank, objects)).draw()


async def test_the_first_page_of_a_new_scan_is_drawn_by_itself(bank: World, run: Run, objects: ObjectStore) -> None:
    scan = await stored(bank, run, landscape(2), pages=2)
    asked = {"scanIds": [scan], "page": 1, "width": previews.SMALLEST, "purpose": "核对"}
    (first,) = (await run("auditor", "issuePreviewLinks", LINKS, **asked))["previews"]
    assert (first["status"], first["url"]) == ("WANTED", None)
    assert await drawn(bank, objects) >= 1
    (made,) = (await run("auditor", "issuePreviewLinks", LINKS, **asked))["previews"]
    assert made["status"] == "MADE"
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        answer = await client.get(made["url"])
    assert answer.headers["content-type"] == "image/jpeg" and answer.headers["content-disposition"].startswith("attachment")
    with Image.open(io.BytesIO(answer.content)) as shown:
        assert shown.size in ((160, 113), (160, 114))


@pytest.mark.parametrize(("body", "media_type"), [(image(JPEG), JPEG), (image(TIFF), TIFF)])
async def test_images_are_drawn_too(bank: World, run: Run, objects: ObjectStore, body: bytes, media_type: str) -> None:
    scan = await stored(bank, run, body, mediaType=media_type)
    assert await drawn(bank, objects) >= 1
    asked = {"scanIds": [scan], "page": 1, "width": 160, "purpose": "核对"}
    (made,) = (await run("auditor", "issuePreviewLinks", LINKS, **asked))["previews"]
    assert made["status"] == "MADE"


async def test_each_grant_and_each_denial_is_in_the_access_log(bank: World, run: Run, objects: ObjectStore) -> None:
    scan = await stored(bank, run, landscape(1))
    stranger = (await run("officer_b", "issuePreviewLinks", LINKS, scanIds=[scan], page=1, width=160, purpose="好奇"))["previews"]
    assert stranger == [{"scanId": scan, "status": None, "url": None, "expiresAt": None}]
    beyond = (await run("auditor", "issuePreviewLinks", LINKS, scanIds=[scan], page=2, width=160, purpose="核对"))["previews"]
    assert beyond[0]["status"] is None
    await run("auditor", "issuePreviewLinks", LINKS, scanIds=[scan], page=1, width=480, purpose="核对")
    rows = await bank.root.fetch(
        "select result, purpose from access_log where action = 'issuePreviewLinks' and subject_ids[1] = $1::text::uuid order by logged_at",
        scan[5:],
    )
    assert [tuple(row) for row in rows] == [("DENIED", "好奇"), ("DENIED", "核对"), ("GRANTED", "核对")]


@pytest.mark.parametrize(
    ("changed", "path", "code"),
    [
        ({"purpose": "  "}, "purpose", "EMPTY"),
        ({"width": 161}, "width", "WIDTH_NOT_ALLOWED"),
        ({"scanIds": []}, "scanIds", "EMPTY"),
        ({"scanIds": [f"scan_{UUID(int=n)}" for n in range(51)]}, "scanIds", "TOO_MANY"),
    ],
)
async def test_what_is_asked_wrongly_is_told_by_path(run: Run, changed: dict[str, Any], path: str, code: str) -> None:
    given = {"scanIds": [f"scan_{UUID(int=1)}"], "page": 1, "width": 160, "purpose": "核对"} | changed
    told = await run("auditor", "issuePreviewLinks", LINKS, **given)
    assert [(p["path"], p["code"]) for p in told["problems"]] == [([path], code)]


async def test_the_same_pictures_may_be_asked_for_in_any_order_at_once(bank: World, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    scans = [await kept(bank, objects, paper) for _ in range(PREVIEWS_MAX)]
    links = Links(bank.database, objects)
    asked = [
        links.issue_previews(bank.people[who], ids, 1, 160, "核对", "r") for ids in (scans, scans[::-1]) for who in ("officer", "clerk")
    ]
    for told in await asyncio.gather(*asked):
        assert [one.status for one in told] == ["WANTED"] * len(scans)
    await bank.sql("delete from scan_previews where scan_id = any($1::uuid[])", scans)


async def test_what_nobody_wants_any_more_is_thrown_away(bank: World, run: Run, objects: ObjectStore) -> None:
    scan = await stored(bank, run, landscape(1))
    key = previews.key_of(UUID(scan[5:]), 1, 160)
    assert await drawn(bank, objects) >= 1
    assert await objects.staging.keys(key)
    jobs = await jobs_of(bank, objects)
    assert await jobs.forget() == 0
    await bank.sql("update scan_previews set wanted_at = now() - interval '31 days' where scan_id = $1::text::uuid", scan[5:])
    assert await jobs.forget() == 1
    assert not await objects.staging.keys(key)
    assert await bank.sql("select count(*) from scan_previews where scan_id = $1::text::uuid", scan[5:]) == 0


async def test_a_page_that_cannot_be_drawn_says_so_and_is_not_tried_for_ever(bank: World, run: Run, objects: ObjectStore) -> None:
    scan = await stored(bank, run, landscape(1))
    await bank.sql("insert into scan_previews (scan_id, page, width, wanted_at) values ($1::text::uuid, 9, 480, now())", scan[5:])
    assert await drawn(bank, objects) >= 2
    rows = await bank.root.fetch("select page, status from scan_previews where scan_id = $1::text::uuid order by page", scan[5:])
    assert [tuple(row) for row in rows] == [(1, "MADE"), (9, "FAILED")]
    assert await drawn(bank, objects) == 0


async def test_one_scan_that_cannot_be_had_keeps_no_other_picture_waiting(bank: World, run: Run, objects: ObjectStore) -> None:
    gone, other = [await stored(bank, run, landscape(1)) for _ in range(2)]
    version = await bank.sql("select version_id from scan_copies where scan_id = $1::text::uuid", gone[5:])
    await bank.past_the_triggers(f"update scan_copies set version_id = 'ffff{version[4:]}' where scan_id = '{gone[5:]}'")
    state = "select status from scan_previews where scan_id = $1::text::uuid"
    await bank.sql("update scan_previews set wanted_at = now() - interval '1 hour' where scan_id = $1::text::uuid", gone[5:])
    await drawn(bank, objects)
    assert (await bank.sql(state, gone[5:]), await bank.sql(state, other[5:])) == ("WANTED", "MADE")
    assert await drawn(bank, objects) == 0, "it is not tried again at once"
    await bank.past_the_triggers(f"update scan_copies set version_id = '{version}' where scan_id = '{gone[5:]}'")
    await bank.sql("update scan_previews set tried_at = tried_at - interval '6 minutes' where scan_id = $1::text::uuid", gone[5:])
    assert await drawn(bank, objects) == 1
    assert await bank.sql(state, gone[5:]) == "MADE"


async def test_pictures_are_drawn_in_the_order_in_which_they_were_wanted(bank: World, run: Run, objects: ObjectStore) -> None:
    scans = sorted([await stored(bank, run, landscape(1)) for _ in range(2)])
    await drawn(bank, objects)
    many = "insert into scan_previews (scan_id, page, width, wanted_at) select $1::text::uuid, n, 480, now() from generate_series(2, 60) n"
    await bank.sql(many, scans[0][5:])
    await bank.sql("update scan_previews set status = 'WANTED', made_at = null, wanted_at = now() - interval '1 hour' where scan_id = $1::text::uuid", scans[1][5:])  # fmt: skip
    assert await drawn(bank, objects) == previews.BATCH
    assert await bank.sql("select status from scan_previews where scan_id = $1::text::uuid", scans[1][5:]) == "MADE"
    await bank.sql("delete from scan_previews where scan_id = $1::text::uuid", scans[0][5:])
