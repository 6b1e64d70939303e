"""People who speak GraphQL: each act is a mutation, each answer what the client would see."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from server.demo.names import small_pdf
from tests.harness.door import Door
from tests.harness.world import World


@dataclass
class Asking:
    """The API as the people of a small bank use it."""

    door: Door
    bank: World

    async def ask(self, who: str, query: str, **variables: Any) -> Any:
        """The data; an error beside it is a fault of the story."""
        answer = await self.door.answers(self.bank, who, query, variables)
        assert not answer["errors"], answer["errors"]
        return answer["data"]

    async def answer(self, who: str, name: str, payload: str, /, **given: Any) -> Any:
        """What the mutation answers, whatever it is."""
        head = name[0].upper() + name[1:]
        query = f"""mutation M($i: {head}Input!) {{ {name}(input: $i) {{ __typename ... on {head}Payload {{ {payload} }}
          ... on Problem {{ code message }} ... on InvalidInput {{ problems {{ path code }} }}
          ... on CustodyViolation {{ violations {{ rule code remedy earliestAt }} }} }} }}"""
        return (await self.ask(who, query, i={"idempotencyKey": uuid4().hex, **given}))[name]

    async def does(self, who: str, name: str, payload: str, /, **given: Any) -> Any:
        """The payload of an act that succeeds."""
        told = await self.answer(who, name, payload, **given)
        assert told["__typename"].endswith("Payload"), told
        return told

    async def refused(self, who: str, name: str, /, **given: Any) -> dict[str, Any]:
        """The rules that said no, by code."""
        told = await self.answer(who, name, "__typename", **given)
        assert told["__typename"] == "CustodyViolation", told
        return {v["code"]: v for v in told["violations"]}

    async def confirms(self, operation: str, people: list[str], payload: str = "operation { state }") -> Any:
        """The next seats, one after the other; the last answer."""
        told: Any = None
        for who in people:
            told = await self.does(who, "confirmOperation", payload, operationId=operation)
        return told

    async def approves(self, request: str, people: list[str]) -> Any:
        """Each with the version that they see."""
        told: Any = None
        for who in people:
            seen = await self.version(request, who)
            told = await self.does(who, "approveRequest", "request { state } records { state }", requestId=request, expectedVersion=seen)
        return told

    async def version(self, request: str, who: str = "kay") -> str:
        """Of a request, as they see it now."""
        seen = await self.ask(who, "query Q($i: ID!) { node(id: $i) { ... on AccessRequest { version } } }", i=request)
        return str(seen["node"]["version"])

    async def scans(self, who: str, kind: str, subject: str, title: str) -> str:
        """Registered, put into the store, verified: the scan's id."""
        body = small_pdf(uuid4().hex)
        made = await self.does(
            who, "registerScan", "scan { id } uploadUrl uploadHeaders", subjectKind=kind, subjectId=subject, title=title, pages=1,
            mediaType="application/pdf", sha256=hashlib.sha256(body).hexdigest(), sizeBytes=str(len(body)),
        )  # fmt: skip
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            put = await client.put(made["uploadUrl"], content=body, headers=dict(h.split(": ", 1) for h in made["uploadHeaders"]))
        assert put.status_code == 200
        await self.does(who, "confirmScan", "scan { status }", scanId=made["scan"]["id"])
        return str(made["scan"]["id"])

    async def barcodes(self, papers: list[Any]) -> list[str]:
        """What a scanner reads from the labels."""
        return [r[0] for r in await self.bank.root.fetch("select barcode from archive_records where id = any($1)", papers)]
