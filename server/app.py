"""The web application: parts, routes and middleware. Top of the import arrow."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.graphiql import page as graphiql
from schema.http import View
from schema.root import build_schema
from schema.trusted import TrustedDocuments, read_manifest
from server import logs
from server.auth import Authenticator, Issuer
from server.compliance.anchoring import Anchoring
from server.context import Context
from server.custody.desk import Desk
from server.failpoints import FailpointReached
from server.feed import Feed
from server.jobs import alarms
from server.ledger import jobs_of, sealer_of
from server.oidc import FixedKeys, Keys, PublishedKeys
from server.papers import serving as papers
from server.service import service_of
from server.settings import Behind, Settings
from server.throttle import Buckets
from storage import migration
from storage.database import Database
from storage.embedded.doors import open_doors
from storage.objects import LockNotProven, ObjectStore, ObjectStoreDown, StoreAddress
from storage.terms import AlarmKind

CHINESE = ("zh", "zh-cn", "zh-hans")


WEAKNESSES = """
  select told from (values
    ((select rolsuper from pg_roles where rolname = current_user), 'the role is a superuser'),
    ((select rolbypassrls from pg_roles where rolname = current_user), 'the role bypasses row-level security'),
    (exists (select from pg_class where relnamespace = 'public'::regnamespace and pg_get_userbyid(relowner) = current_user), 'the role owns tables'),
    (current_setting('fsync') = 'off', 'fsync is off'),
    (current_setting('full_page_writes') = 'off', 'full_page_writes is off'),
    (current_setting('data_checksums') = 'off', 'data checksums are off')) weak (found, told) where found"""


class NotReady(RuntimeError):
    """One line about what keeps the server from starting."""


def _keys(settings: Settings) -> Keys:
    if settings.oidc_issuer:
        return PublishedKeys(settings.oidc_issuer, loopback=not settings.production)
    return FixedKeys(Issuer.of(settings.home).public_keys)


def store_of(settings: Settings) -> ObjectStore:
    """The object store that the settings name, and the second one if they name one."""
    s = settings
    second = s.s3_second_endpoint and StoreAddress(
        s.s3_second_endpoint, s.s3_second_access_key, s.s3_second_secret_key.get_secret_value(), s.s3_second_locked_bucket,
        "", s.s3_second_region, s.s3_encryption,
    )  # fmt: skip
    first = StoreAddress(
        s.s3_endpoint or "", s.s3_access_key, s.s3_secret_key.get_secret_value(), s.s3_locked_bucket, s.s3_staging_bucket,
        s.s3_region, s.s3_encryption,
    )  # fmt: skip
    return ObjectStore(first, second or None)


class Parts:
    """What every request needs; filled by the lifespan."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.failed: str | None = None  # what kept it from starting
        self.database = Database(
            settings.database_url or "",
            settings.reader_database_url,
            writers_max=settings.writers_max,
            readers_max=settings.readers_max,
            statement_seconds_max=settings.statement_seconds_max,
        )
        self.objects = store_of(settings)
        self.anchoring = Anchoring(self.database, settings.anchoring_seconds_max, settings.anchoring is Behind.REFUSE)
        self.desk = Desk(self.database, anchoring=self.anchoring)
        self.feed = Feed(self.database)
        self.buckets = Buckets(settings.cost_bucket, settings.cost_per_second)
        self.authenticator = Authenticator(settings, self.database, _keys(settings))

    async def start(self) -> None:
        """Opens the database, checks the migrations and proves the lock of the bucket."""
        await self.database.open()
        async with self.database.transaction(None) as conn:
            found = await migration.current(conn.raw)
            weak = await conn.raw.fetch(WEAKNESSES) if self.settings.production else []
        if weak:
            raise NotReady(f"the database is not fit for production: {'; '.join(row[0] for row in weak)}")
        if told := migration.behind(found):
            raise NotReady(told)
        if self.settings.worker or self.anchoring.refuses:  # who seals raises the alarm, who must know it asks
            await self.anchoring.start()
        try:
            await self._prove_store()
        except NotReady as error:
            await self._alarm(AlarmKind.STORE_NOT_LOCKED, str(error))
            raise
        await self._alarm(AlarmKind.STORE_NOT_LOCKED, None)

    async def _alarm(self, kind: AlarmKind, told: str | None) -> None:
        """Told to people too: who started the server may not be who must know."""
        by = await service_of(self.database)
        if by is not None:
            async with self.database.transaction(by) as conn:
                await alarms.tell(conn, by, kind, told)

    async def _prove_store(self) -> None:
        """That nobody destroys what is locked: by S3, and by the other ports of a store of our own."""
        settings = self.settings
        try:
            await self.objects.prove_second()
        except LockNotProven as error:
            raise NotReady(f"the lock of the second bucket is not proven: {error}") from None
        except ObjectStoreDown as error:  # a copy can wait
            logs.log.warning("second object store does not answer", reason=str(error))
        try:
            await self.objects.prove_lock()
            doors = await asyncio.to_thread(open_doors, settings.home, settings.s3_endpoint or "")
        except (LockNotProven, ObjectStoreDown) as error:
            if settings.production or isinstance(error, LockNotProven):
                raise NotReady(f"the lock of the bucket is not proven: {error}") from None
            logs.log.warning("object store does not answer", reason=str(error))
            return
        if doors and settings.production:
            raise NotReady(f"whoever reaches the object store can destroy what is locked, by {', '.join(doors)}")
        if doors:
            logs.log.warning("object store is open", doors=doors)

    async def stop(self) -> None:
        """Closes what was opened."""
        await self.anchoring.stop()
        await self.feed.stop()
        await self.database.close()
        self.objects.close()

    async def context(self, headers: Mapping[str, str], request_id: str, fresh: bool = False) -> Context:
        """The context of one operation; `fresh` reads the caller anew. Raises Unauthenticated."""
        authorization = headers.get("authorization")
        principal = await self.authenticator.principal(authorization, fresh=fresh)
        return Context(
            principal,
            self.database,
            self.desk,
            self.objects,
            self.settings,
            language=_language(headers.get("accept-language", "")),
            request_id=request_id,
            buckets=self.buckets,
            feed=self.feed,
            renew=lambda: self.authenticator.principal(authorization, fresh=True),
            present=lambda: self.authenticator.principal(authorization),
        )


