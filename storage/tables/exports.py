"""What is made of the history for somebody to take away: the rows; the bytes lie beside the staged ones and do not stay."""

from sqlalchemy import ARRAY, BigInteger, Index, Integer, LargeBinary, PrimaryKeyConstraint, Text, Uuid, text

from storage.tables.columns import INSTANT, NOW, check, key, may, need, one_of, org, ref, stamps, table
from storage.terms import ExportFailure, ExportKind, ExportState

exports = table(
    "exports",
    "Evidence packs and exports of events (证据包): asked for by one person, made in the background, thrown away in time.",
    key(),
    org("Unit of whoever asked."),
    ref("staff_id", "staff", "Who asked, and alone sees it."),
    need("kind", Text, "What it holds."),
    need("purpose", Text, "Why, as the person said."),
    ref("contract_id", "contracts", "The contract, of evidence.", null=True, index=True),
    may("period_from", INSTANT, "First instant of the period, of events."),
    may("period_to", INSTANT, "End of the period; not part of it."),
    need("state", Text, "Life cycle.", server_default=text("'QUEUED'")),
    need("asked_at", INSTANT, "When it was asked for; a history is told up to here.", server_default=NOW),
    need("done", BigInteger, "How much is made.", server_default=text("0")),
    may("total", BigInteger, "Of how much, once it is known: scans and files of evidence, events of a period."),
    need("attempts", Integer, "How often a worker has begun, and did not end by itself.", server_default=text("0")),
    may("leased_by", Uuid, "Name of the try that has it in hand, or made it; part of the key in the store."),
    may("leased_until", INSTANT, "Until when that try has it in hand; later another may."),
    may("checkpoint", BigInteger, "Number of the checkpoint that everything in it is proven against."),
    may("last_at", INSTANT, "Time of the last event that a part holds, of events."),
    may("last_id", Uuid, "Id of that event."),
    may("sha256", LargeBinary, "SHA-256 of the archive."),
    may("size_bytes", BigInteger, "Its size."),
    may("made_at", INSTANT, "When it was made."),
    may("expires_at", INSTANT, "Until when it is kept."),
    may("failure", Text, "Why it was not made."),
    may(
        "units",
        ARRAY(Uuid),
        "Units that its events are of, as whoever asked saw them when it was begun; null: all of the bank, or evidence.",
    ),
    *stamps(),
    one_of("kind", ExportKind),
    one_of("state", ExportState),
    one_of("failure", ExportFailure),
    check("(kind = 'EVIDENCE') = (contract_id is not null)", "contract"),
    check("(kind = 'EVENTS') = (num_nonnulls(period_from, period_to) = 2) and period_from < period_to is not false", "period"),
    check("(state = 'FAILED') = (failure is not null)", "failed"),
    check("state in ('READY', 'EXPIRED') = (num_nonnulls(sha256, size_bytes, made_at, expires_at) = 4)", "made"),
    check("sha256 is null or octet_length(sha256) = 32", "sha256"),
    Index("ix_exports_staff_id_asked_at", "staff_id", "asked_at", "id"),
    Index("ix_exports_open", "asked_at", postgresql_where=text("state in ('QUEUED', 'RUNNING')")),
    Index("ix_exports_kept", "expires_at", postgresql_where=text("state = 'READY'")),
)

export_parts = table(
    "export_parts",
    "Parts of an export of events that lie in the store already: a worker that was killed is gone on from behind them.",
    ref("export_id", "exports", "The export."),
    need("number", Integer, "From 1."),
    need("events", Integer, "How many events it holds."),
    need("sha256", LargeBinary, "SHA-256 of its bytes."),
    need("size_bytes", BigInteger, "Its size."),
    PrimaryKeyConstraint("export_id", "number", name="pk_export_parts"),
    check("number > 0 and events > 0", "number"),
)
