"""Notices: listed and marked by whom they tell alone, and heard over a socket without loss across a break."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from server.custody import notices
from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import NoticeKind, Tier
from tests.harness.listener import Listener, listener
from tests.harness.web import Site, site
from tests.harness.world import World

HEARD = "subscription ($a: String) { noticeReceived(after: $a) { cursor notice { id kind title record { archiveNo } subject { id } } } }"
LIST = """query ($w: NoticeWhere) { notices(first: 10, where: $w, sort: [{ field: MADE_AT, direction: DESC }]) { totalCount edges { node {
  id kind isRead title subject { __typename id } } } } viewer { notices(first: 10) { edges { node { id } } } } }"""
MARK = """mutation ($i: MarkNoticeReadInput!) { markNoticeRead(input: $i) { __typename ... on Problem { code }
  ... on MarkNoticeReadPayload { replayed notices { id isRead readAt } } ... on InvalidInput { problems { path code } } } }"""
SECONDS_MAX = 240


@pytest.fixture(scope="module")
def pair(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Site]]:
    with (
        site(told, database_name, tmp_path_factory.mktemp("one")) as one,
        site(told, database_name, tmp_path_factory.mktemp("two")) as two,
    ):
        yield [one, two]


async def ask(site_: Site, who: str, query: str, language: str = "en", **variables: Any) -> Any:
    async with site_.client(who) as client:
        body = {"query": query, "variables": variables}
        answer = (await client.post("/graphql", json=body, headers={"Accept-Language": language})).json()
        assert "errors" not in answer, answer
        return answer["data"]


async def recalled(bank: World) -> Any:
    """Somebody is asked for a volume back."""
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    await bank.done("archivist", Ask(A.RECALL, records=tuple(volumes), reason="他人急用"))
    return volumes[0]


async def test_notices_are_their_readers_alone(pair: list[Site], bank: World) -> None:
    record = await recalled(bank)
    officer, other, everywhere = (bank.people[n].staff_no for n in ("officer", "legal", "compliance"))
    found = await ask(pair[0], officer, LIST, "zh-CN")
    (edge,) = found["notices"]["edges"]
    assert edge["node"] | {"id": ""} == {
        "id": "", "kind": "RECALLED", "isRead": False, "title": "请提前归还所借档案",
        "subject": {"__typename": "Checkout", "id": edge["node"]["subject"]["id"]},
    }  # fmt: skip
    assert found["viewer"]["notices"]["edges"] == [{"node": {"id": edge["node"]["id"]}}] and record
    for stranger in (other, everywhere):
        assert (await ask(pair[0], stranger, LIST))["notices"]["edges"] == []
        node = await ask(pair[0], stranger, "query ($i: ID!) { node(id: $i) { id } }", i=edge["node"]["id"])
        assert node == {"node": None}
        given = {"noticeIds": [edge["node"]["id"]], "idempotencyKey": uuid4().hex}
        assert (await ask(pair[0], stranger, MARK, i=given))["markNoticeRead"] == {"__typename": "NotFound", "code": "NOT_FOUND"}
    given = {"noticeIds": [edge["node"]["id"]], "idempotencyKey": uuid4().hex}
    for replayed in (False, True):
        marked = (await ask(pair[0], officer, MARK, i=given))["markNoticeRead"]
        assert marked["replayed"] is replayed and marked["notices"][0]["isRead"] and marked["notices"][0]["readAt"]
    assert (await ask(pair[0], officer, LIST, w={"isRead": {"eq": False}, "kind": {"in": ["RECALLED"]}}))["notices"]["totalCount"] == 0


@pytest.mark.parametrize(("ids", "code"), [([], "EMPTY"), (["notice_x", "notice_x"], None)])
async def test_what_is_wrong_with_a_list_of_notices_is_told(pair: list[Site], bank: World, ids: list[str], code: str | None) -> None:
    given = {"noticeIds": ids, "idempotencyKey": uuid4().hex}
    answer = (await ask(pair[0], bank.people["officer"].staff_no, MARK, i=given))["markNoticeRead"]
    assert answer.get("problems") == ([{"path": ["noticeIds"], "code": code}] if code else None)
    assert answer["code"] == ("INVALID_INPUT" if code else "NOT_FOUND")


async def collect(socket: Listener, count: int) -> list[dict[str, Any]]:
    out = []
    while len(out) < count:
        heard = await asyncio.wait_for(socket.hear(), SECONDS_MAX)
        assert heard["type"] == "next", heard
        out.append(heard["payload"]["data"]["noticeReceived"])
    return out


async def test_a_listener_goes_on_behind_its_cursor_at_the_other_server(pair: list[Site], bank: World) -> None:
    officer, service = bank.people["officer"], bank.people["archivist"]

    async def tell(n: int) -> None:  # alone in its transaction: no event wakes the listener
        async with bank.database.transaction(service) as conn:
            at = await conn.raw.fetchval("select clock_timestamp()")
            await notices.tell(conn, {officer.staff_id}, NoticeKind.OVERDUE, ("org", officer.org_id), at, occasion=str(n))

    async with listener(pair[0], officer.staff_no) as socket, listener(pair[1], bank.people["legal"].staff_no) as stranger:
        for one in (socket, stranger):
            await one.subscribe(HEARD)
            await one.answer("{ viewer { staff { name } } }", "2")
        await recalled(bank)
        (first,) = await collect(socket, 1)
        assert first["notice"]["kind"] == "RECALLED" and first["notice"]["record"]["archiveNo"]
        socket.socket.transport.abort()  # no good-bye
        for n in range(5):
            await tell(n)
        async with listener(pair[1], officer.staff_no) as again:
            await again.subscribe(HEARD, a=first["cursor"])
            missed = await collect(again, 5)
            await tell(5)
            missed += await collect(again, 1)
        assert len({m["notice"]["id"] for m in missed}) == 6 and {m["notice"]["kind"] for m in missed} == {"OVERDUE"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stranger.hear(), 0.5)
