"""What holds from a day on: the valid time of a value or grade. What was known of it before stands in row_versions."""

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE

from storage.tables.columns import check, currency, key, may, money, need, one_of, ref, stamps, table
from storage.terms import Classification

# The unique constraints are WITHOUT OVERLAPS, for which SQLAlchemy has no word; the migration says it.
collateral_valuations = table(
    "collateral_valuations",
    "What a collateral is worth from a day on, where that was told; before the first the column of the collateral tells.",
    key(),
    ref("collateral_id", "collateral", "The collateral."),
    need("during", DATERANGE, "From the day of the valuation until the next."),
    money("amount", "Value."),
    currency(),
    ref("recorded_by", "staff", "Who recorded it.", null=True),
    may("reason", Text, "Why, in words."),
    *stamps(),
    UniqueConstraint("collateral_id", "during", name="uq_collateral_valuations_during"),
    check("amount >= 0", "amount"),
    check("not lower_inf(during)", "during"),
)

loan_classifications = table(
    "loan_classifications",
    "The grade of a loan from a day on, where that was told; before the first the column of the loan tells.",
    key(),
    ref("loan_id", "loans", "The loan."),
    need("during", DATERANGE, "From the day on which the grade holds until the next."),
    need("classification", Text, "Five-grade classification."),
    ref("recorded_by", "staff", "Who recorded it.", null=True),
    may("reason", Text, "Why, in words."),
    *stamps(),
    UniqueConstraint("loan_id", "during", name="uq_loan_classifications_during"),
    one_of("classification", Classification),
    check("not lower_inf(during)", "during"),
)
