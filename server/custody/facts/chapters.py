"""The facts of all chapters of the desk."""

from server.custody.facts import losses, queue, volumes
from server.custody.facts.sources import Source

SOURCES: tuple[Source, ...] = (queue.SOURCE, *losses.SOURCES, *volumes.SOURCES)
