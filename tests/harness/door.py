"""The application at its door: the whole of a request but the socket."""

from pathlib import Path
from typing import Any

import httpx
import orjson
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from schema.http import View
from schema.reading.answers import ReadingSchema
from schema.trusted import TrustedDocuments
from server.app import Frame, Parts
from server.auth import Issuer
from server.settings import Settings
from storage.objects import StoreAddress
from tests.harness import servers
from tests.harness.world import World


class Door:
    """The application without its socket: requests, limits and sign-in as over the wire; the desk's clock is the bank's."""

    @classmethod
    def of(cls, told: dict[str, Any], database: str, store: StoreAddress, home: Path, schema: ReadingSchema) -> "Door":
        """Of the servers of the suite, on that database."""
        settings = Settings(
            database_url=servers.url(told, "app", database), reader_database_url=servers.url(told, "reader", database), home=home,
            s3_endpoint=store.endpoint, s3_access_key=store.access_key, s3_secret_key=SecretStr(store.secret_key),
        )  # fmt: skip
        return cls(settings, schema)

    def __init__(self, settings: Settings, schema: ReadingSchema) -> None:
        self.settings, self.parts = settings, Parts(settings)
        view = View(schema, self.parts.context, TrustedDocuments({}), None)
        app = Starlette(routes=[Route("/graphql", view, methods=None)], middleware=[Middleware(Frame, settings=settings)])
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
        self.tokens: dict[str, str] = {}

    async def answers(self, bank: World, who: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The body of the answer."""
        self.parts.desk, account = bank.desk, bank.people[who].staff_no
        if account not in self.tokens:
            self.tokens[account] = Issuer.of(self.settings.home).token(self.settings, account)
        body = orjson.dumps({"query": query, "variables": variables})
        headers = {"Authorization": f"Bearer {self.tokens[account]}", "Content-Type": "application/json"}
        response = await self.client.post("/graphql", content=body, headers=headers)
        answer: dict[str, Any] = orjson.loads(response.content)
        return {"data": answer.get("data"), "errors": answer.get("errors", [])}
