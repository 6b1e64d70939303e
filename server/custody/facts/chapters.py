"""The facts of all chapters of the desk, and how those find their records whose acts name none."""

from server.custody.facts import corrections, envelopes, handovers, losses, papers, queue, registers, release, stocktakes, volumes
from server.custody.facts.sources import Names, Source
from storage.terms import Action

SOURCES: tuple[Source, ...] = (
    queue.SOURCE,
    *losses.SOURCES,
    *volumes.SOURCES,
    *release.SOURCES,
    *stocktakes.SOURCES,
    *handovers.SOURCES,
    *papers.SOURCES,
    *envelopes.SOURCES,
    *registers.SOURCES,
    corrections.SOURCE,
)
NAMES: dict[Action, Names] = {**stocktakes.NAMES}
