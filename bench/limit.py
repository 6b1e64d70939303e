"""The limit: the SQL of the compiled read, the same token and principal, on a bare Starlette route.

Neither GraphQL nor cursors, limits, cost, request ids, security headers or a log: what they cost is the distance to it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.serving import serve
from schema.reading.compiler import Values
from schema.root import build_schema
from server.auth import Authenticator, Issuer
from server.oidc import FixedKeys
from server.settings import Settings
from storage.database import Database, Principal


def create_app(settings: Settings) -> Starlette:
    """One route. The SQL and the arguments of a question are kept from the first time that it is asked."""
    issuer, schema = Issuer.of(settings.home), build_schema()
    database = Database(settings.database_url or "", settings.reader_database_url, readers_max=settings.readers_max)
    people = Authenticator(settings, database, FixedKeys(issuer.public_keys))
    secret = bytes.fromhex(settings.cursor_secret.get_secret_value())
    known: dict[Any, tuple[str, list[Any], bool]] = {}

    async def compiled(principal: Principal, body: Any) -> tuple[str, list[Any], bool]:
        document = schema.documents.get(body["query"], None)
        variables = document.variables(body["variables"])
        plan = await document.plan(variables, principal, lambda p: p.query())
        return plan.sql, plan.bound(Values(variables, principal, secret)), plan.planned

    async def answer(request: Request) -> Response:
        principal = await people.principal(request.headers.get("authorization"))
        body = orjson.loads(await request.body())
        asked = (principal, body["query"], *body["variables"].values())
        if asked not in known:
            known[asked] = await compiled(principal, body)
        sql, args, planned = known[asked]
        text = await (database.listers if planned else database.readers).fetchval(sql, *args)
        return Response(b'{"data":' + text.encode() + b"}", media_type="application/json")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await database.open()
        yield
        await database.close()

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    serve(create_app)
