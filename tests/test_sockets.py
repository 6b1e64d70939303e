"""Sockets: the protocol to the letter, every operation over it, and subscriptions that lose nothing and tell nothing twice."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from server.auth import LEEWAY_SECONDS, Issuer
from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody.moves import Ask
from server.demo.names import small_pdf
from server.scans.announcing import NewScan
from server.scans.uploads import Uploads
from storage.database import Database
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import Role, ScanSubject, Tier
from tests.harness import servers
from tests.harness.listener import Listener, listener, settled
from tests.harness.web import Site, site
from tests.harness.world import World

ME = "{ viewer { staff { name } } }"
EVENTS = "subscription ($a: String) { custodyEventRecorded(after: $a) { cursor event { id tag record { archiveNo } actor { name } } } }"
WAITING = "subscription { operationWaiting { operation { id action openSeats expiresAt } } }"
SCANS = "subscription ($i: [ID!]!) { scanStatusChanged(scanIds: $i) { scan { id status } } }"
SECONDS_MAX = 240  # a bound for a machine that is busy with other things
LIFETIMES = (2, 8, 32)  # seconds: on such a machine a short one may be over before it was made use of
BURSTS = [(6, 12), pytest.param((32, 200), marks=pytest.mark.soak)]


@pytest.fixture(scope="module")
def pair(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Site]]:
    with (
        site(told, database_name, tmp_path_factory.mktemp("one")) as one,
        site(told, database_name, tmp_path_factory.mktemp("two")) as two,
    ):
        yield [one, two]


@pytest.fixture
def served(pair: list[Site]) -> Site:
    return pair[0]


# The protocol ------------------------------------------------------------------------------------------------------------
INIT: dict[str, Any] = {"type": "connection_init"}
ASK = {"id": "1", "type": "subscribe", "payload": {"query": WAITING}}
WRONG: list[tuple[list[Any], int]] = [
    (["x"], 4400), (["[]"], 4400), (['"x"'], 4400), (["null"], 4400), (["1"], 4400), (["{}"], 4400), ([b"\x00\xff"], 4400),
    (["{" * 5_000], 4400), ([{"type": None}], 4400), ([{"type": "start"}], 4400), ([{"type": "connection_terminate"}], 4400),
    ([{"type": "connection_init", "payload": []}], 4400), ([{"type": "connection_init", "payload": "x"}], 4400),
    ([INIT], 4403), ([{**INIT, "payload": None}], 4403), ([{**INIT, "payload": {"Authorization": "Bearer x"}}], 4403),
    ([{**INIT, "payload": {"Authorization": 1}}], 4403), ([ASK], 4401), ([{"type": "ping", "payload": []}], 4400),
    ([{"type": "pong", "payload": 1}], 4400), ([{"type": "complete"}], 4400), ([{"type": "complete", "id": 1}], 4400),
    (["ok", {"type": "connection_init"}], 4429), (["ok", ASK, ASK], 4409), (["ok", {**ASK, "id": ""}], 4400), (["ok", {**ASK, "id": 5}], 4400),
    (["ok", {**ASK, "payload": None}], 4400), (["ok", {**ASK, "payload": "x"}], 4400), (["ok", {**ASK, "payload": []}], 4400),
    (["ok", {**ASK, "id": "中" * 150}, {**ASK, "id": "中" * 150}], 4409), (["ok", {"id": "1", "type": "next", "payload": {}}], 4400), (["ok", {"id": "1" * 300, "type": "complete"}], 4400),
]  # fmt: skip


async def until_closed(socket: Listener) -> tuple[list[dict[str, Any]], int]:
    """What is heard before the other side closes, and the code with which it does."""
    heard = []
    try:
        while True:
            heard.append(await asyncio.wait_for(socket.hear(), SECONDS_MAX))
    except ConnectionClosed as closed:
        return heard, closed.rcvd.code if closed.rcvd else 0


@pytest.mark.parametrize(("said", "code"), WRONG, ids=[str(n) for n in range(len(WRONG))])
async def test_what_is_not_in_the_protocol_closes_the_socket_with_its_code(served: Site, bank: World, said: list[Any], code: int) -> None:
    async with listener(served) as socket:
        for message in said:
            if message == "ok":
                await socket.begin(served.token(bank.people["officer"].staff_no))
            else:
                await socket.say(message)
        assert (await until_closed(socket))[1] == code
    assert "Traceback" not in served.logged()


@pytest.mark.parametrize("protocols", [None, ["graphql-ws"], ["soap"]])
async def test_another_protocol_is_not_spoken(served: Site, protocols: Any) -> None:
    async with connect(f"{served.address.replace('http', 'ws')}/graphql", subprotocols=protocols, proxy=None) as socket:
        assert await until_closed(Listener(socket)) == ([], 4406)


async def test_ping_is_answered_before_and_after_the_beginning(served: Site, bank: World) -> None:
    async with listener(served) as socket:
        for token in (None, served.token(bank.people["officer"].staff_no)):
            if token:
                await socket.begin(token)
            await socket.say({"type": "ping", "payload": {"n": 1}})
            assert await socket.hear() == {"type": "pong"}
            await socket.say({"type": "pong"})


async def test_queries_and_mutations_are_answered_over_the_socket(served: Site, bank: World) -> None:
    volumes = await bank.volumes()
    request = """mutation ($i: RequestCheckoutInput!) { requestCheckout(input: $i) { __typename ... on Problem { code } } }"""
    async with listener(served, bank.people["officer"].staff_no) as socket:
        assert await socket.answer(ME) == {"data": {"viewer": {"staff": {"name": "officer"}}}}
        given = {"recordIds": [f"record_{volumes[0]}"], "purpose": "AUDIT", "idempotencyKey": uuid4().hex}
        assert await socket.answer(request, i=given) == {"data": {"requestCheckout": {"__typename": "RequestCheckoutPayload"}}}
        assert (await socket.answer("{ __schema { queryType { name } } }"))["data"] == {"__schema": {"queryType": {"name": "Query"}}}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{ nothing }"}, "BAD_REQUEST"), ({"query": ""}, "BAD_REQUEST"), ({"query": 1}, "BAD_REQUEST"), ({}, "BAD_REQUEST"),
        ({"query": EVENTS, "variables": {"a": "x"}}, "BAD_REQUEST"), ({"query": EVENTS, "variables": []}, "BAD_REQUEST"),
        ({"query": EVENTS, "variables": {"a": 1}}, "BAD_REQUEST"), ({"query": "subscription { a: operationWaiting { __typename } b: operationWaiting { __typename } }"}, "BAD_REQUEST"),
        ({"query": SCANS, "variables": {"i": ["scan_x"] * 201}}, "BAD_REQUEST"),
    ],
)  # fmt: skip
async def test_a_wrong_operation_is_an_error_and_the_socket_lives(served: Site, bank: World, payload: Any, code: str) -> None:
    async with listener(served, bank.people["officer"].staff_no) as socket:
        await socket.say({"id": "1", "type": "subscribe", "payload": payload})
        heard = await socket.hear()
        errors = heard["payload"] if heard["type"] == "error" else heard["payload"]["errors"]
        assert errors[0]["extensions"]["code"] == code, heard
        if heard["type"] == "next":
            assert (await socket.hear())["type"] == "complete"
        assert (await socket.answer(ME, "2"))["data"]


async def test_a_subscription_over_http_is_told_where_it_belongs(served: Site, bank: World) -> None:
    async with served.client(bank.people["officer"].staff_no) as client:
        answer = (await client.post("/graphql", json={"query": WAITING})).json()
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST" and "WebSocket" in answer["errors"][0]["message"]


async def test_what_is_completed_by_the_client_tells_nothing_more(served: Site, bank: World) -> None:
    volumes = await bank.volumes()
    await settled(bank.root)
    async with listener(served, bank.people["officer"].staff_no) as socket:
        await socket.subscribe(EVENTS)
        await socket.say({"id": "1", "type": "complete"})
        assert (await socket.answer(ME, "2"))["data"]  # so the server has read it
        await bank.requests(volumes, tier=Tier.SECOND)
        await asyncio.sleep(0.6)
        assert (await socket.answer(ME))["data"]  # and the id is free again


async def test_a_socket_runs_only_so_many_operations(served: Site, bank: World) -> None:
    async with listener(served, bank.people["officer"].staff_no) as socket:
        for n in range(50):
            await socket.subscribe(EVENTS, f"s{n}")
        await socket.subscribe(EVENTS, "one too many")
        heard = await asyncio.wait_for(socket.hear(), SECONDS_MAX)
        assert heard["id"] == "one too many" and heard["payload"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_subscription_ends_when_its_token_does(served: Site, bank: World) -> None:
    issuer, begun = Issuer.of(served.settings.home), False
    for seconds in LIFETIMES:
        now = datetime.now(UTC)
        claims = {"iss": served.settings.issuer, "aud": served.settings.token_audience, "sub": bank.people["officer"].staff_no,
                  "iat": now - timedelta(hours=1), "nbf": now - timedelta(hours=1), "exp": now - timedelta(seconds=LEEWAY_SECONDS - seconds)}  # fmt: skip
        token = jwt.encode(claims, issuer.private_key, "ES256", headers={"kid": issuer.kid})
        async with listener(served) as socket:
            await socket.say({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
            with contextlib.suppress(ConnectionClosed):
                await socket.subscribe(EVENTS)
            heard, code = await until_closed(socket)
            assert code == 4403 and heard in ([], [{"type": "connection_ack"}])
        begun = begun or bool(heard)
        if begun:
            break
    assert begun, "it ends what had begun"


async def test_a_subscription_ends_when_its_person_leaves(served: Site, bank: World) -> None:
    volumes = await bank.volumes()
    await settled(bank.root)
    async with listener(served, bank.people["manager"].staff_no) as socket:
        await socket.subscribe(EVENTS)
        await socket.answer(ME, "2")
        await bank.root.execute(
            "update staff set active = false, principal_version = principal_version + 1 where id = $1", bank.people["manager"].staff_id
        )
        await bank.requests(volumes, tier=Tier.SECOND)
        heard, code = await until_closed(socket)
        assert {message["type"] for message in heard} <= {"error"} and code == 4403


async def test_a_listener_hears_nothing_from_a_unit_once_the_grant_for_it_has_lapsed(served: Site, bank: World) -> None:
    """Nothing is changed when a grant lapses, so nothing tells the listener but the time."""
    head = bank.people["admin"].org_id
    examiner = await bank.hire("examiner", {Role.EXAMINER}, head, ())
    given = """insert into read_grants (staff_id, org_id, during, reason, granted_by)
      values ($1, $2, tstzrange(clock_timestamp(), clock_timestamp() + $3), 'x', $4)"""
    for seconds in LIFETIMES:
        lasting, heard = timedelta(seconds=seconds), list[Any]()
        await settled(bank.root)
        await bank.sql(given, examiner.staff_id, bank.branches["A"].id, lasting, bank.people["admin"].staff_id)
        async with listener(served, examiner.staff_no) as socket:
            await socket.subscribe(EVENTS)
            await socket.answer(ME, "2")
            await bank.volumes()
            with contextlib.suppress(TimeoutError):  # it was over before the first events were told
                async with asyncio.timeout(seconds):
                    heard = await collect(socket, 3)
            if not heard:
                continue
            await asyncio.sleep(seconds)
            await bank.volumes()
            await asyncio.sleep(1)
            assert (await socket.answer(ME, "3"))["data"]  # and nothing before it
            return
    raise AssertionError("while a grant lasted, nothing was heard")


async def test_what_is_asked_after_a_subscription_is_answered_once_it_has_begun(served: Site, bank: World) -> None:
    """So a client that was answered knows that it misses nothing from there on, without a pause."""
    async with listener(served, bank.people["officer"].staff_no) as socket:
        for turn in range(5):
            await settled(bank.root)
            await socket.subscribe(EVENTS, f"events {turn}")
            await socket.answer(ME, "me")
            await bank.volumes()
            assert len(await collect(socket, 3)) == 3
            await socket.say({"id": f"events {turn}", "type": "complete"})
            await settled(bank.root)
            await socket.subscribe(EVENTS, "too late")  # ended before it could begin: nobody waits for it
            await socket.say({"id": "too late", "type": "complete"})


async def test_a_socket_goes_on_when_its_person_has_another_role(served: Site, bank: World) -> None:
    """Who was read before the change is read again, not told to come back for ever; a socket outlives many changes."""
    officer, roles = bank.people["officer"], "{ viewer { roles } }"
    async with listener(served, officer.staff_no) as socket:
        assert (await socket.answer(roles))["data"]["viewer"]["roles"] == ["LOAN_OFFICER"]
        for n, (sql, wanted) in enumerate(
            [
                ("insert into staff_roles (staff_id, role) values ($1, 'INSPECTOR')", {"LOAN_OFFICER", "INSPECTOR"}),
                ("delete from staff_roles where staff_id = $1 and role = 'INSPECTOR'", {"LOAN_OFFICER"}),
            ]
        ):
            await bank.root.execute(sql, officer.staff_id)
            assert set((await socket.answer(roles, f"roles {n}"))["data"]["viewer"]["roles"]) == wanted


async def test_no_records_are_events_of_none_and_not_of_all(served: Site, bank: World) -> None:
    some = EVENTS.replace("($a: String)", "($r: [ID!])").replace("after: $a", "recordIds: $r")
    theirs = await bank.volumes(letter="B")
    async with listener(served, bank.people["officer"].staff_no) as socket:
        for n, ids in enumerate([[], ["loan_x", "x"], [f"record_{theirs[0]}"]]):
            await socket.subscribe(some, f"some {n}", r=ids)
        await socket.answer(ME, "2")
        await bank.volumes()
        await bank.requests(theirs, by="officer_b", tier=Tier.SECOND)
        await asyncio.sleep(0.6)
        assert (await socket.answer(ME, "3"))["data"]


async def test_a_socket_that_begins_while_postgresql_is_away_is_told_to_come_again(
    told: dict[str, Any], tmp_path: Any, bank: World, database_name: str
) -> None:
    with site(told, database_name, tmp_path, readers_max="1") as alone:
        token = alone.token(bank.people["officer"].staff_no)
        root = await asyncpg.connect(servers.url(told, "super", "postgres"))
        try:
            await root.execute(f"alter database {database_name} connection limit 0")
            await root.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = 'loanfile_reader'", database_name
            )
            async with listener(alone) as socket:
                await socket.say({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
                assert (await until_closed(socket))[1] == 1013
        finally:
            await root.execute(f"alter database {database_name} connection limit -1")
            await root.close()
        async with listener(alone, token=token) as socket:
            assert (await socket.answer(ME))["data"]
        assert "Traceback" not in alone.logged()


# Events ------------------------------------------------------------------------------------------------------------------
async def collect(socket: Listener, count: int) -> list[dict[str, Any]]:
    out = []
    while len(out) < count:
        heard = await asyncio.wait_for(socket.hear(), SECONDS_MAX)
        assert heard["type"] == "next", heard
        out.append(heard["payload"]["data"]["custodyEventRecorded"])
    return out


async def test_events_reach_those_who_see_them_and_nobody_else(pair: list[Site], bank: World) -> None:
    async with (
        listener(pair[0], bank.people["officer"].staff_no) as here,
        listener(pair[1], bank.people["officer_b"].staff_no) as there,
        listener(pair[1], bank.people["compliance"].staff_no) as everywhere,
    ):
        for socket in (here, there, everywhere):
            await socket.subscribe(EVENTS)
            await socket.answer(ME, "2")
        mine, theirs = await bank.volumes(), await bank.volumes(letter="B")
        for socket, expected in ((here, mine), (there, theirs)):
            seen = await collect(socket, 3)
            ids = [await bank.sql("select record_id from events where id = $1", UUID(e["event"]["id"][6:])) for e in seen]
            assert ids == expected * 3 and [e["event"]["tag"] for e in seen] == [
                "record:register:done",
                "record:submit:done",
                "record:accept:done",
            ]
        assert len({e["event"]["id"] for e in await collect(everywhere, 6)}) == 6


@pytest.mark.parametrize("burst", BURSTS)
async def test_nothing_is_lost_or_doubled_across_reconnects_processes_and_late_commits(
    pair: list[Site], bank: World, told: dict[str, Any], database_name: str, burst: tuple[int, int]
) -> None:
    """Writers commit late and out of order; the reader breaks off at random and goes on at the other server."""
    writers, each = burst
    r = Random(writers)
    loans = [await bank.loan() for _ in range(writers)]
    officer, written = bank.people["officer"], list[UUID]()
    database = Database(servers.url(told, "app", database_name), writers_max=writers)
    await database.open()

    async def write(loan: UUID) -> None:
        for _ in range(each):
            async with database.transaction(officer) as conn:
                chains = await Chains.lock(conn, {loan})
                chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=officer.staff_id, at=datetime.now(UTC))
                await chains.write()
                await asyncio.sleep(r.choice([0, 0, 0.01, 0.05, 0.3]))  # the commit comes late

    async def read(wanted: int) -> list[dict[str, Any]]:
        out, cursor, n = list[dict[str, Any]](), first, 0
        while len(out) < wanted:
            async with listener(pair[n % 2], officer.staff_no) as socket:
                await socket.subscribe(EVENTS, a=cursor)
                out += await collect(socket, min(r.randint(1, max(2, wanted // 8)), wanted - len(out)))
                if r.random() < 0.5:
                    socket.socket.transport.abort()  # no good-bye
            cursor, n = out[-1]["cursor"], n + 1
        return out

    async with listener(pair[0], officer.staff_no) as socket:  # where to begin
        await socket.subscribe(EVENTS)
        await socket.answer(ME, "2")
        await write_one(database, officer, loans[0])
        first = (await collect(socket, 1))[0]["cursor"]
    try:
        async with asyncio.timeout(SECONDS_MAX * (1 + each // 10)):
            heard, *_ = await asyncio.gather(read(writers * each), *(write(loan) for loan in loans))
    finally:
        await database.close()
    rows = await bank.root.fetch("select id from events where subject_id = any($1) order by transaction_id, id", loans)
    written = [row["id"] for row in rows][1:]
    assert [UUID(e["event"]["id"][6:]) for e in heard] == written and len(written) == writers * each


async def write_one(database: Database, officer: Any, loan: UUID) -> None:
    async with database.transaction(officer) as conn:
        chains = await Chains.lock(conn, {loan})
        chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=officer.staff_id, at=datetime.now(UTC))
        await chains.write()


async def test_listeners_go_on_when_their_connections_to_postgresql_are_cut(
    served: Site, bank: World, told: dict[str, Any], database_name: str
) -> None:
    async with listener(served, bank.people["officer"].staff_no) as socket:
        await socket.subscribe(EVENTS)
        await socket.answer(ME, "2")
        root = await asyncpg.connect(servers.url(told, "super", "postgres"))
        try:
            await root.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = 'loanfile_reader'", database_name
            )
        finally:
            await root.close()
        volumes = await bank.volumes()
        seen = await collect(socket, 3)
        assert {await bank.sql("select record_id from events where id = $1", UUID(e["event"]["id"][6:])) for e in seen} == set(volumes)


# Operations and scans ----------------------------------------------------------------------------------------------------
async def test_the_second_keeper_is_called_in_time_and_only_to_what_waits_for_them(pair: list[Site], bank: World) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers)
    async with (
        listener(pair[0], bank.people["cody"].staff_no) as cody,
        listener(pair[1], bank.people["kay"].staff_no) as kay,
        listener(pair[1], bank.people["cody_b"].staff_no) as stranger,
    ):
        for socket in (cody, kay, stranger):
            await socket.subscribe(WAITING)
            await socket.answer(ME, "2")
        opened = await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
        heard = await asyncio.wait_for(cody.hear(), SECONDS_MAX)
        told = heard["payload"]["data"]["operationWaiting"]["operation"]
        assert told["id"] == f"operation_{opened['operation']}" and told["openSeats"] == ["CODE", "CLERK", "RECEIVER"]
        async with listener(pair[1], bank.people["clerk"].staff_no) as clerk:  # who comes later is told what waits already
            await clerk.subscribe(WAITING)
            assert json.dumps(told["id"]) in json.dumps(await asyncio.wait_for(clerk.hear(), SECONDS_MAX))
        for socket in (kay, stranger):  # who has sat down, and who sits elsewhere, are not called
            assert (await socket.answer(ME, "3"))["data"]


async def test_a_scan_is_followed_until_it_is_stored(served: Site, bank: World, objects: ObjectStore) -> None:
    volumes = await bank.volumes()
    officer, body = bank.people["officer"], small_pdf("a page")
    keeper = Uploads(bank.database, objects)
    new = NewScan.of(ScanSubject.RECORD, volumes[0], "合同", "application/pdf", body, pages=1)
    made = await keeper.register(officer, new, key=uuid4().hex)
    registered, address = made.outcome, made.whole
    scan = f"scan_{registered['scan']}"
    async with listener(served, officer.staff_no) as socket, listener(served, bank.people["officer_b"].staff_no) as stranger:
        for one in (socket, stranger):
            await one.subscribe(SCANS, i=[scan])
        assert (await socket.hear())["payload"]["data"]["scanStatusChanged"]["scan"] == {"id": scan, "status": "REGISTERED"}
        async with httpx.AsyncClient(timeout=SECONDS_MAX, trust_env=False) as store:
            assert (await store.put(address.url, content=body, headers=address.headers)).status_code == 200
        await keeper.confirm(officer, UUID(registered["scan"]), key=uuid4().hex)
        heard = await asyncio.wait_for(socket.hear(), SECONDS_MAX)
        assert heard["payload"]["data"]["scanStatusChanged"]["scan"] == {"id": scan, "status": "STORED"}
        assert await asyncio.wait_for(socket.hear(), SECONDS_MAX) == {"id": "1", "type": "complete"}
        assert (await stranger.answer(ME, "2"))["data"]
