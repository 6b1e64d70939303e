"""Policy parameters and the working calendar: defaults of domain section 4, and due instants in the bank's own time.

Every number here is a default; the versioned rows of `policy_parameters` take its place with the custody desk complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.terms import Purpose as P
from storage.terms import Role as R
from storage.terms import Tier

BANK_ZONE = ZoneInfo("Asia/Shanghai")
CLOSE_OF_BUSINESS = time(17, 30)
RESERVATION_DAYS = 2
OPERATION_WINDOW = timedelta(minutes=15)
DESK_WINDOW_DAYS = 2
CASE_DAYS = 1
EXTENSIONS_MAX = 1

PURPOSES: Mapping[Tier, frozenset[P]] = {
    Tier.FIRST: frozenset(
        {
            P.EXTENSION_REREGISTRATION,
            P.CERTIFICATE_CHANGE,
            P.AUDIT_READING,
            P.LITIGATION_RESTRUCTURE_WRITEOFF,
            P.CERTIFICATE_REISSUE,
            P.OTHER,
        }
    ),
    Tier.SECOND: frozenset({P.AUDIT, P.LITIGATION, P.OTHER}),
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
LITIGATION = frozenset({P.LITIGATION, P.LITIGATION_RESTRUCTURE_WRITEOFF})


def ranks(tier: Tier, purpose: P | None) -> frozenset[R]:
    """C5: whose approvals a request needs."""
    needed = {R.CREDIT_DEPT_HEAD} if tier is Tier.SECOND else {R.CREDIT_DEPT_HEAD, R.RISK_HEAD}
    if purpose in (P.LITIGATION_RESTRUCTURE_WRITEOFF, P.OTHER):
        needed.add(R.VICE_PRESIDENT)
    return frozenset(needed)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days: Monday to Friday, except the days that `holidays` names."""

    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Whether the bank works on that day, swapped weekends included."""
        return self.exceptions.get(day, day.weekday() < 5)

    def close_of(self, day: date) -> datetime:
        """Close of business of a day, in UTC."""
        return datetime.combine(day, CLOSE_OF_BUSINESS, BANK_ZONE).astimezone(UTC)

    def working_days_after(self, at: datetime, days: int) -> datetime:
        """Close of business, `days` working days on; 0 is the same day."""
        day = at.astimezone(BANK_ZONE).date()
        while days:
            day += timedelta(days=1)
            days -= self.is_working(day)
        return self.close_of(day)
