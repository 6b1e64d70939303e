"""The bank's units and people, and who may do what."""

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint

from storage.tables.columns import (
    INSTANT,
    NOW,
    check,
    key,
    may,
    need,
    one_of,
    ref,
    stamps,
    table,
)
from storage.terms import OrgLevel, Role, Seat, StaffKind

org_units = table(
    "org_units",
    "Head office, branches and sub-branches (机构).",
    key(),
    need("code", Text, "Business code."),
    need("name", Text, "Name."),
    need("level", Text, "Level."),
    ref("parent_id", "org_units", "The unit above.", null=True, index=True),
    need("has_vault", Boolean, "Whether it may keep first-tier papers overnight (C33).", server_default=text("false")),
    ref("president_in_charge_id", "staff", "President in charge (主管行长).", null=True, cycle=True),
    may("closed_at", INSTANT, "When it was closed; nothing new belongs to it from then on (C32)."),
    *stamps(),
    UniqueConstraint("code"),
    one_of("level", OrgLevel),
    check("(parent_id is null) = (level = 'HEAD_OFFICE')", "head_office_has_no_parent"),
)

staff = table(
    "staff",
    "People and services of the bank (员工).",
    key(),
    need("staff_no", Text, "Business number."),
    need("username", Text, "Subject of the person's token."),
    need("name", Text, "Name."),
    ref("org_id", "org_units", "The unit the person works in.", index=True),
    need("kind", Text, "Person or service.", server_default=text("'PERSON'")),
    need("active", Boolean, "False once the person has left.", server_default=text("true")),
    need("principal_version", BigInteger, "Rises when roles, unit or activity change; kept by triggers.", server_default=text("1")),
    *stamps(),
    UniqueConstraint("staff_no"),
    UniqueConstraint("username"),
    one_of("kind", StaffKind),
)

staff_roles = table(
    "staff_roles",
    "Roles granted to staff.",
    key(),
    ref("staff_id", "staff", "Who."),
    need("role", Text, "Which role."),
    need("granted_at", INSTANT, "Since when.", server_default=NOW),
    ref("granted_by", "staff", "Who granted it.", null=True),
    UniqueConstraint("staff_id", "role"),
    one_of("role", Role),
)

delegations = table(
    "delegations",
    "One person acts in another's role for a time (授权).",
    key(),
    ref("from_staff_id", "staff", "Whose role it is.", index=True),
    ref("to_staff_id", "staff", "Who acts.", index=True),
    need("role", Text, "Which role."),
    ref("org_id", "org_units", "Where it holds."),
    need("during", TSTZRANGE, "When it holds."),
    *stamps(),
    one_of("role", Role),
    check("from_staff_id <> to_staff_id", "c3_to_another"),
)

read_grants = table(
    "read_grants",
    "What an outside auditor or regulator (EXAMINER) may read: one unit and those below it, for a time.",
    key(),
    ref("staff_id", "staff", "The examiner.", index=True),
    ref("org_id", "org_units", "The unit."),
    need("during", TSTZRANGE, "When it holds."),
    need("reason", Text, "By what order or contract."),
    ref("granted_by", "staff", "Who confirmed it."),
    *stamps(),
)

staff_relations = table(
    "staff_relations",
    "Declared relations of staff to customers' parties (C4).",
    key(),
    ref("staff_id", "staff", "Who declared it."),
    ref("party_id", "parties", "To whom.", index=True),
    need("kind", Text, "Kind of relation, e.g. SPOUSE."),
    need("declared_at", INSTANT, "When it was declared.", server_default=NOW),
    UniqueConstraint("staff_id", "party_id"),
)

keeper_duties = table(
    "keeper_duties",
    "Who keeps the key and who the code of a vault, and when (C1, C2).",
    key(),
    ref("vault_id", "storage_locations", "Which vault.", index=True),
    ref("staff_id", "staff", "Which keeper.", index=True),
    need("seat", Text, "KEY or CODE."),
    need("during", TSTZRANGE, "When the duty holds."),
    *stamps(),
    one_of("seat", (Seat.KEY, Seat.CODE), "c1_seat"),
    ExcludeConstraint(("vault_id", "="), ("staff_id", "="), ("during", "&&"), using="gist", name="ex_keeper_duties_c2_one_seat_per_keeper"),
)

policy_parameters = table(
    "policy_parameters",
    "Day counts, ranks and limits that each head office sets for itself, versioned.",
    key(),
    need("key", Text, "Name of the parameter."),
    need("value", Text, "Its value, as JSON."),
    ref("org_id", "org_units", "Where it holds; null: everywhere.", null=True),
    need("effective_from", INSTANT, "Since when."),
    ref("approved_by", "staff", "Who approved it; null: the default.", null=True),
    need("recorded_at", INSTANT, "When the row was made.", server_default=NOW),
    check("value is json", "value"),
    Index("uq_policy_parameters_key_scope_from", "key", "org_id", "effective_from", unique=True, postgresql_nulls_not_distinct=True),
)

holidays = table(
    "holidays",
    "Days that differ from Monday to Friday: holidays and swapped working days.",
    need("day", Date, "The day.", primary_key=True),
    need("is_working", Boolean, "True for a weekend that is worked."),
    need("name", Text, "Its name."),
    need("source", Text, "Where the row came from."),
)

data_keys = table(
    "data_keys",
    "Keys of personal data, one per epoch, wrapped by the key of the settings: that one may change, the ciphertexts stay.",
    need("epoch", Integer, "Epoch, from 1.", primary_key=True, autoincrement=False),
    need("wrapped", LargeBinary, "The key, AES-256-GCM under the key of the settings."),
    need("made_at", INSTANT, "When it was made.", server_default=NOW),
)
