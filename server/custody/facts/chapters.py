"""The facts of all chapters of the desk."""

from server.custody.facts import handovers, queue
from server.custody.facts.sources import Source

SOURCES: tuple[Source, ...] = (queue.SOURCE, *handovers.SOURCES)
