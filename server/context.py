"""What a request brings to a resolver."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from server.custody.desk import Desk
from server.errors import BadRequest
from server.feed import Feed
from server.settings import Settings
from server.throttle import Buckets
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
    cost: int | None = None  # of the operation, once it is known
    buckets: Buckets | None = None
    feed: Feed | None = None  # for what listens
    renew: Callable[[], Awaitable[Principal]] | None = None  # reads the caller anew
    present: Callable[[], Awaitable[Principal]] | None = None  # the caller as they are now, while their token is good
    begun: Callable[[], None] = lambda: None  # a subscription says that it tells of everything from here on

    @property
    def cursor_secret(self) -> bytes:
        """Signs the cursors of pages."""
        return bytes.fromhex(self.settings.cursor_secret.get_secret_value())

    def spend(self) -> None:
        """Takes the cost of the operation out of the caller's bucket; raises BadRequest or Throttled."""
        assert self.cost is not None
        if self.cost > self.settings.cost_max:
            raise BadRequest(f"The operation costs {self.cost}; at most {self.settings.cost_max} is answered. Ask for smaller pages.")
        if self.buckets is not None:
            self.buckets.spend(self.principal.staff_id, self.cost)

    async def fetch(self, sql: str, *args: Any, planned: bool = False) -> str:
        """Runs a compiled read; `planned` for its values."""
        return await self.database.fetch_json(sql, *args, planned=planned)
