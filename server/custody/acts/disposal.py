"""Lists of volumes whose time has run out: drawn up, approved by three heads as they are, taken back: what S8 and S10 change."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from server.compliance.tags import Tag
from server.custody.acts.change import Detail
from server.custody.moves.volumes import HEADS, Batch
from server.custody.writing import Writing
from storage.statements import given
from storage.tables import disposal_approvals, disposal_batches, disposal_lines
from storage.terms import Action as A
from storage.terms import BatchState, RecordState, Tier

UNDER = select(text("*")).select_from(func.lines_under(*(given(name) for name in ("record", "loan", "asset", "party", "dealer"))))


async def propose(w: Writing) -> Detail:
    """S8: the list as it is; its hash is what the heads approve."""
    records = sorted(w.records)
    row = {"org_id": w.by.org, "list_hash": list_hash(records), "appraisal": w.ask.reason, "proposed_by": w.by.id, "proposed_at": w.at}
    made: UUID = await w.conn.insert(disposal_batches, row, returning="id")
    lines = [{"batch_id": made, "record_id": m.record.id, "back_to": m.record.state} for m in w.moves]
    await w.conn.insert(disposal_lines, lines)
    w.made["batch"] = made
    return {"batch": made}


def list_hash(records: list[UUID]) -> bytes:
    """SHA-256 of the ids, in order, a comma between."""
    return sha256(",".join(map(str, records)).encode()).digest()


async def approve(w: Writing) -> Detail:
    """C46: one head of three; the last approves for good."""
    batch = w.first.of(Batch)
    role = min((HEADS - set(batch.approved)) & w.by.roles)
    row = {"batch_id": batch.id, "list_hash": bytes.fromhex(batch.list_hash), "role": role, "staff_id": w.by.id, "approved_at": w.at}
    await w.conn.insert(disposal_approvals, row)
    if batch.back is RecordState.DISPOSAL_APPROVED:
        await w.conn.update(disposal_batches, {"id": batch.id}, {"state": BatchState.APPROVED, "decided_at": w.at})
    w.made["batch"] = batch.id
    return {"batch": batch.id, "rank": role}


async def reject(w: Writing) -> Detail:
    """S10: back to where they stood."""
    batch = w.first.of(Batch)
    decided = {"state": BatchState.REJECTED, "decided_at": w.at, "decision_reason": w.ask.reason}
    await w.conn.update(disposal_batches, {"id": batch.id}, decided)
    w.made["batch"] = batch.id
    return {"batch": batch.id}


async def lines_under(w: Writing, subject: dict[str, Any]) -> list[Any]:
    """Volumes on a list, in every branch, that a hold will cover."""
    return await w.conn.rows(UNDER, **subject)


def tell_stopped(w: Writing, lines: list[Any], hold: UUID) -> None:
    """S10: a new hold takes them off their list; PostgreSQL has put them back."""
    assert w.chains is not None
    for line in lines:
        moved: dict[str, Any] = {"tier": Tier.SECOND, "from": line["state"], "to": line["back_to"], "hold": hold}
        chain, record = line["loan_id"], line["record_id"]
        w.chains.note(
            chain, Tag.DISPOSAL_STOPPED, subject=("record", record), by=w.by.id, at=w.at, record=record, act=A.STOP_DISPOSAL, **moved
        )


CHANGES = {A.PROPOSE_DISPOSAL: propose, A.APPROVE_DISPOSAL: approve, A.REJECT_DISPOSAL: reject}
