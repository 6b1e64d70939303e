"""Notices are marked read by those who are told."""

from typing import Any

import strawberry
from sqlalchemy import Boolean

from schema.notices import Notice
from schema.reading.answers import payload
from schema.reading.declare import Given, Many
from schema.results import KeyedInput, ids_of, mutation
from server.custody import notices


@strawberry.input(description="Input of markNoticeRead.")
class MarkNoticeReadInput(KeyedInput):
    """Several at once."""

    notice_ids: list[strawberry.ID] = strawberry.field(description="The notices; at most 500.")


@strawberry.type(description="What markNoticeRead did.")
class MarkNoticeReadPayload:
    """Marking what is read already changes nothing."""

    notices: list[Notice] = Many(given="notices", description="The notices, as they stand now.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


async def _mark(info: strawberry.Info, i: MarkNoticeReadInput) -> Any:
    context: Any = info.context
    ids = ids_of(i.notice_ids, "notice", "noticeIds")
    async with context.database.transaction(context.principal) as conn:
        replayed = await notices.mark_read(conn, context.principal, ids, str(i.idempotency_key), context.desk.shift)
        return await payload(info, MarkNoticeReadPayload, conn, notices=list(ids), replayed=replayed)


@strawberry.type
class NoticeMutations:
    """Acts on one's own notices."""

    mark_notice_read = mutation(
        "markNoticeRead", MarkNoticeReadInput, MarkNoticeReadPayload, _mark, description="Say that one has read what one was told."
    )
