"""What a request brings to a resolver."""

from dataclasses import dataclass, field
from typing import Any

from server.custody.desk import Desk
from server.settings import Settings
from storage.database import Database, Principal
from storage.objects import ObjectStore


@dataclass(slots=True)
class Context:
    """Caller, parts and document of one request; the same for reads and writes."""

    principal: Principal
    database: Database
    desk: Desk
    objects: ObjectStore
    settings: Settings
    language: str = "en"
    request_id: str = ""
    query: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None

    @property
    def cursor_secret(self) -> bytes:
        """Signs the cursors of pages."""
        return bytes.fromhex(self.settings.cursor_secret.get_secret_value())

    async def fetch(self, sql: str, *args: Any) -> str:
        """Runs a compiled read."""
        return await self.database.fetch_json(sql, *args)
