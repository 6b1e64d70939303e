"""A new data key, and every customer's personal data closed with it: in batches, and again from where it stopped.

Old epochs are kept: the versions of rows that history holds are still closed with them. Runs as the role that owns the schema.
"""

import os
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg

from server.personal import KEY_BYTES, Keys, Personal, rewrapped, wrap
from storage.database import Connection, connect

BATCH = 500
COLUMNS = ("identity_cipher", "phone_cipher", "address_cipher")
LEFT = "select count(*) from customers where key_epoch < $1"
SOME = "select id, key_epoch, identity_cipher, phone_cipher, address_cipher from customers where key_epoch < $1 order by id limit $2 for update"
CLOSE = "update customers set identity_cipher = $2, phone_cipher = $3, address_cipher = $4, key_epoch = $5 where id = $1"
Tell = Callable[[int, int], None]


async def rotate(owner_url: str, keys: Keys, previous_wrapping: bytes | None, tell: Tell) -> int:
    """Rewraps the data keys when the key of the settings is new, then closes everything under the newest epoch; how many rows."""
    raw = await connect(owner_url)
    try:
        await raw.execute("select set_config('app.branches', '*', false)")
        async with raw.transaction():
            await raw.execute("select pg_advisory_xact_lock(50, 1)")  # two rotations at once would make two epochs
            if previous_wrapping is not None:
                await _rewrap(raw, previous_wrapping, keys.wrapping)
            personal = await Personal.load(Connection(raw), keys)
            if not await raw.fetchval(LEFT, personal.epoch):  # a rotation that was stopped is finished first
                epoch = personal.epoch + 1
                await raw.execute(
                    "insert into data_keys (epoch, wrapped) values ($1, $2)", epoch, wrap(keys.wrapping, epoch, os.urandom(KEY_BYTES))
                )
        personal = await Personal.load(Connection(raw), keys)
        total, done = await raw.fetchval(LEFT, personal.epoch), 0
        tell(0, total)
        while rows := await _batch(raw, personal):
            done += rows
            tell(done, total)
        return done
    finally:
        await raw.close()


async def _rewrap(raw: "asyncpg.Connection[Any]", previous: bytes, wrapping: bytes) -> None:
    for row in await raw.fetch("select epoch, wrapped from data_keys"):
        again = rewrapped(previous, wrapping, row["epoch"], bytes(row["wrapped"]))
        await raw.execute("update data_keys set wrapped = $2 where epoch = $1", row["epoch"], again)


async def _batch(raw: "asyncpg.Connection[Any]", personal: Personal) -> int:
    """One transaction; a crash loses at most this much work."""
    async with raw.transaction():
        rows = await raw.fetch(SOME, personal.epoch, BATCH)
        for row in rows:
            await raw.execute(
                CLOSE, row["id"], *(_closed(personal, row["id"], c, row[c], row["key_epoch"]) for c in COLUMNS), personal.epoch
            )
    return len(rows)


def _closed(personal: Personal, id_: UUID, column: str, sealed: bytes | None, epoch: int) -> bytes | None:
    return None if sealed is None else personal.seal(column, id_, personal.open(column, id_, bytes(sealed), epoch))
