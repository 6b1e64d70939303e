"""What may go wrong with the object store.

RuntimeError
    ├── ObjectStoreDown   it does not answer, or answers nonsense
│   └── OutOfTime     it answers, or may yet, too slowly for the deadline
└── LockNotProven     it lets go of what it should keep
"""

from botocore.exceptions import ClientError

MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})
EXISTS = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})


class ObjectStoreDown(RuntimeError):
    """The store does not answer, or answers nonsense; trying again may help."""


class OutOfTime(ObjectStoreDown):
    """The deadline ended first; a store that says nothing at all is found by its silence, before."""


class LockNotProven(RuntimeError):
    """The locked bucket lets go of what it should keep."""


def code(error: ClientError) -> str:
    """The store's own word for it."""
    return str(error.response.get("Error", {}).get("Code", ""))


def reason(error: Exception) -> str:
    """A short reason without addresses or signatures."""
    return code(error) if isinstance(error, ClientError) else type(error).__name__


def answered(error: ClientError) -> bool:
    """Whether the store works and refuses, rather than failing itself."""
    return 400 <= int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) < 500
