"""Stocktakes (盘库): the list as it was, what two people counted, and where the two differ."""

from sqlalchemy import Index, Integer, Text, UniqueConstraint, text

from storage.tables.columns import INSTANT, check, key, may, need, one_of, org, ref, stamps, table
from storage.terms import CountResult, Expectation, StocktakeState

stocktakes = table(
    "stocktakes",
    "Blind double counts of a cabinet or a vault (盘库), C41 to C43.",
    key(),
    org("The unit that runs the place."),
    ref("place_id", "storage_locations", "The cabinet or vault.", index=True),
    need("state", Text, "Life cycle.", server_default=text("'OPEN'")),
    need("freeze_hours", Integer, "How long a cabinet is frozen for its count at most (C17)."),
    need("as_of", INSTANT, "Instant of the frame: the list that is compared with."),
    ref("opened_by", "staff", "Who opened it.", index=True),
    ref("first_counter_id", "staff", "One counter.", index=True),
    ref("second_counter_id", "staff", "The other counter.", index=True),
    may("compared_at", INSTANT, "When the counts were compared with the list."),
    ref("compared_by", "staff", "Who compared.", null=True),
    may("signed_at", INSTANT, "When it was signed."),
    ref("signed_by", "staff", "Who signed; neither counter.", null=True),
    *stamps(),
    one_of("state", StocktakeState),
    check("freeze_hours between 1 and 24", "c17_freeze_hours"),
    check("first_counter_id <> second_counter_id", "c41_two_counters"),
    check(
        "coalesce(compared_by not in (first_counter_id, second_counter_id), true)"
        " and coalesce(signed_by not in (first_counter_id, second_counter_id), true)",
        "c41_signer",
    ),
    check("(state in ('COMPARED', 'SIGNED')) = (compared_at is not null and compared_by is not null)", "compared"),
    check("(state = 'SIGNED') = (signed_at is not null and signed_by is not null)", "signed"),
    Index("ix_stocktakes_as_of", "as_of", "id"),
    Index("ix_stocktakes_open", "id", postgresql_where=text("state in ('OPEN', 'COUNTING')")),
)

stocktake_places = table(
    "stocktake_places",
    "Slots and shelves that a stocktake counts; written by triggers alone.",
    key(),
    org("The unit that runs the place."),
    ref("stocktake_id", "stocktakes", "The stocktake."),
    ref("location_id", "storage_locations", "The slot or shelf."),
    ref("cabinet_id", "storage_locations", "The cabinet that it is part of; counted, and frozen, as one."),
    need("round", Integer, "Rises when the two counts differ and both count again.", server_default=text("1")),
    may("frozen_until", INSTANT, "Nothing moves in or out until then, unless the count ends before (C17)."),
    may("first_counted_at", INSTANT, "When one counter had counted it in this round."),
    may("second_counted_at", INSTANT, "When the other had."),
    may("closed_at", INSTANT, "When the stocktake was compared."),
    UniqueConstraint("stocktake_id", "location_id"),
    Index("uq_stocktake_places_c17_one_count", "location_id", unique=True, postgresql_where=text("closed_at is null")),
)

stocktake_lines = table(
    "stocktake_lines",
    "The list of a stocktake: what should lie where, then what was found; written by triggers alone.",
    key(),
    org("The unit that runs the place."),
    ref("stocktake_id", "stocktakes", "The stocktake.", index=True),
    need("expectation", Text, "What the list says."),
    ref(
        "location_id",
        "storage_locations",
        "Where it should lie; null for what is out, electronic, in no envelope or unexpected.",
        null=True,
        index=True,
    ),
    ref("envelope_id", "sealed_envelopes", "The envelope.", null=True, index=True),
    ref("record_id", "archive_records", "The volume or electronic certificate.", null=True, index=True),
    may("barcode", Text, "The label, as listed or, of what nobody expected, as read."),
    may("seal_no", Text, "The seal that the list names."),
    may("result", Text, "What the comparison found; null until then."),
    ref("found_location_id", "storage_locations", "Where it was found.", null=True),
    may("found_seal_no", Text, "The seal that was read."),
    one_of("expectation", Expectation),
    one_of("result", CountResult),
    check("num_nonnulls(envelope_id, record_id) <= 1", "one_thing"),
    check("expectation = 'NOTHING' or num_nonnulls(envelope_id, record_id) = 1", "names_a_thing"),
    Index("ix_stocktake_lines_result", "stocktake_id", "result", "id"),
)

stocktake_counts = table(
    "stocktake_counts",
    "What a counter read in a slot or on a shelf, append-only; a row without a label says that this was all.",
    key(),
    org("The unit that runs the place."),
    ref("stocktake_id", "stocktakes", "The stocktake."),
    ref("location_id", "storage_locations", "The slot or shelf.", index=True),
    ref("counter_id", "staff", "Who counted.", index=True),
    need("round", Integer, "Round of the place."),
    may("barcode", Text, "Label that was read; null: that was all."),
    may("seal_no", Text, "Seal that was read; null when there is none or it is broken."),
    need("counted_at", INSTANT, "When it was submitted."),
    check("barcode is not null or seal_no is null", "seal_is_of_something"),
    Index(
        "uq_stocktake_counts_c41_once", "stocktake_id", "location_id", "counter_id", "round", "barcode",
        unique=True, postgresql_nulls_not_distinct=True,
    ),
)  # fmt: skip
