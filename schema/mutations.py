"""The mutations."""

import strawberry


@strawberry.type(description="Every act a client may try.")
class Mutation:
    """All of them."""

    @strawberry.mutation(description="Nothing.")
    async def nothing(self) -> bool:
        """Nothing."""
        return True
