"""What each act changes besides the record's state, the event and the key; a file for each chapter of the desk."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from server.custody.acts import (
    certificates,
    contracts,
    corrections,
    disposal,
    envelopes,
    handovers,
    holds,
    labels,
    lending,
    losses,
    operations,
    overdue,
    papers,
    positions,
    queue,
    registers,
    release,
    returns,
    stocktakes,
    volumes,
)
from server.custody.acts.change import Detail
from server.custody.writing import Writing
from storage.terms import Action

Change = Callable[[Writing], Awaitable[Detail]]  # answers what the event of the act adds
CHAPTERS = (
    papers,
    volumes,
    disposal,
    lending,
    queue,
    returns,
    overdue,
    losses,
    handovers,
    holds,
    operations,
    stocktakes,
    envelopes,
    certificates,
    registers,
    release,
    positions,
    corrections,
    contracts,
    labels,
)
CHANGES: dict[Action, Change] = {action: change for chapter in CHAPTERS for action, change in chapter.CHANGES.items()}

# Histories that must tell of the act besides those of its records; they are locked before anything is changed.
CHAINS: dict[Action, Callable[[Writing], Awaitable[set[UUID]]]] = {
    action: chains for chapter in CHAPTERS for action, chains in getattr(chapter, "CHAINS", {}).items()
}
