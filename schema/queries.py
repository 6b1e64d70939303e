"""The queries: those that are compiled, and the two that are executed ordinarily."""

import strawberry

from schema.root import Reads


@strawberry.type(description="Every question a client may ask.")
class Query(Reads):
    """All of them."""
