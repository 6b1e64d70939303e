"""The court's paper of an extension, as it is asked for or as its request has kept it."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.lending import CourtPaper, CourtPaperShown
from server.errors import NotFound
from storage.statements import given
from storage.tables import scans
from storage.terms import Action as A

SEEN = select(scans.c.id).where(scans.c.id == given("scan"))
ON_FILE = select(func.court_paper_is_on_file(given("scan"), given("record"), given("request")))


async def _court_paper(g: Gathering) -> Mapping[UUID | None, CourtPaper]:
    shown = g.ask.detail if g.ask.action is A.REQUEST_EXTENSION else None
    if isinstance(shown, CourtPaperShown):
        if await g.conn.value(SEEN, scan=shown.scan) is None:
            raise NotFound()
        scan: UUID | None = shown.scan
    else:
        scan = g.request.court_paper if g.request else None
    if scan is None:
        return {None: CourtPaper()}
    asked = g.request.id if g.request else None
    return {None: CourtPaper()} | {
        r: CourtPaper(True, bool(await g.conn.value(ON_FILE, scan=scan, record=r, request=asked))) for r in g.ids
    }


SOURCE = Source(CourtPaper, frozenset({A.REQUEST_EXTENSION, A.APPROVE}), _court_paper)
