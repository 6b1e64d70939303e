"""Policy parameters and the working calendar: defaults of domain section 4, and due instants in the bank's own time.

Every number and every list of roles here is a default; a row of `policy_parameters` takes its place from the instant that it names,
for the whole bank or for one unit.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from storage.terms import Action as A
from storage.terms import Purpose as P
from storage.terms import RequestKind as K
from storage.terms import RetentionClass, Tier
from storage.terms import Role as R

BANK_ZONE = ZoneInfo("Asia/Shanghai")
CLOSE_OF_BUSINESS = time(17, 30)

_FIRST = frozenset(
    {
        P.EXTENSION_REREGISTRATION,
        P.CERTIFICATE_CHANGE,
        P.AUDIT_READING,
        P.LITIGATION_RESTRUCTURE_WRITEOFF,
        P.CERTIFICATE_REISSUE,
        P.OTHER,
    }
)
_SECOND = frozenset({P.AUDIT, P.LITIGATION, P.OTHER})
PURPOSES: Mapping[tuple[Tier, K], frozenset[P]] = {  # C13: what a request of that kind may be for; no purpose is of two kinds of leaving
    (Tier.FIRST, K.CHECKOUT): _FIRST,
    (Tier.FIRST, K.EXTENSION): _FIRST,
    (Tier.FIRST, K.RELEASE): frozenset({P.PAID_IN_FULL, P.REGISTRATION_CANCELLED, P.PARTIAL_RELEASE}),
    (Tier.FIRST, K.SUBSTITUTION): frozenset({P.SUBSTITUTION}),
    (Tier.SECOND, K.CHECKOUT): _SECOND,
    (Tier.SECOND, K.READ_ON_SITE): _SECOND,
    (Tier.SECOND, K.EXTENSION): _SECOND,
}
ASKS: Mapping[A, K] = {  # the kind of request that an act begins
    A.REQUEST_CHECKOUT: K.CHECKOUT,
    A.REQUEST_READING: K.READ_ON_SITE,
    A.REQUEST_EXTENSION: K.EXTENSION,
    A.REQUEST_RELEASE: K.RELEASE,
    A.REQUEST_SUBSTITUTION: K.SUBSTITUTION,
}
TERM_DAYS: Mapping[P, int] = {
    P.EXTENSION_REREGISTRATION: 10,
    P.CERTIFICATE_CHANGE: 10,
    P.CERTIFICATE_REISSUE: 15,
    P.AUDIT_READING: 0,
    P.LITIGATION_RESTRUCTURE_WRITEOFF: 30,
    P.AUDIT: 10,
    P.LITIGATION: 30,
    P.OTHER: 5,
}
FULFILS: Mapping[A, K] = {  # the kind of request that an act is the end of
    A.CHECK_OUT: K.CHECKOUT,
    A.START_READING: K.READ_ON_SITE,
    A.RELEASE: K.RELEASE,
    A.SUBSTITUTE: K.SUBSTITUTION,
}
LITIGATION = frozenset({P.LITIGATION, P.LITIGATION_RESTRUCTURE_WRITEOFF})


def ranks(tier: Tier, purpose: P | None) -> frozenset[R]:
    """C5: whose approvals a request needs, where the bank has not set it otherwise."""
    needed = {R.CREDIT_DEPT_HEAD} if tier is Tier.SECOND else {R.CREDIT_DEPT_HEAD, R.RISK_HEAD}
    if purpose in (*LITIGATION, P.OTHER, P.SUBSTITUTION):  # of both tiers: C16 lets a hold's own purpose through by no lesser rank
        needed.add(R.VICE_PRESIDENT)
    return frozenset(needed)


RESERVATION_DAYS = "reservation_days"
OPERATION_MINUTES = "operation_minutes"
DESK_WINDOW_DAYS = "desk_window_days"
CASE_DAYS = "case_days"
EXTENSIONS_MAX = "extensions_max"
ELEMENT_DAYS = "element_days"
POSITION_HOURS = "position_hours"
PAYOFF_DAYS = "payoff_days"
COVER_PERCENT = "cover_percent"
CLOSE_MINUTES = "close_of_business_minutes"
TRANSIT_DAYS_IN_TOWN = "transit_days.in_town"
TRANSIT_DAYS_ELSEWHERE = "transit_days.elsewhere"
HANDOVER_LINES_MAX = "handover_lines_max"
EMERGENCY_REVIEW_DAYS = "emergency_review_days"
BEFORE_DUE_DAYS = "overdue_days.before_due"
HOLDER_DAYS = "overdue_days.holder"
HEAD_DAYS = "overdue_days.head"
BLOCK_DAYS = "overdue_days.block"
RECALL_DAYS = "overdue_days.recall"
SEARCH_DAYS = "overdue_days.search"
UNIT_BLOCK_DAYS = "overdue_days.block_unit"
QUEUE_DAYS = "queue_days"
EXPIRING_DAYS = "expiring_days"
COUNT_HOURS = "count_hours"
STOCKTAKE_DAYS = "stocktake_days"
SHORT_TERM_MONTHS = "short_term_months"
RETENTION_YEARS: Mapping[RetentionClass, str] = {
    kept: f"retention_years.{kept.value.lower()}" for kept in (RetentionClass.FIVE_YEARS, RetentionClass.TWENTY_YEARS)
}


class Parameter(NamedTuple):
    """A number that the bank sets for itself: its default and its bounds."""

    default: int
    least: int
    most: int


class Roles(NamedTuple):
    """Roles that the bank sets for itself: the default, those it may choose among, and how many at least."""

    default: frozenset[R]
    allowed: frozenset[R]
    least: int = 1


PARAMETERS: Mapping[str, Parameter] = {
    RESERVATION_DAYS: Parameter(2, 1, 10),  # C20, working days
    OPERATION_MINUTES: Parameter(15, 5, 60),  # C1, how long the seats of an act at the vault may be taken
    DESK_WINDOW_DAYS: Parameter(2, 1, 10),  # the same at a desk, working days
    CASE_DAYS: Parameter(1, 1, 10),  # C43, working days to solve a case
    ELEMENT_DAYS: Parameter(30, 1, 180),  # C29, working days to put a correctable element right
    EXTENSIONS_MAX: Parameter(1, 0, 3),  # C22
    POSITION_HOURS: Parameter(24, 1, 96),  # C53, how old a position may be
    PAYOFF_DAYS: Parameter(10, 0, 30),  # C35, working days until a payoff that is neither cash nor cleared cannot bounce
    COVER_PERCENT: Parameter(120, 100, 300),  # C34, value that stays, of the debt that it must cover
    CLOSE_MINUTES: Parameter(CLOSE_OF_BUSINESS.hour * 60 + CLOSE_OF_BUSINESS.minute, 720, 1439),  # after midnight, for the whole bank
    TRANSIT_DAYS_IN_TOWN: Parameter(1, 0, 5),  # C33, working days
    TRANSIT_DAYS_ELSEWHERE: Parameter(3, 1, 15),  # C33, working days
    HANDOVER_LINES_MAX: Parameter(3000, 1, 3000),  # C30, what two people can count
    EMERGENCY_REVIEW_DAYS: Parameter(1, 1, 5),  # C1, working days until an emergency must be reviewed
    BEFORE_DUE_DAYS: Parameter(1, 0, 10),  # C24, working days before a checkout is due; the others after it
    HOLDER_DAYS: Parameter(1, 1, 30),
    HEAD_DAYS: Parameter(3, 1, 60),
    BLOCK_DAYS: Parameter(5, 1, 60),  # C18, the holder
    RECALL_DAYS: Parameter(10, 1, 90),
    SEARCH_DAYS: Parameter(15, 1, 90),
    UNIT_BLOCK_DAYS: Parameter(15, 1, 90),  # C18, everybody of the holder's unit
    QUEUE_DAYS: Parameter(30, 1, 250),  # working days after which a request that waits lapses
    EXPIRING_DAYS: Parameter(30, 1, 365),  # days before a certificate runs out that its keepers are told
    COUNT_HOURS: Parameter(4, 1, 24),  # C17, how long a cabinet is frozen for its count at most
    SHORT_TERM_MONTHS: Parameter(12, 1, 24),  # C45, up to which term a loan's volume is of the short class
    RETENTION_YEARS[RetentionClass.FIVE_YEARS]: Parameter(5, 5, 19),  # C45, longer than the class says, never shorter
    RETENTION_YEARS[RetentionClass.TWENTY_YEARS]: Parameter(20, 20, 100),
    STOCKTAKE_DAYS: Parameter(183, 15, 366),  # C42, days after which a vault must have been counted again
    **{f"term_days.{purpose.value.lower()}": Parameter(days, 0, 90) for purpose, days in TERM_DAYS.items()},  # C21, working days
}


RANKS = frozenset({R.CREDIT_DEPT_HEAD, R.RISK_HEAD, R.BRANCH_HEAD, R.VICE_PRESIDENT, R.PRESIDENT})  # who may stand in the matrix of C5
OVERRIDERS = frozenset({R.OPS_HEAD, R.RISK_HEAD, R.BRANCH_HEAD, R.VICE_PRESIDENT, R.PRESIDENT})
MATRIX: Mapping[tuple[Tier, P], str] = {
    (tier, purpose): f"approval_ranks.{tier.value.lower()}.{purpose.value.lower()}"
    for (tier, _), purposes in PURPOSES.items()
    for purpose in sorted(purposes)
}
OVERRIDE_ROLES: Mapping[str, frozenset[R]] = {  # C50: the permission of each rule that may be overridden, and of no other
    "C18": frozenset({R.OPS_HEAD, R.BRANCH_HEAD}),
    "C20": frozenset({R.OPS_HEAD, R.BRANCH_HEAD}),
    "C21": frozenset({R.BRANCH_HEAD, R.VICE_PRESIDENT}),
    "C23": frozenset({R.BRANCH_HEAD, R.VICE_PRESIDENT}),
    "C33": frozenset({R.OPS_HEAD, R.VICE_PRESIDENT}),
}
ROLE_PARAMETERS: Mapping[str, Roles] = {
    **{name: Roles(ranks(tier, purpose), RANKS) for (tier, purpose), name in MATRIX.items()},  # C5
    **{f"override_roles.{rule.lower()}": Roles(roles, OVERRIDERS, 0) for rule, roles in OVERRIDE_ROLES.items()},  # C50; none: not at all
}


class Setting(NamedTuple):
    """A value that somebody proposed and somebody else confirmed."""

    name: str
    org: UUID | None
    since: datetime
    value: Any  # an int, or a frozenset of roles
    id: UUID | None = None


def setting_of(row: Mapping[str, Any]) -> Setting | None:
    """A row of `policy_parameters`; None for a parameter that this version does not know."""
    if row["key"] in PARAMETERS:
        value: Any = int(row["value"])
    elif row["key"] in ROLE_PARAMETERS:
        value = frozenset(R(role) for role in json.loads(row["value"]))
    else:
        return None
    return Setting(row["key"], row["org_id"], row["effective_from"], value, row["id"])


@dataclass(frozen=True)  # no slots: what is cached needs a place
class Policy:
    """Working days, Monday to Friday except what `holidays` names, and the parameters as they hold at an instant.

    `used` is what was read of one act's own policy, so that its decision can name the versions (`for_one_act`).
    """

    exceptions: Mapping[date, bool] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    used: dict[tuple[str, UUID | None], tuple[Any, Setting | None]] = field(default_factory=dict, compare=False)

    def for_one_act(self) -> "Policy":
        """The same, with nothing read yet."""
        return replace(self, used={})

    def number(self, name: str, at: datetime, org: UUID | None = None) -> int:
        """The unit's own value before the bank's, the newest that holds already before the default."""
        return int(self._value(name, at, org, PARAMETERS[name].default))

    def greatest(self, name: str, at: datetime) -> int:
        """The greatest value that any unit has, or the bank."""
        return max(self.number(name, at, org) for org in {None, *(s.org for s in self.settings if s.name == name)})

    def roles(self, name: str, at: datetime, org: UUID | None = None) -> frozenset[R]:
        """The same for a list of roles."""
        found: frozenset[R] = self._value(name, at, org, ROLE_PARAMETERS[name].default)
        return found

    def ranks(self, tier: Tier, purpose: P, at: datetime, org: UUID | None) -> frozenset[R]:
        """C5: whose approvals a request needs that was made at that instant; none that could be given for an unknown purpose."""
        name = MATRIX.get((tier, purpose))
        return self.roles(name, at, org) if name else ranks(tier, purpose)

    def overriders(self, rule: str, at: datetime, org: UUID | None) -> frozenset[R]:
        """C50: who may override the rule; nobody where no override exists."""
        return self.roles(f"override_roles.{rule.lower()}", at, org) if rule in OVERRIDE_ROLES else frozenset()

    def _value(self, name: str, at: datetime, org: UUID | None, default: Any) -> Any:
        held = [s for s in self.settings if s.name == name and s.org in (None, org) and s.since <= at]
        newest = max(held, key=lambda s: (s.org is not None, s.since), default=None)
        value = newest.value if newest else default
        self.used[name, newest.id if newest else None] = value, newest
        return value

    def term_days(self, purpose: P, at: datetime, org: UUID | None) -> int:
        """C21: the longest checkout for a purpose, in working days."""
        return self.number(f"term_days.{purpose.value.lower()}", at, org)

    def is_working(self, day: date) -> bool:
        """Whether the bank works on that day, swapped weekends included."""
        return self.exceptions.get(day, day.weekday() < 5)

    def close_of(self, day: date) -> datetime:
        """Close of business of a day, in UTC."""
        midnight = datetime.combine(day, time(0), BANK_ZONE)
        return (midnight + timedelta(minutes=self.number(CLOSE_MINUTES, midnight))).astimezone(UTC)

    def knows(self, day: date) -> bool:
        """Whether the holidays of that year are on record; without them it counts Monday to Friday."""
        return day.year in self.years

    @cached_property
    def years(self) -> frozenset[int]:
        """Years whose holidays are on record."""
        return frozenset(day.year for day in self.exceptions)

    def is_provisional(self, due: datetime) -> bool:
        """Whether a due instant may yet move: the holidays of its year are not on record."""
        return not self.knows(due.astimezone(BANK_ZONE).date())

    def working_day_from(self, at: datetime, days: int) -> datetime:
        """Midnight at which the working day begins that is `days` working days on; back when negative."""
        day, step = at.astimezone(BANK_ZONE).date(), timedelta(days=1 if days > 0 else -1)
        left = abs(days)
        while left:
            day += step
            left -= self.is_working(day)
        return datetime.combine(day, time(0), BANK_ZONE).astimezone(UTC)

    def working_days_after(self, at: datetime, days: int) -> datetime:
        """Close of business, `days` working days on; 0 is the same day."""
        day = at.astimezone(BANK_ZONE).date()
        while days:
            day += timedelta(days=1)
            days -= self.is_working(day)
        return self.close_of(day)