def _language(accepted: str) -> str:
    """Zh or en, by the first tag that is one of them."""
    for part in accepted.lower().split(","):
        tag = part.partition(";")[0].strip()
        if tag in CHINESE:
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "en"


class Frame:
    """Around every request: its id, the limit of its body, security headers, one line of log."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pure ASGI: the body is counted while it streams."""
        if scope["type"] == "websocket":
            scope.setdefault("state", {})["request_id"] = request_id = _request_id(b"")
            logs.bind(request_id)
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id", b""))
        scope.setdefault("state", {})["request_id"] = request_id
        logs.bind(request_id)
        multipart = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        limit = self.settings.upload_bytes_max if multipart else self.settings.json_bytes_max
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name.lower() for name, _ in message["headers"]}
                added = {b"x-request-id": request_id.encode(), **SECURITY}
                message["headers"] = [*message["headers"], *((n, v) for n, v in added.items() if n not in own)]
            await send(message)

        if int(headers.get(b"content-length", b"0") or 0) > limit:
            await _too_large(limit, request_id)(scope, receive, sending)
        else:
            await self._counted(scope, receive, sending, limit, request_id, lambda: status)
        logs.request(scope["method"], scope["path"], status, request_id)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int, request_id: str, status: Callable[[], int]) -> None:
        seen = 0

        async def receiving() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge
            return message

        try:
            await self.app(scope, receiving, send)
        except BodyTooLarge:
            if not status():
                await _too_large(limit, request_id)(scope, receive, send)
        except FailpointReached:  # a head without its body: the server closes the connection, as a cut wire would
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


class BodyTooLarge(BaseException):
    """Cuts a body that is larger than is allowed; not an Exception, so that nothing between answers for us."""


SECURITY = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-opener-policy": b"same-origin",
}


