"""Acts on scans: parse, call the use case, read the payload."""

import strawberry

from schema.scan_mutations.batches import BatchMutations
from schema.scan_mutations.locks import LockMutations
from schema.scan_mutations.showing import ShowMutations
from schema.scan_mutations.uploading import UploadMutations


@strawberry.type
class ScanMutations(UploadMutations, BatchMutations, LockMutations, ShowMutations):
    """All of them."""
