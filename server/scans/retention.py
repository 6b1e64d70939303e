"""By the S3 note of domain section 4: until when the bytes of a scan are locked, and whether a legal hold lies on them.

A compliance lock cannot be shortened, so it is set no further than is sure: until the loan matures, five years at most, then year by
year while the loan lives. The final date is set when the settlement is final; a payoff that bounces sets nothing. Until the cutoff a
legal hold lies on them too, and after it whenever the record is held (C16). Longer, never shorter. Pure.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from server.custody.facts.volumes import keep_until
from storage.terms import RetentionClass

LOCK_YEARS = 5
YEAR = timedelta(days=365)
MARGIN = timedelta(days=90)  # the lock of a living loan is extended this long before it ends: a job that is down for weeks loses nothing


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a scan is kept; what nothing is known of is kept on."""

    matures_on: date | None = None
    final_at: datetime | None = None  # when every loan on the record has ended for good
    cutoff_at: datetime | None = None
    retention: RetentionClass | None = None
    on_hold: bool = False


@dataclass(frozen=True, slots=True)
class Lock:
    """Until when, and whether a legal hold lies on it."""

    until: datetime
    hold: bool


def lock_until(matures_on: date | None, at: datetime) -> datetime:
    """At the upload: COMPLIANCE until maturity, at most five years on, at least a day."""
    latest = at + LOCK_YEARS * YEAR
    wanted = min(_instant(matures_on), latest) if matures_on else latest
    return max(wanted, at + timedelta(days=1)).replace(microsecond=0)


def is_ours(seen: Lock | None, was: Lock, due: Lock) -> bool:
    """Whether a lock that was read is the one we left, or one on its way to what is due: a run may be cut between store and row."""
    return seen is not None and was.until <= seen.until <= due.until and seen.hold in (was.hold, due.hold)


def schedule(terms: Terms, now: Lock, at: datetime) -> Lock:
    """What is due, given what there is."""
    ended = terms.final_at is not None and terms.final_at <= at and terms.cutoff_at is not None
    kept = keep_until(terms.cutoff_at, terms.retention) if ended and terms.retention else None
    if kept is not None and terms.cutoff_at is not None:
        until = kept if kept > at else now.until  # a time that has run out locks nothing any more
        return Lock(max(now.until, until), terms.on_hold or at < terms.cutoff_at)
    return Lock(now.until if now.until >= at + MARGIN else max(now.until, _extended(terms.matures_on, at)), hold=True)


def _extended(matures_on: date | None, at: datetime) -> datetime:
    """By a year, or until a later maturity, at most five years on."""
    wanted = max(_instant(matures_on), at + YEAR) if matures_on else at + YEAR
    return min(wanted, at + LOCK_YEARS * YEAR).replace(microsecond=0)


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)
