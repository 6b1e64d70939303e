"""What SQL of the application's own role tries on scans: another outcome, key, version or time than what happened at the store."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from tests.custody.attacking import Attack, who
from tests.custody.chapters.corrections import scanned
from tests.harness.world import World

Tried = tuple[str, Callable[[World], Awaitable[Attack]]]
STORE = (
    "update scans set status = 'STORED', stored_at = {at}, object_key = {key}, object_version_id = 'x', lock_until = now() where id = $1"
)
FOUND = "insert into fixity_findings (scan_id, place, fault, version_id, found_at) values ($1, 'FIRST', 'MISSING', $2, now())"
REGISTERED = (
    "insert into scans (id, org_id, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages,"
    " uploaded_by, registered_at, upload_expires_at{more}) values ($1, $2, 'RECORD', $3, $3, 1, 'x', 'application/pdf', $4, 1, 1, $5, now(),"
    " now() + interval '1 day'{values})"
)


def changed(what: str, *before: str) -> Callable[[World], Awaitable[Attack]]:
    """Of a scan that is stored, or of its first copy."""

    async def arrange(bank: World) -> Attack:
        scan = await scanned(bank, (await bank.volumes())[0])
        return Attack("archivist", tuple((sql, scan) for sql in (*before, what)))

    return arrange


def registered(what: str, *, confirmed: bool = True) -> Callable[[World], Awaitable[Attack]]:
    """Of a scan whose bytes nobody has stored."""

    async def arrange(bank: World) -> Attack:
        (volume,) = await bank.volumes()
        scan, officer = uuid4(), who(bank, "officer")
        await bank.root.execute(
            REGISTERED.format(more="", values=""), scan, bank.branches["A"].id, volume, uuid4().bytes * 2, officer
        )  # fmt: skip
        if confirmed:
            await bank.sql("update scans set confirmed_at = now(), confirmed_by_id = $2 where id = $1", scan, officer)
        return Attack("officer", ((what, scan),))

    return arrange


async def found(bank: World, version: Any = "v") -> UUID:
    scan = await scanned(bank, (await bank.volumes())[0])
    await bank.root.execute(FOUND, scan, version)
    await bank.sql("update scan_copies set bad_since = now() where scan_id = $1", scan)
    return scan


async def stored_at_once(bank: World) -> Attack:
    (volume,) = await bank.volumes()
    forged = REGISTERED.format(
        more=", status, stored_at, object_key, object_version_id, lock_until", values=", 'STORED', now(), 'k', 'v', now()"
    )
    return Attack("officer", ((forged, uuid4(), bank.branches["A"].id, volume, uuid4().bytes * 2, who(bank, "officer")),))


async def copy_of_nothing(bank: World) -> Attack:
    attack = await registered("")(bank)
    made = (
        "insert into scan_copies (scan_id, place, version_id, due_until, due_hold, legal_hold, observed_at, checked_at)"
        " values ($1, 'FIRST', 'v', now() + interval '50 years', false, false, now(), now())"
    )
    return Attack("officer", ((made, attack.steps[0][1]),))


async def healed_by_nothing(bank: World) -> Attack:
    return Attack(
        "archivist", (("update fixity_findings set healed_at = now(), healed_version_id = 'x' where scan_id = $1", await found(bank)),)
    )


async def bad_and_forgotten(bank: World) -> Attack:
    return Attack("archivist", (("update scan_copies set bad_since = null where scan_id = $1", await found(bank)),))


async def another_than_was_healed(bank: World) -> Attack:
    """A copy is bad, and what is pinned is not what healed it."""
    scan = await found(bank)
    return Attack(
        "archivist",
        (
            ("update fixity_findings set healed_at = now(), healed_version_id = 'good' where scan_id = $1", scan),
            ("update scan_copies set version_id = 'x', bad_since = null where scan_id = $1", scan),
        ),
    )


async def stored_past_a_lock(bank: World) -> Attack:
    """Somebody locked the subject after it was announced."""
    attack = await registered(STORE.format(at="now()", key="'scans/' || id"))(bank)
    held = "update scans set locked_by_id = $2, locked_at = now() where id = $1"
    await bank.root.execute(held, attack.steps[0][1], who(bank, "clerk"))
    return attack


def ahead(column: str) -> Callable[[World], Awaitable[Attack]]:
    return changed(f"update scan_copies set {column} = now() + interval '10 years' where scan_id = $1")


SCANNED: tuple[Tried, ...] = (
    *(("tg_scans_c49_final", changed(f"update scans set status = '{status}' where id = $1")) for status in ("REJECTED", "EXPIRED", "REGISTERED")),
    ("tg_scans_c49_final", changed("update scans set object_key = 'scans/other' where id = $1")),
    ("tg_scans_c49_final", changed("update scans set stored_at = now() + interval '1 year' where id = $1")),
    ("tg_scans_c49_final", changed("update scans set stored_at = stored_at - interval '1 year' where id = $1")),
    ("tg_scans_c49_final", changed("update scans set reject_code = 'NOT_ALONE' where id = $1")),
    ("tg_scans_c49_final", registered(STORE.format(at="now()", key="'x'"))),
    ("tg_scans_c49_final", registered(STORE.format(at="now()", key="'scans/' || id"), confirmed=False)),
    ("tg_scans_c49_final", registered(STORE.format(at="now() + interval '1 year'", key="'scans/' || id"))),
    ("tg_scans_c49_final", registered(STORE.format(at="now() - interval '1 year'", key="'scans/' || id"))),
    ("tg_scans_c49_final", registered("update scans set lock_until = now() + interval '50 years' where id = $1")),
    ("tg_scans_c49_locked", stored_past_a_lock),
    ("privilege", stored_at_once),
    ("tg_scans_c45_hold", changed("update scans set legal_hold = false where id = $1", "update scans set legal_hold = true where id = $1",
                                  "update scan_copies set due_hold = true where scan_id = $1")),
    ("tg_scan_copies_c45_longer", changed("update scan_copies set due_hold = false where scan_id = $1",
                                          "update scan_copies set due_hold = true where scan_id = $1")),
    ("ct_scans_c49_healed", changed("update scans set object_version_id = 'x' where id = $1")),
    ("ct_scan_copies_c49_healed", changed("update scan_copies set version_id = 'x' where scan_id = $1")),
    ("ct_scan_copies_c49_healed", bad_and_forgotten),
    ("ct_fixity_findings_c49_healed", healed_by_nothing),
    ("ct_fixity_findings_c49_healed", another_than_was_healed),
    *(("tg_scan_copies_c49_seen", ahead(column)) for column in ("observed_at", "checked_at", "bad_since", "drifted_at")),
    ("tg_scan_copies_c49_seen", copy_of_nothing),
)  # fmt: skip
