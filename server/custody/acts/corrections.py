"""A correction: PostgreSQL carries it out when its second seat is taken; the event refers to what is corrected (C48)."""

from uuid import UUID

from server.custody.acts.change import Detail
from server.custody.moves.corrections import Corrected, Correcting
from server.custody.writing import Writing
from storage.terms import Action as A


async def correct(w: Writing) -> Detail:
    """The row is changed by the trigger of the operation; what was told before stays told."""
    asked: Correcting = w.ask.detail
    assert w.operation is not None
    w.made["correction"] = w.operation
    w.subject = ("correction", w.operation)
    return {"corrects": [asked.of, asked.subject], "field": asked.field, "evidence": asked.evidence}


async def _history(w: Writing) -> set[UUID]:
    chain = w.first.of(Corrected).chain
    return {chain} if chain else set()


CHANGES = {A.CORRECT: correct}
CHAINS = {A.CORRECT: _history}
