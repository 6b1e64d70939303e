"""The history of a contract as a connection of snapshots: lines of the ledger and of the access log."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
import strawberry

from schema.directives import Cost
from schema.paging import PageInfo, col
from schema.reading.compiler import bad_request
from schema.scalars import DateTime
from server.compliance.history import Entry, History, Reading
from server.compliance.proving import contract_proof
from storage.terms import Role

MAC_BYTES = 18
HISTORY = "contractHistory"
PROOF_COST = 1_000


@strawberry.enum(description="Why a sensitive read is made; stands in the access log. Open: new members may be added.")
class HistoryPurpose(Enum):
    """Closed words, so that the log can be counted."""

    REGULAR_REVIEW = strawberry.enum_value("REGULAR_REVIEW", description="Regular review.")
    INVESTIGATION = strawberry.enum_value("INVESTIGATION", description="Investigation.")
    REGULATOR_REQUEST = strawberry.enum_value("REGULATOR_REQUEST", description="Request of a regulator or court.")
    AUDIT = strawberry.enum_value("AUDIT", description="Audit.")
    CUSTOMER_REQUEST = strawberry.enum_value("CUSTOMER_REQUEST", description="Request of the customer.")


@strawberry.enum(description="What a line of the history is about. Open: new members may be added.")
class HistoryKind(Enum):
    """By its subject."""

    EVENT = strawberry.enum_value("EVENT", description="Something changed.")
    REQUEST = strawberry.enum_value("REQUEST", description="An access request was made or decided.")
    SCAN = strawberry.enum_value("SCAN", description="A scan was registered, stored or rejected.")
    REPORT = strawberry.enum_value("REPORT", description="An inspection report was written, signed or returned.")
    REFUSAL = strawberry.enum_value("REFUSAL", description="A rule stopped somebody.")
    READ = strawberry.enum_value("READ", description="Somebody read, or was denied, something sensitive.")


@strawberry.enum(description="What a line is part of. Open: new members may be added.")
class HistoryComponent(Enum):
    """The components of a contract's history; `verification` is the last."""

    CONTRACT = strawberry.enum_value(
        "CONTRACT", description="The contract, its loans, customer, collateral and certificates, and corrections."
    )
    ELEMENTS = strawberry.enum_value("ELEMENTS", description="Checks of its elements.")
    APPROVAL = strawberry.enum_value("APPROVAL", description="Approvals, and who might give them.")
    SCAN = strawberry.enum_value("SCAN", description="Scans.")
    CUSTODY = strawberry.enum_value("CUSTODY", description="Custody of its records, envelopes and tickets.")
    REQUEST = strawberry.enum_value("REQUEST", description="Requests, refused ones too, extensions, overdue steps.")
    READ = strawberry.enum_value("READ", description="Sensitive reads, denied ones too.")
    HANDOVER = strawberry.enum_value("HANDOVER", description="Handovers.")
    HOLD = strawberry.enum_value("HOLD", description="Holds.")
    INSPECTION = strawberry.enum_value("INSPECTION", description="Inspection reports, stocktakes, discrepancies, losses.")
    COLLECTION = strawberry.enum_value("COLLECTION", description="Positions, payoffs, settlement, write-off and grades.")
    RELEASE = strawberry.enum_value("RELEASE", description="Settlement notices, release, disposal.")
    POLICY = strawberry.enum_value("POLICY", description="Parameters and units.")


@strawberry.type(
    description="Whether the hash chains of a contract's loans hold, whole, as the database has them now; at whatever time one looks."
)
class ChainVerification:
    """The last component; an auditor verifies an export offline instead of believing this."""

    holds: bool = col("Whether every event does.")
    event_count: int = col("Events that were looked at.")
    anchored_count: int = col("How many of them a stored checkpoint has sealed.")
    first_wrong_id: strawberry.ID | None = col("The first event that does not hold.")
    problem: str | None = col("What is wrong with it.")


@strawberry.type(description="What stood where before, and what stands there since.")
class HistoryChange:
    """One field of a diff."""

    field: str = col("What changed.")
    before: str | None = col("What stood there; null for nothing, or where it was not told.")
    after: str | None = col("What stands there.")


@strawberry.type(description="A role that somebody else had given the actor for that time.")
class HistoryDelegation:
    """A delegation in force."""

    role: Role = col("The role.")
    from_id: strawberry.ID = col("Whose role it is.")


@strawberry.type(description="One line of the history: a snapshot, never the live thing.")
class HistoryEntry:
    """An event or a line of the access log."""

    kind: HistoryKind = col("What it is about.")
    happened_at: DateTime = col("When.")
    effective_at: DateTime = col(
        "Since when it counts: `happenedAt`, or the earlier day or instant that a position, value, grade or correction tells."
    )
    tag: str = col("subject:action:outcome of an event; the operation's name of a line of the access log.")
    actor_id: strawberry.ID = col("Who.")
    actor_name: str = col("Their name at that time.")
    subject_id: strawberry.ID | None = col("What it was done to.")
    result: str | None = col("GRANTED, DENIED or REFUSED, of a line of the access log.")
    purpose: str | None = col("Why: of a reading as the reader said, of an act the purpose of its request.")
    detail: str = col("Facts as JSON: states, rules, references; no personal data.")
    component: HistoryComponent = col("What it is part of.")
    actor_roles: list[Role] = col("Their roles at that time, delegated ones too.")
    delegations: list[HistoryDelegation] = col("Which of them were delegated, and by whom.")
    changes: list[HistoryChange] = col("How it differs from what was before: states, terms, what was corrected.")
    evidence: list[strawberry.ID] = col("Scans that it rests on.")
    parameters: str | None = col("Parameters in force when it was judged, with their versions, as JSON; null for what nobody judged.")
    cause_id: strawberry.ID | None = col("The event that brought it about.")
    seq: int | None = col("Number in its chain, of an event.")
    hash: str | None = col("SHA-256 of its link, hex, of an event.")


