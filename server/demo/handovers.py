"""Handovers of the demo bank: one on its way from each of the first branches to the last."""

from uuid import UUID

from server.custody.desk import Desk
from server.custody.moves import Ask
from server.custody.moves.handovers import NewHandover, OnHandover
from server.demo.bank import Branch
from server.demo.files import File, done, seated
from storage.database import Database
from storage.terms import Action as A
from storage.terms import HandoverKind

KEEPERS = ("vault-keeper-key", "vault-keeper-code", "register-clerk")


async def hand_over(database: Database, giver: Branch, taker: Branch, files: list[File]) -> None:
    """Papers of two files are on their way; the volume of a third is listed."""
    desk, clerk = Desk(database), giver.people["register-clerk"]
    made = await done(desk, clerk, Ask(A.CREATE_HANDOVER, detail=NewHandover(HandoverKind.BETWEEN_UNITS, taker.id, False)))
    detail = OnHandover(UUID(str(made["handover"])), seal_no=f"{giver.code}-YJ0001")
    papers = tuple(paper for file in files[:2] for paper in file.papers)
    await done(desk, clerk, Ask(A.ADD_HANDOVER_LINES, records=(*papers, files[2].volume), detail=detail))
    await seated(desk, giver, Ask(A.SEND_HANDOVER, records=papers, detail=detail), KEEPERS)
