"""What the clients do: request, approve, check out, present, accept; each act repeated under its key until its answer is heard.

A client notes what it meant to do before it sends it, and what it was told when it hears it. Of the answers that arrive a
share is thrown away unread, as a network would; the client asks again with the same key.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.harness.world import FINE, World

HOT = 8  # records that many clients want at once
HOT_SHARE = 0.15
DEADLINE_SECONDS = 180
WHO = {"requestCheckout": "officer", "cancelRequest": "officer", "approveRequest": "head", "checkOut": "archivist",
       "presentReturn": "archivist", "acceptReturn": "archivist"}  # fmt: skip
MORE = {"requestCheckout": "request { id version }", "approveRequest": "request { id }", "cancelRequest": "request { id }",
        "checkOut": "checkouts { id } operation { ticket { id } }", "presentReturn": "checkouts { id }", "acceptReturn": "checkouts { id }"}  # fmt: skip


@dataclass
class Act:
    """One intention: its key, and what was told of it."""

    name: str
    record: UUID
    key: str = field(default_factory=lambda: uuid4().hex)
    told: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        return self.told is not None and self.told["__typename"].endswith("Payload")


@dataclass
class Load:
    """64 clients and what they remember."""

    addresses: list[str]
    token: Callable[[str], str]  # of an account
    bank: World
    records: list[UUID]
    barcodes: dict[UUID, str]
    dropped_share: float = 0.02
    acts: list[Act] = field(default_factory=list)
    dropped: int = 0
    cycles: int = 0
    internal: list[str] = field(default_factory=list)  # answers that no client should ever get

    async def run(self, clients: int, turns: Iterator[int], ticked: Callable[[int], Awaitable[None]]) -> None:
        """A try at a cycle for each turn; `cycles` are those that brought a paper out and back, and `ticked` hears of each."""

        async def client(number: int) -> None:
            address = self.addresses[number % len(self.addresses)]
            async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as http:
                for turn in turns:
                    hot = len(self.records) <= HOT or random.random() < HOT_SHARE
                    record = self.records[random.randrange(HOT)] if hot else self.records[HOT + turn % (len(self.records) - HOT)]
                    if await self.cycle(http, record):
                        self.cycles += 1
                        await ticked(self.cycles)

        await asyncio.gather(*(client(n) for n in range(clients)))

    async def cycle(self, http: httpx.AsyncClient, record: UUID) -> bool:
        """Whether a paper came out and back; who is refused because another was faster takes the request back."""
        asked = await self.act(http, "requestCheckout", record, recordIds=[f"record_{record}"], purpose="AUDIT")
        if not asked.done:
            return False
        assert asked.told is not None
        request, version = asked.told["request"]["id"], asked.told["request"]["version"]
        approved = await self.act(http, "approveRequest", record, requestId=request, expectedVersion=version)
        if not approved.done:
            await self.act(http, "cancelRequest", record, requestId=request, expectedVersion=version, reason="已被借出")
            return False
        code = self.barcodes[record]
        out = await self.act(http, "checkOut", record, requestId=request, barcodes=[code], dueOn=str(self.bank.due(3)))
        if not out.done:
            return False
        officer = f"staff_{self.bank.people['officer'].staff_id}"
        await self.act(http, "presentReturn", record, barcodes=[code], broughtById=officer)
        found = {"recordId": f"record_{record}", "pagesCounted": 3, **{camel(name): value for name, value in FINE.items()}}
        return (await self.act(http, "acceptReturn", record, inspections=[found])).done

    async def act(self, http: httpx.AsyncClient, name: str, record: UUID, **given: Any) -> Act:
        """Sent until it is heard, always under one key."""
        made = Act(name, record)
        self.acts.append(made)
        kind = f"{name[0].upper()}{name[1:]}"
        text = (
            f"mutation ($i: {kind}Input!) {{ {name}(input: $i) {{ __typename ... on {kind}Payload {{ replayed events {{ id }} {MORE[name]} }}"
            " ... on CustodyViolation { violations { rule code } } ... on Problem { code } } }"
        )
        body = {"query": text, "variables": {"i": {**given, "idempotencyKey": made.key}}}
        headers = {"authorization": f"Bearer {self.tokens[WHO[name]]}"}
        end, last = asyncio.get_running_loop().time() + DEADLINE_SECONDS, ""
        while True:
            if asyncio.get_running_loop().time() > end:
                raise RuntimeError(f"no answer to {name} within {DEADLINE_SECONDS} s; the last try: {last}")
            try:
                answer = (await http.post("/graphql", json=body, headers=headers)).json()
            except (httpx.TransportError, ValueError) as error:
                last = repr(error)
                await asyncio.sleep(0.1)
                continue
            if errors := answer.get("errors"):
                if not errors[0]["extensions"]["retryable"]:
                    self.internal.append(f"{name}: {errors[0]}")
                    return made
                last = str(errors[0])
                await asyncio.sleep(0.1)
                continue
            if random.random() < self.dropped_share:  # it came, and nobody heard it
                self.dropped += 1
                continue
            made.told = answer["data"][name]
            return made

    @property
    def tokens(self) -> dict[str, str]:
        if not hasattr(self, "_tokens"):
            self._tokens = {who: self.token(self.bank.people[who].staff_no) for who in set(WHO.values())}
        return self._tokens


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
