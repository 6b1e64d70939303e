"""The payload of a mutation that does not go through the desk."""

from typing import Any
from uuid import UUID

import strawberry

from schema.reading.answers import payload


async def read(info: strawberry.Info, type_: type, outcome: dict[str, Any], **more: Any) -> Any:
    """Read after the use case has committed."""
    context: Any = info.context
    async with context.database.transaction(context.principal) as conn:
        return await payload(info, type_, conn, **made_of(outcome), **more)


def made_of(outcome: dict[str, Any]) -> dict[str, Any]:
    """The ids of what was made."""
    return {n: [UUID(i) for i in v] if isinstance(v, list) else UUID(v) for n, v in outcome.items() if n != "replayed"}
