"""The facts of all chapters of the desk, and how those find their records whose acts name none."""

from server.custody.facts import (
    contracts,
    corrections,
    envelopes,
    handovers,
    lending,
    losses,
    papers,
    queue,
    registers,
    release,
    stocktakes,
    volumes,
)
from server.custody.facts.sources import Names, Source
from storage.terms import Action

SOURCES: tuple[Source, ...] = (
    queue.SOURCE,
    lending.SOURCE,
    *losses.SOURCES,
    *volumes.SOURCES,
    *release.SOURCES,
    *stocktakes.SOURCES,
    *handovers.SOURCES,
    *papers.SOURCES,
    *envelopes.SOURCES,
    *registers.SOURCES,
    corrections.SOURCE,
    contracts.SOURCE,
)
NAMES: dict[Action, Names] = {**stocktakes.NAMES}
