"""The facts of all chapters of the desk, and how those find their records whose acts name none."""

from server.custody.facts import handovers, losses, queue, stocktakes, volumes
from server.custody.facts.sources import Names, Source
from storage.terms import Action

SOURCES: tuple[Source, ...] = (queue.SOURCE, *losses.SOURCES, *stocktakes.SOURCES, *handovers.SOURCES, *volumes.SOURCES)
NAMES: dict[Action, Names] = {**stocktakes.NAMES}
