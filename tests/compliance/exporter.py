"""A worker that makes an export and dies on the way, by a failpoint: one try, with what a line of JSON tells it."""

import asyncio
import json
import sys
from typing import Any
from uuid import UUID

from server.compliance import periods
from server.compliance.notes import Key
from server.custody.desk import Desk
from server.jobs import Jobs
from storage.database import Database, Principal
from storage.objects import ObjectStore, StoreAddress
from storage.terms import Role


async def export(told: dict[str, Any]) -> None:
    database, objects = Database(told["url"]), ObjectStore(StoreAddress(*told["store"]))
    await database.open()
    periods.PART_EVENTS = told["part_events"]
    by = Principal(UUID(told["staff"]), UUID(told["org"]), "", frozenset({Role.SYSTEM}), (), True)
    await Jobs(Desk(database), by, objects, signer=Key(told["key"][0], bytes.fromhex(told["key"][1]))).export()


if __name__ == "__main__":
    asyncio.run(export(json.loads(sys.argv[1])))