CORS: dict[str, Any] = {
    "allow_methods": ["GET", "POST"],
    "allow_headers": ["Authorization", "Content-Type", "Accept-Language", "X-Request-Id", "GraphQL-Require-Preflight"],
    "expose_headers": ["X-Request-Id", "Retry-After"],
    "max_age": 600,
}


def _too_large(limit: int, request_id: str) -> Response:
    told = {"message": f"The body has more than {limit} bytes.", "extensions": {"code": "BAD_REQUEST", "requestId": request_id}}
    return Response(orjson.dumps({"errors": [told]}), 413, media_type="application/json")


def _request_id(given: bytes) -> str:
    text = given.decode("latin-1")
    return text if 8 <= len(text) <= 64 and text.isascii() and text.replace("-", "").isalnum() else secrets.token_hex(16)


def _development_routes(parts: Parts) -> list[BaseRoute]:
    """The embedded issuer over HTTP; not there in production."""

    async def people(_: Request) -> Response:
        return JSONResponse(await parts.authenticator.people())

    async def token(request: Request) -> Response:
        try:
            name = orjson.loads(await request.body())["as"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return JSONResponse({"error": 'Send {"as": "loan-officer"}.'}, 400)
        return JSONResponse({"token": Issuer.of(parts.settings.home).token(parts.settings, str(name))})

    return [Route("/dev/people", people), Route("/dev/token", token, methods=["POST"])]


def _health(parts: Parts) -> list[BaseRoute]:
    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        checks: dict[str, Callable[[], Awaitable[Any]]] = {"database": _database, "object_store": parts.objects.ready}
        told: dict[str, str] = {}
        for name, check in checks.items():
            try:
                await check()
                told[name] = "ok"
            except Exception as error:
                told[name] = "down"
                logs.log.warning("not ready", part=name, kind=type(error).__name__)
        well = told["database"] == "ok"  # without the object store custody goes on: it is told, and turns nobody away
        return JSONResponse({"ready": well, **told}, 200 if well else 503, {} if well else {"Retry-After": "2"})

    async def _database() -> None:
        async with parts.database.transaction(None) as conn:
            if await migration.current(conn.raw) != migration.head():
                raise NotReady("migrations")

    return [Route("/livez", alive), Route("/readyz", ready)]


async def _jobs(settings: Settings, parts: Parts) -> None:
    from server.jobs.worker import work  # with a driver of its own, 10 MB that a process without jobs has no use for

    await work(settings.database_url or "", parts.desk, parts.objects, **jobs_of(settings))


def create_app(settings: Settings) -> Starlette:
    """The application; nothing is opened before its lifespan begins."""
    logs.configure(settings.log_level)
    parts = Parts(settings)
    schema, manifest = build_schema(), read_manifest(settings.trusted_documents)
    for text in manifest.values():
        schema.documents.keep(text)  # read and validated before the first request
    shown = not settings.production if settings.graphiql is None else settings.graphiql
    view = View(schema, parts.context, TrustedDocuments(manifest), graphiql.page if shown else None)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            await parts.start()
        except (NotReady, OSError, asyncpg.PostgresError) as error:
            parts.failed = str(error) if isinstance(error, NotReady) else f"LOANFILE_DATABASE_URL: {type(error).__name__}: {error}"
            raise
        sealer = sealer_of(settings) if settings.worker else None
        working = [_jobs(settings, parts)] if settings.worker else []
        tasks = [asyncio.create_task(one) for one in [*working, *([sealer.run()] if sealer else [])]]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if sealer is not None:
                sealer.bucket.close()
            await parts.stop()

    routes: list[BaseRoute] = [
        Route("/graphql", view, methods=None),  # first: routes are tried in order
        WebSocketRoute("/graphql", view),
        *_health(parts),
        *papers.routes(parts.context),
        *([] if settings.production or settings.oidc_issuer else _development_routes(parts)),
        *(graphiql.files() if shown else []),
    ]
    middleware = [Middleware(Frame, settings=settings)]
    if settings.cors_origins:
        middleware.append(Middleware(CORSMiddleware, allow_origins=sorted(settings.cors_origins), **CORS))
    app = Starlette(routes=routes, lifespan=lifespan, middleware=middleware)
    app.state.parts = parts
    return app
