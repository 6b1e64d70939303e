"""Errors that a caller can do something about. Everything else is a bug: logged with the request id, masked on the wire.

LoanfileError
 ├─ ApiError            travels as a top-level GraphQL error with a code
 │   ├─ Unauthenticated  Forbidden  Throttled  BadRequest  Unavailable  Internal
 └─ Problem             travels as a member of a mutation's result union
     ├─ NotFound  InvalidInput  VersionConflict  IdempotencyConflict
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class LoanfileError(Exception):
    """Root of the tree."""


class ApiError(LoanfileError):
    """A top-level error: its code is one of a closed list."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    retry_after_seconds: int | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthenticated(ApiError):
    """No valid token of an active member of staff."""

    code, status = "UNAUTHENTICATED", 401


class Forbidden(ApiError):
    """The caller's roles do not admit the field."""

    code, status = "FORBIDDEN", 403


class Throttled(ApiError):
    """Too much at once; try again after a while."""

    code, status, retryable = "THROTTLED", 429, True

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class BadRequest(ApiError):
    """The document or an argument of a query is wrong."""

    code, status = "BAD_REQUEST", 400


class Unavailable(ApiError):
    """A part is down: PostgreSQL, the object store, the check of documents. Nothing was changed."""

    code, status, retryable, retry_after_seconds = "UNAVAILABLE", 503, True, 2


class Internal(ApiError):
    """A bug; the request id finds it in the log."""


class Problem(LoanfileError):
    """An expected failure of a mutation; the code is the type's name."""


# Whether and when a refused act is worth another try, by the code of its problem.
RETRIES = {
    "CUSTODY_VIOLATION": "after the remedy of each violation, or from `earliestAt`; with the same key",
    "INVALID_INPUT": "when the paths it names are corrected; with the same key",
    "NOT_FOUND": "never",
    "VERSION_CONFLICT": "at once, when the person has seen the thing anew; with the same key and the `currentVersion`",
    "IDEMPOTENCY_CONFLICT": "never with this key: it was spent on another input",
}


class NotFound(Problem):
    """No such thing, or not visible to the caller: the two look the same."""


class InputProblem(NamedTuple):
    """One thing that is wrong with an input, and whose it is where that is told."""

    path: tuple[str, ...]
    code: str
    names: tuple[str, ...] = ()


class InvalidInput(Problem):
    """The input is wrong, by path; the words for each code stand in the catalogue."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        super().__init__(", ".join(f"{'.'.join(p.path)}: {p.code}" for p in problems))
        self.problems = tuple(problems)


class VersionConflict(Problem):
    """The version given is stale."""

    def __init__(self, current_version: int) -> None:
        super().__init__(f"current version is {current_version}")
        self.current_version = current_version


class IdempotencyConflict(Problem):
    """The key was spent on another input."""
