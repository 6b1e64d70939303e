"""The export of the ledger as a command runs it: who asks, the database and the bucket that the settings name."""

from datetime import datetime
from pathlib import Path

import asyncpg

from server.auth import Authenticator
from server.compliance.exporting import Export, ExportFailed, Meter
from server.errors import Unauthenticated
from server.ledger import checkpoints_of
from server.oidc import FixedKeys
from server.settings import Settings
from storage.database import Database
from storage.objects import ObjectStoreDown


async def export(settings: Settings, folder: Path, account: str, start: datetime | None, end: datetime | None, meter: Meter) -> int:
    """The number of leaves; ExportFailed with one line, Forbidden for those who may not."""
    database, bucket = Database(settings.database_url or "", writers_max=1, readers_max=1), checkpoints_of(settings)
    try:
        await database.open()
        principal, _ = await Authenticator(settings, database, FixedKeys({})).person(account)
        return await Export(database, bucket, settings.ledger_origin, folder, start, end).run(principal, meter)
    except Unauthenticated:
        raise ExportFailed(f"{account} is not an active member of staff") from None
    except (OSError, asyncpg.PostgresError, ObjectStoreDown) as error:
        raise ExportFailed(f"{type(error).__name__}: {error}") from None
    finally:
        bucket.close()
        await database.close()
