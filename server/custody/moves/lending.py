"""What an extension for a court asks, and what its rules look at."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CourtPaperShown:
    """The scan of the court's paper: of the record, or of the request on which it is out."""

    scan: UUID


@dataclass(frozen=True, slots=True)
class CourtPaper:
    """Whether the extension names a court's paper, and whether that is on file since the lending and named by no other extension."""

    named: bool = False
    on_file: bool = False
