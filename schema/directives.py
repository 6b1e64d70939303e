"""What the SDL says of a field besides its type."""

import strawberry
from strawberry.schema_directive import Location

from storage.terms import Role


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="Static cost; list fields multiply by their sizing arguments.",
)
class Cost:
    """Weight of a field, times the sizes of its pages."""

    weight: int = strawberry.directive_field(name="weight", default=1)
    multipliers: list[str] = strawberry.directive_field(name="multipliers", default=())


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    description="Roles that may see or call the element; enforced by the server, shown here.",
)
class Requires:
    """Any one of these roles is enough."""

    roles: list[Role] = strawberry.directive_field(name="roles")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="The mutation carries an idempotency key; a key is spent by an effect and kept for ever.",
)
class Idempotent:
    """No arguments: its presence says it."""
