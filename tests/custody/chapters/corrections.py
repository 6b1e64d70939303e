"""C48: rows broken alone, and the twins attacked by SQL."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask, Move
from server.custody.moves.corrections import Corrected, Correcting
from storage.terms import Action as A
from storage.terms import CorrectionSubject, Tier
from tests.custody.attacking import Attack, twin, who
from tests.custody.breaking import Break
from tests.custody.examples import RID
from tests.harness.world import World

ASKED = Correcting(CorrectionSubject.RECORD, RID, "title", "登记证书（更正）", UUID(int=99))


def right(m: Move) -> Move:
    return replace(m, ask=replace(m.ask, reason="录入有误", detail=ASKED, records=(RID,)), known={Corrected: Corrected(before="登记证书")})


ADJUST: dict[A, Callable[[Move], Move]] = {A.CORRECT: right}


def known(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"known": {Corrected: replace(m.of(Corrected), **changes)}}


BREAKS = (
    Break("what is corrected is one of the facts that may be mistyped", A.CORRECT, Tier.FIRST, known(correctable=False)),
    Break(
        "a correction has a reason, and a stored scan of its record, or of one of its loans, as evidence",
        A.CORRECT,
        Tier.SECOND,
        known(evidence=False),
    ),
    Break("the new value is another than the one that stands there", A.CORRECT, Tier.FIRST, known(before=ASKED.value)),
    Break("the new number is nobody else's", A.CORRECT, Tier.FIRST, known(taken=True)),
    Break("the number of what was lost is void for ever", A.CORRECT, Tier.FIRST, known(void=True)),
)


async def scanned(bank: World, record: UUID, status: str = "STORED") -> UUID:
    """A scan of the record."""
    made: UUID = await bank.sql(
        "insert into scans (org_id, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages, status,"
        " uploaded_by, registered_at, upload_expires_at, stored_at, object_key, object_version_id, lock_until)"
        " values ($1, 'RECORD', $2, $2, 1, '扫描件', 'application/pdf', $3, 100, 1, $4, $5, now(), now(), now(), $6, 'v', now()) returning id",
        bank.branches["A"].id, record, uuid4().bytes * 2, status, who(bank, "officer"), uuid4().hex,
    )  # fmt: skip
    return made


async def proposed(
    bank: World, field: str = "title", value: str = "更正后的题名", reason: str = "录入有误", status: str = "STORED"
) -> tuple[UUID, UUID]:
    """A volume, and the operation that waits for the second person; the ask as SQL would store it."""
    (volume,) = await bank.volumes()
    scan = await scanned(bank, volume)
    ask = Ask(
        A.CORRECT, records=(volume,), reason="录入有误", detail=Correcting(CorrectionSubject.RECORD, volume, "title", "别的题名", scan)
    )
    operation = UUID((await bank.done("officer", ask))["operation"])
    await bank.sql(
        "update operations set ask = jsonb_set(jsonb_set(jsonb_set(ask, '{detail,field}', to_jsonb($2::text)), '{detail,value}',"
        " to_jsonb($3::text)), '{reason}', to_jsonb($4::text)) where id = $1", operation, field, value, reason,
    )  # fmt: skip
    await bank.past_the_triggers(f"update scans set status = '{status}' where id = '{scan}'")
    return volume, operation


SEAT = "insert into operation_seats (operation_id, seat, staff_id, taken_at) values ($1, 'SECOND', $2, clock_timestamp())"
FINISH = "update operations set state = 'DONE', done_at = clock_timestamp() where id = $1"


async def _finished(bank: World, **how: str) -> Attack:
    _, operation = await proposed(bank, **how)
    return Attack("head", ((SEAT, operation, who(bank, "head")), (FINISH, operation)))


@twin("tg_operations_c48_correctable")
async def _(bank: World) -> Attack:
    return await _finished(bank, field="state", value="IN_VAULT")


@twin("ck_corrections_c48_reason")
async def _(bank: World) -> Attack:
    return await _finished(bank, reason=" ")


@twin("tg_operations_c48_evidence")
async def _(bank: World) -> Attack:
    return await _finished(bank, status="REJECTED")


@twin("ck_corrections_c48_changes")
async def _(bank: World) -> Attack:
    return await _finished(bank, value="信贷档案")
