"""A client of graphql-transport-ws: says the words of the protocol and hears what comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from websockets.asyncio.client import ClientConnection, connect

from tests.harness.web import Site

PROTOCOL = "graphql-transport-ws"
SILENCE_SECONDS_MAX = 300  # events wait for every transaction of the cluster that was begun before them, of other tests too
SETTLED = """select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > greatest(
  (select max(transaction_id::text::bigint) from events), (select max(transaction_id::text::bigint) from notices), 0)"""


class Listener:
    """One socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, message: Any) -> None:
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """A server that says nothing is found out, instead of being waited for for ever."""
        return dict(json.loads(await asyncio.wait_for(self.socket.recv(), SILENCE_SECONDS_MAX)))

    async def begin(self, token: str | None) -> dict[str, Any]:
        await self.say({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"} if token else None})
        return await self.hear()

    async def subscribe(self, query: str, id_: str = "1", **variables: Any) -> None:
        await self.say({"id": id_, "type": "subscribe", "payload": {"query": query, "variables": variables}})

    async def answer(self, query: str, id_: str = "1", **variables: Any) -> Any:
        await self.subscribe(query, id_, **variables)
        heard = await self.hear()
        assert (heard["id"], heard["type"]) == (id_, "next"), heard
        assert await self.hear() == {"id": id_, "type": "complete"}
        return heard["payload"]


@asynccontextmanager
async def listener(site: Site, username: str | None = None, token: str | None = None) -> AsyncIterator[Listener]:
    """A socket, already admitted when a username or a token is given."""
    address, patient = f"{site.address.replace('http', 'ws')}/graphql", {"open_timeout": SILENCE_SECONDS_MAX, "ping_interval": None}
    async with connect(address, subprotocols=[PROTOCOL], proxy=None, **patient) as socket:  # type: ignore[list-item]  # a name of a protocol is a string to us
        made = Listener(socket)
        if username or token:
            assert await made.begin(token or site.token(username or "")) == {"type": "connection_ack"}
        yield made


async def settled(root: "asyncpg.Connection[Any]") -> None:
    """Until what has happened is certain: a subscription begins behind what is, and tells again what came beside a transaction that still runs.

    That one may be of another test, in another database: PostgreSQL numbers them all alike.
    """
    async with asyncio.timeout(SILENCE_SECONDS_MAX):
        while not await root.fetchval(SETTLED):  # noqa: ASYNC110  # other sessions bring it about
            await asyncio.sleep(0.02)
