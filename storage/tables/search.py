"""What search and scanners find: texts, and labels."""

from sqlalchemy import ARRAY, BigInteger, Column, Computed, Index, PrimaryKeyConstraint, Text, Uuid, text

from storage.tables.columns import INSTANT, NOW, check, may, need, one_of, table
from storage.terms import LabelKind

search_terms = table(
    "search_terms",
    "What search finds: one row for each text of a thing and each unit that may see it; kept by triggers.",
    need("subject_id", Uuid, "The thing."),
    need("org_id", Uuid, "A unit that may see it."),
    need("kind", Text, "Prefix of its global id."),
    need("shown", Text, "The text as it stands on the thing."),
    Column("plain", Text(collation="C"), Computed("search_plain(shown)"), nullable=False, comment="The text as it is compared."),
    Column(
        "bare", Text(collation="C"), Computed("search_bare(search_plain(shown))"), nullable=False, comment="The same without leading zeros."
    ),
    Column(
        "tokens",
        ARRAY(BigInteger),
        Computed("search_tokens(org_id, kind, shown)"),
        nullable=False,
        comment="Its pairs of characters and its runs of three digits or letters, hashed with unit and kind.",
    ),
    PrimaryKeyConstraint("subject_id", "org_id", "shown", name="pk_search_terms"),
    Index("ix_search_terms_begins", "org_id", "kind", "plain", "subject_id"),
    Index("ix_search_terms_bare", "org_id", "kind", "bare", "subject_id", postgresql_where=text("bare <> plain")),
    Index("ix_search_terms_tokens", "tokens", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 64}),
    Index("ix_search_terms_numbers", "plain", postgresql_where=text("kind not in ('customer', 'scan') and plain ~ '[0-9]'")),
    Index(
        "ix_search_terms_wide",
        text("search_wide(kind, plain, bare)"),
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 64},
    ),
)

barcodes = table(
    "barcodes",
    "Every label that was ever printed, the retired ones too: none is used twice.",
    need("code", Text, "Prefix of the kind, number, check character (ISO 7064 MOD 37,36).", primary_key=True),
    need("kind", Text, "What it was printed for."),
    need("subject_id", Uuid, "The paper, volume or envelope.", index=True),
    need("issued_at", INSTANT, "When it was put on.", server_default=NOW),
    may("retired_at", INSTANT, "When another label took its place."),
    one_of("kind", LabelKind),
    check("retired_at >= issued_at", "period"),
    Index("ix_barcodes_retired", text("search_plain(code)"), postgresql_where=text("retired_at is not null")),
)
