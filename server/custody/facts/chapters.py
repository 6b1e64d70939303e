"""The sources of all chapters."""

from server.custody.facts import losses
from server.custody.facts.sources import Source

SOURCES: tuple[Source, ...] = (*losses.SOURCES,)
