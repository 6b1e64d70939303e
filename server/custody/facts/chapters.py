"""The facts of all chapters of the desk."""

from server.custody.facts import envelopes, papers, queue, registers
from server.custody.facts.sources import Source

SOURCES: tuple[Source, ...] = (
    queue.SOURCE,
    *papers.SOURCES,
    *envelopes.SOURCES,
    *registers.SOURCES,
)