@strawberry.type(description="A line with its cursor.")
class HistoryEdge:
    """Relay's edge."""

    cursor: str = col("Opaque; pass it to `after`.")
    node: HistoryEntry = col("The line.")


@strawberry.type(description="A page of the history of one contract, oldest first.")
class HistoryConnection:
    """Relay's connection, forward only."""

    contract_id: strawberry.ID = col("The contract.")
    edges: list[HistoryEdge] = col("The lines.")
    page_info: PageInfo = col("Where the page lies.")

    @strawberry.field(
        description="Whether its chains hold; takes longer the longer they are.", directives=[Cost(weight=PROOF_COST, multipliers=[])]
    )  # type: ignore[untyped-decorator]  # strawberry's
    async def verification(self, info: strawberry.Info) -> ChainVerification:
        """Looked at when it is asked for."""
        context: Any = info.context
        async with context.database.transaction(context.principal) as conn:
            proof = await contract_proof(conn, UUID(str(self.contract_id).partition("_")[2]))
        wrong = strawberry.ID(f"event_{proof.wrong}") if proof.wrong else None
        return ChainVerification(
            holds=proof.holds, event_count=proof.events, anchored_count=proof.anchored, first_wrong_id=wrong, problem=proof.told
        )


KINDS = {"request": HistoryKind.REQUEST, "scan": HistoryKind.SCAN, "report": HistoryKind.REPORT}


def connection_of(reading: Reading) -> str:
    """What its cursors are of: another contract or another time is another connection."""
    return " ".join([HISTORY, str(reading.contract_id), *(at.isoformat() if at else "-" for at in (reading.as_of, reading.known_at))])


def history_page(history: History, secret: bytes, name: str) -> HistoryConnection:
    """The page as a client sees it."""
    edges = [HistoryEdge(cursor=cursor_of(e.happened_at, e.id, secret, name), node=_entry(e)) for e in history.entries]
    info = PageInfo(
        has_next_page=history.has_next,
        has_previous_page=False,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return HistoryConnection(contract_id=strawberry.ID(f"contract_{history.contract_id}"), edges=edges, page_info=info)


def _entry(e: Entry) -> HistoryEntry:
    kind = KINDS.get(e.subject_kind, HistoryKind.EVENT)
    if e.result is not None:
        kind = HistoryKind.REFUSAL if e.result == "REFUSED" else HistoryKind.READ
    subject = f"{e.subject_kind}_{e.subject_id}" if e.subject_id and e.result is None else None
    return HistoryEntry(
        kind=kind,
        happened_at=e.happened_at,  # type: ignore[arg-type]  # DateTime is a NewType of datetime
        effective_at=e.since,  # type: ignore[arg-type]  # a datetime: the scalar is a name for one
        tag=e.tag,
        actor_id=strawberry.ID(f"staff_{e.actor_id}"),
        actor_name=e.actor_name,
        subject_id=strawberry.ID(subject) if subject else None,
        result=e.result,
        purpose=e.purpose,
        detail=orjson.dumps(e.detail, option=orjson.OPT_SORT_KEYS).decode(),
        component=HistoryComponent(e.component.value),
        actor_roles=list(e.roles),
        delegations=[HistoryDelegation(role=role, from_id=strawberry.ID(f"staff_{whose}")) for role, whose in e.delegated],
        changes=[HistoryChange(field=c.field, before=c.before, after=c.after) for c in e.changes],
        cause_id=strawberry.ID(f"event_{e.cause_id}") if e.cause_id else None,
        evidence=[strawberry.ID(f"scan_{scan}") for scan in e.evidence],
        parameters=e.parameters,
        seq=e.seq,
        hash=e.hash.hex() if e.hash else None,
    )


def _mac(payload: bytes, secret: bytes, name: str) -> bytes:
    return hmac.new(secret, name.encode() + b"\0" + payload, hashlib.sha256).digest()[:MAC_BYTES]


def cursor_of(at: datetime, id_: UUID, secret: bytes, name: str) -> str:
    """A signed cursor of a connection that is ordered by time and id."""
    payload = f"{at.astimezone(UTC).isoformat()} {id_}".encode()
    return base64.urlsafe_b64encode(_mac(payload, secret, name) + payload).decode().rstrip("=")


def read_after(cursor: str | None, secret: bytes, name: str) -> tuple[datetime, UUID] | None:
    """Time and id behind a cursor; a bad request for what is none of ours."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not hmac.compare_digest(mac, _mac(payload, secret, name)):
            raise ValueError
        at, _, id_ = payload.decode().partition(" ")
        return datetime.fromisoformat(at), UUID(id_)
    except (ValueError, UnicodeError):
        raise bad_request("`after` is not a cursor of this connection.") from None
