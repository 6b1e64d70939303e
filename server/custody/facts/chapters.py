"""The sources of all chapters."""

from server.custody.facts import envelopes, papers, registers
from server.custody.facts.sources import Source

SOURCES: tuple[Source, ...] = (
    *papers.SOURCES,
    *envelopes.SOURCES,
    *registers.SOURCES,
)
