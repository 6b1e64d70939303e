"""`GET /papers/tickets/ID` and its like: a PDF for who may print it, logged before its first byte."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from server.compliance import access
from server.context import Context
from server.errors import NotFound, Unauthenticated
from server.papers import contents
from server.papers.typeset import pdf
from storage.database import Connection, Database, Principal, StalePrincipal
from storage.terms import AccessResult, Role

PRINTERS = frozenset(
    {Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE, Role.REGISTER_CLERK, Role.ARCHIVIST, Role.LOAN_OFFICER, Role.OPS_HEAD, Role.BRANCH_HEAD,
     Role.COMPLIANCE, Role.AUDITOR}
)  # fmt: skip


class Paper(NamedTuple):
    """A kind of paper: prefix of the id that names it, its template, and what it says."""

    prefix: str
    template: str
    content: Callable[[Connection, UUID], Awaitable[dict[str, Any]]]


PAPERS = {
    "tickets": Paper("ticket", "ticket", contents.ticket),
    "receipts": Paper("operation", "receipt", contents.receipt),
    "handovers": Paper("handover", "handover", contents.handover),
}


async def printed(database: Database, me: Principal, kind: str, id_: UUID, request_id: str) -> bytes:
    """The paper as PDF; raises NotFound for what the caller does not see. Either is in the access log when this returns."""
    paper, found = PAPERS[kind], None
    async with database.transaction(me) as conn:
        with contextlib.suppress(NotFound):
            found = await paper.content(conn, id_)
        result = AccessResult.DENIED if found is None else AccessResult.GRANTED
        await access.log(conn, me, f"print:{paper.template}", result, subjects=[id_], request_id=request_id)
    if found is None:
        raise NotFound()
    return await asyncio.to_thread(pdf, paper.template, found)


def routes(context_of: Callable[[Mapping[str, str], str, bool], Awaitable[Context]]) -> list[BaseRoute]:
    """One route for all kinds; errors are JSON with the codes of the API."""

    async def answer(request: Request, *, fresh: bool = False) -> Response:
        context = await context_of(request.headers, request.state.request_id, fresh)
        if not context.principal.roles & PRINTERS:
            return _refused(403, "FORBIDDEN")
        kind, text = request.path_params["kind"], request.path_params["id"]
        id_ = _id(PAPERS[kind].prefix, text) if kind in PAPERS else None
        if id_ is None:
            return _refused(404, "NOT_FOUND")
        made = await printed(context.database, context.principal, kind, id_, context.request_id)
        name = f'inline; filename="{kind[:-1]}-{id_}.pdf"'
        return Response(made, media_type="application/pdf", headers={"Content-Disposition": name, "Cache-Control": "no-store"})

    async def serve(request: Request) -> Response:
        try:
            try:
                return await answer(request)
            except StalePrincipal:
                return await answer(request, fresh=True)
        except Unauthenticated:
            return _refused(401, "UNAUTHENTICATED")
        except NotFound:
            return _refused(404, "NOT_FOUND")

    return [Route("/papers/{kind}/{id}", serve)]


def _id(prefix: str, text: str) -> UUID | None:
    """The uuid of a global id of that kind."""
    found, _, digits = text.removesuffix(".pdf").rpartition("_")
    try:
        return UUID(digits) if found == prefix and len(digits) == 36 else None
    except ValueError:
        return None


def _refused(status: int, code: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"errors": [{"message": code.replace("_", " ").capitalize() + ".", "extensions": {"code": code}}]}, status, headers)
