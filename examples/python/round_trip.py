"""A volume goes out and comes back: asked for, approved, handed out, presented, accepted; then the loan file is read again.

    python round_trip.py QC2024000003

Tokens come from LOANFILE_TOKEN_OFFICER, LOANFILE_TOKEN_HEAD and LOANFILE_TOKEN_ARCHIVIST: three people, as the rules want it.
"""

import asyncio
import datetime as dt
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from loanfile_client import (
    AcceptReturnInput,
    ApproveRequestInput,
    CheckOutInput,
    Client,
    GraphQLClientGraphQLMultiError,
    InspectionInput,
    PresentReturnInput,
    Purpose,
    RequestCheckoutInput,
)

URL = os.environ.get("LOANFILE_URL", "http://127.0.0.1:8000/graphql")
TERM_DAYS = 3


class Refused(Exception):
    """A problem of a mutation's result: its code, and the broken rules where there are some."""


@asynccontextmanager
async def signed_in(person: str) -> AsyncIterator[Client]:
    """The typed client, on one connection pool, as one person."""
    headers = {"Authorization": f"Bearer {os.environ[f'LOANFILE_TOKEN_{person}']}", "Accept-Language": "en"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        yield Client(url=URL, http_client=http)


def done(result: Any) -> Any:
    """The payload of a result; raises Refused for anything else."""
    if result.typename__.endswith("Payload"):
        return result
    broken = [f"{v.rule} {v.code}: {v.message} {v.remedy}" for v in getattr(result, "violations", ())]
    broken += [f"{'.'.join(p.path)}: {p.message}" for p in getattr(result, "problems", ())]
    raise Refused("\n".join([f"{result.code.value}: {result.message}", *broken]))


def key() -> str:
    """One for each intended act; whoever repeats a request repeats its key."""
    return uuid4().hex


def due_on() -> dt.date:
    """A weekday a few days on."""
    day = dt.date.today() + dt.timedelta(days=TERM_DAYS)
    return day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


async def file(client: Client, number: str) -> None:
    """Prints a loan file."""
    loan = (await client.loan_file(number)).loan
    if loan is None:
        raise Refused(f"there is no loan {number} for this person to see")
    print(loan.number, loan.status.value, loan.principal.amount, loan.principal.currency_code, loan.customer and loan.customer.name)
    for edge in loan.archive_records.edges:
        print(" ", edge.node.barcode, edge.node.title, edge.node.state.value)


async def round_trip(number: str) -> None:
    """Each act by the person whose it is."""
    async with AsyncExitStack() as stack:
        officer, head, archivist = [await stack.enter_async_context(signed_in(p)) for p in ("OFFICER", "HEAD", "ARCHIVIST")]
        await file(officer, number)
        shelf = await officer.shelf(number)
        if not shelf.archive_records.edges:
            raise Refused(f"no volume of {number} lies on the shelf")
        volume, me = shelf.archive_records.edges[0].node, shelf.viewer.staff
        asked = done(
            (
                await officer.request_checkout(RequestCheckoutInput(record_ids=[volume.id], purpose=Purpose.AUDIT, idempotency_key=key()))
            ).request_checkout
        ).request
        while asked.state.value != "APPROVED":
            step = ApproveRequestInput(request_id=asked.id, expected_version=asked.version, idempotency_key=key())
            asked = done((await head.approve_request(step)).approve_request).request
        print("approved", asked.id)
        out = CheckOutInput(barcodes=[volume.barcode], due_on=due_on(), idempotency_key=key())
        first, again = [done((await archivist.check_out(out)).check_out) for _ in range(2)]
        print("handed out", first.records[0].state.value, "· sent twice, done once:", again.replayed and not first.replayed)
        back = PresentReturnInput(barcodes=[volume.barcode], brought_by_id=me.id, idempotency_key=key())
        print("presented", done((await archivist.present_return(back)).present_return).records[0].state.value)
        fine = dict.fromkeys(("numbers_match", "pages_match", "seal_intact", "no_alterations", "no_damage"), True)
        found = InspectionInput(record_id=volume.id, pages_counted=volume.pages, **fine)
        closed = AcceptReturnInput(inspections=[found], idempotency_key=key())
        print("accepted", done((await archivist.accept_return(closed)).accept_return).records[0].state.value)
        await file(officer, number)


if __name__ == "__main__":
    try:
        asyncio.run(round_trip(sys.argv[1]))
    except Refused as refused:
        sys.exit(str(refused))
    except GraphQLClientGraphQLMultiError as failed:  # top-level errors: branch on the code, tell support the request id
        sys.exit("\n".join(f"{(e.extensions or {}).get('code')}: {e.message}" for e in failed.errors))
