"""A key is spent by an effect, once, on one input, and kept for ever (C51).

`spend` and the effect stand in one transaction; a refusal rolls the key back with it. A concurrent duplicate waits in
`spend` for the first to end, and then replays or goes on.
"""

from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from server.compliance.events import canonical
from server.errors import IdempotencyConflict
from storage.database import Connection, Principal
from storage.tables import idempotency_keys as keys


def _bind(name: str) -> Any:
    return bindparam(f"the_{name}", type_=keys.c[name].type, required=True)


WHOSE = (
    keys.c.caller_id == _bind("caller_id"),
    keys.c.mutation == _bind("mutation"),
    keys.c.idempotency_key == _bind("idempotency_key"),
)
SPEND = (
    insert(keys).values({name: _bind(name) for name in ("caller_id", "mutation", "idempotency_key", "input_hash")}).on_conflict_do_nothing()
)
FIND = select(keys.c.input_hash, keys.c.outcome).where(*WHOSE)
KEEP = update(keys).where(*WHOSE).values(outcome=_bind("outcome"))


async def spend(conn: Connection, principal: Principal, mutation: str, key: str, given: dict[str, Any]) -> dict[str, Any] | None:
    """None when the key is ours now; the first outcome when it was spent before; IdempotencyConflict on another input."""
    digest = sha256(canonical(given)).digest()
    whose = {"the_caller_id": principal.staff_id, "the_mutation": mutation, "the_idempotency_key": key}
    if await conn.run(SPEND, the_input_hash=digest, **whose):
        return None
    found = await outcome(conn, principal, mutation, key, given)
    if found is None:
        raise IdempotencyConflict()
    return found


async def outcome(conn: Connection, principal: Principal, mutation: str, key: str, given: dict[str, Any]) -> dict[str, Any] | None:
    """The outcome under a spent key; None when it was not spent, IdempotencyConflict when on another input."""
    row = await conn.row(FIND, the_caller_id=principal.staff_id, the_mutation=mutation, the_idempotency_key=key)
    if row is None:
        return None
    if row["input_hash"] != sha256(canonical(given)).digest():
        raise IdempotencyConflict()
    return dict(row["outcome"] or {})


async def keep(conn: Connection, principal: Principal, mutation: str, key: str, outcome: dict[str, Any]) -> None:
    """Records the ids of what was made under the key that was just spent."""
    whose = {"the_caller_id": principal.staff_id, "the_mutation": mutation, "the_idempotency_key": key}
    await conn.run(KEEP, the_outcome=outcome, **whose)
