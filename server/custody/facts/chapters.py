"""The facts of all chapters of the desk."""

from server.custody.facts import handovers, losses, queue
from server.custody.facts.sources import Source

SOURCES: tuple[Source, ...] = (queue.SOURCE, *losses.SOURCES, *handovers.SOURCES)
