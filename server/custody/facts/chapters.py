"""The sources of all chapters."""

from server.custody.facts import release
from server.custody.facts.sources import Source

SOURCES: tuple[Source, ...] = (*release.SOURCES,)
