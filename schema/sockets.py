"""The protocol graphql-transport-ws, strictly: what is not in it closes the socket with the protocol's own code."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson
import structlog

from server.context import Context
from server.errors import LoanfileError

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
OPERATIONS_MAX = 50
BAD_MESSAGE, UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE, INIT_TIMEOUT, ALREADY_THERE, TOO_MANY_INITS, TRY_AGAIN = (
    4400, 4401, 4403, 4406, 4408, 4409, 4429, 1013,
)  # fmt: skip
Send = Callable[[Any], Awaitable[None]]
log: Any = structlog.get_logger()


REASON_BYTES_MAX = 123  # what fits into the frame that closes


class Closed(Exception):
    """Ends the socket with a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


class Gone(Exception):
    """The other side is no longer there."""


class Socket:
    """One connection. `admit` answers a context and the clock reading at which the token ends; `answers` runs an operation."""

    def __init__(
        self,
        receive: Callable[[], Awaitable[Any]],
        send: Send,
        admit: Callable[[Mapping[str, str]], Awaitable[tuple[Context, float]]],
        answers: Callable[[Context, Mapping[str, Any]], Any],
        refused: Callable[[BaseException], dict[str, Any]],
    ) -> None:
        self._receive, self._send, self._admit, self._answers, self._refused = receive, send, admit, answers, refused
        self._headers: Mapping[str, str] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._beginning: set[asyncio.Future[None]] = set()
        self._ends = asyncio.get_running_loop().create_future()

    async def run(self, protocols: list[str]) -> None:
        """Until one of the two ends it."""
        await self._receive()
        if PROTOCOL not in protocols:
            await self._send({"type": "websocket.accept"})
            await self._send({"type": "websocket.close", "code": NOT_ACCEPTABLE, "reason": "Subprotocol not acceptable"})
            return
        await self._send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        clock = asyncio.create_task(self._clock(INIT_SECONDS, INIT_TIMEOUT, "Connection initialisation timeout"))
        tasks: set[asyncio.Task[None]] = {clock, asyncio.create_task(self._listen())}
        try:
            reading = tasks - {clock}
            await asyncio.wait({*reading, self._ends}, return_when=asyncio.FIRST_COMPLETED)
            if self._ends.done():
                code, reason = self._ends.result()
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        finally:
            left = {*tasks, *self._running.values(), *self._timers}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    _timers: tuple[asyncio.Task[None], ...] = ()

    def _end(self, code: int, reason: str) -> None:
        if not self._ends.done():
            self._ends.set_result((code, reason))

    async def _clock(self, seconds: float, code: int, reason: str) -> None:
        await asyncio.sleep(seconds)
        if code != INIT_TIMEOUT or self._headers is None:
            self._end(code, reason)

    async def _listen(self) -> None:
        try:
            while True:
                event = await self._receive()
                if event["type"] == "websocket.disconnect":
                    return
                await self._take(_message(event))
        except Gone:
            return
        except Closed as closed:
            self._end(closed.code, closed.reason)
            await asyncio.sleep(INIT_SECONDS)  # whoever waits for us closes

    async def _take(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "connection_init":
            await self._begin(_payload(message))
        elif kind == "ping":
            _payload(message)
            await self._say({"type": "pong"})
        elif kind == "pong":
            _payload(message)
        elif kind == "subscribe":
            await self._subscribe(_id(message), message.get("payload"))
        elif kind == "complete":
            if (task := self._running.pop(_id(message), None)) is not None:
                task.cancel()
        else:
            raise Closed(BAD_MESSAGE, "Invalid message")

    async def _begin(self, given: dict[str, Any]) -> None:
        if self._headers is not None:
            raise Closed(TOO_MANY_INITS, "Too many initialisation requests")
        self._headers = {str(k).lower(): v for k, v in given.items() if isinstance(v, str)}
        try:
            _, ends = await self._admit(self._headers)
        except Exception as error:
            told = self._refused(error)
            raise Closed(FORBIDDEN if told["extensions"]["code"] == "UNAUTHENTICATED" else TRY_AGAIN, told["message"]) from None
        left = max(0.0, ends - time.time())
        self._timers = (asyncio.create_task(self._clock(left, FORBIDDEN, "The token has ended")),)
        await self._say({"type": "connection_ack"})

    async def _subscribe(self, id_: str, payload: Any) -> None:
        if self._headers is None or not self._timers:
            raise Closed(UNAUTHORIZED, "Unauthorized")
        if not isinstance(payload, dict):
            raise Closed(BAD_MESSAGE, "Invalid message")
        if id_ in self._running:
            raise Closed(ALREADY_THERE, f"Subscriber for {id_} already exists")
        if len(self._running) >= OPERATIONS_MAX:  # told here, so that who does not listen is not read from either
            await self._fail(id_, self._refused(LoanfileError(f"A socket runs at most {OPERATIONS_MAX} operations.")))
            return
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        work = self._answer(id_, payload, set(self._beginning), begun)
        self._beginning.add(begun)
        begun.add_done_callback(self._beginning.discard)
        self._running[id_] = task = asyncio.create_task(work)
        task.add_done_callback(lambda _: begun.cancel())  # one that ends before it has begun is not waited for

    async def _answer(self, id_: str, payload: dict[str, Any], earlier: set[asyncio.Future[None]], begun: asyncio.Future[None]) -> None:
        """Once the subscriptions before it have begun: who is answered here knows that nothing that comes is missed there."""
        me = asyncio.current_task()
        try:
            if earlier:
                await asyncio.wait(earlier)
            context, _ = await self._admit(self._headers or {})
            context.begun = lambda: None if begun.done() else begun.set_result(None)
            async for kind, answer in self._answers(context, payload):
                await self._say({"id": id_, "type": kind, "payload": answer})
                if kind == "error":
                    return
            await self._say({"id": id_, "type": "complete"})
        except Gone as gone:
            log.info("socket", kind=type(gone.__cause__).__name__)
        except Exception as error:
            await self._fail(id_, self._refused(error))
        finally:
            if self._running.get(id_) is me:
                del self._running[id_]

    async def _fail(self, id_: str, told: dict[str, Any]) -> None:
        if told["extensions"]["code"] == "UNAUTHENTICATED":
            self._end(FORBIDDEN, "The token has ended")
        with suppress(Gone):
            await self._say({"id": id_, "type": "error", "payload": [told]})

    async def _say(self, message: dict[str, Any]) -> None:
        try:
            await self._send({"type": "websocket.send", "text": orjson.dumps(message).decode()})
        except (OSError, RuntimeError) as error:  # uvicorn's, for a socket that is closed
            raise Gone from error


def _message(event: Mapping[str, Any]) -> dict[str, Any]:
    try:
        message = orjson.loads(event.get("text") or b"")
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise Closed(BAD_MESSAGE, "Invalid message")
    return message


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    given = message.get("payload")
    if not isinstance(given, dict | None):
        raise Closed(BAD_MESSAGE, "Invalid message")
    return given or {}


def _id(message: dict[str, Any]) -> str:
    id_ = message.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= 200:
        raise Closed(BAD_MESSAGE, "Invalid message")
    return id_
