"""Personal data: identity number, phone and address are kept as ciphertext, blind index and a masked text.

AES-256-GCM with the place of the value (table|column|id) as associated data, so that a ciphertext moved to another row
does not open. One data key per epoch stands in the database, wrapped by the key of the settings. The blind index is an
HMAC-SHA-256 under a key of its own: equal values are found without being read.
"""

import hmac
import json
import os
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from server.errors import LoanfileError
from server.settings import DEVELOPMENT_KEY, Settings
from storage.database import Connection
from storage.tables import data_keys

NONCE_BYTES = 12
KEY_BYTES = 32
FIRST_EPOCH = 1
DATA_KEYS = select(data_keys.c.epoch, data_keys.c.wrapped).order_by(data_keys.c.epoch)
FIRST_KEY = (
    insert(data_keys)
    .values({"epoch": FIRST_EPOCH, "wrapped": bindparam("wrapped", type_=data_keys.c.wrapped.type, required=True)})
    .on_conflict_do_nothing()
)
SPACES = re.compile(r"[\s\-()（）]+")
IDENTITY_PATTERN = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])|(?<![0-9A-Za-z])\d{15}(?![0-9A-Za-z])", re.ASCII)
PHONE_PATTERN = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])", re.ASCII)


class WrongKey(LoanfileError):
    """The key of the settings does not open what another key closed."""


class Kind(StrEnum):
    """What a blind index is of: the same digits as phone and as identity number give different indexes."""

    IDENTITY = "identity"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The two keys of the settings."""

    wrapping: bytes
    index: bytes

    @classmethod
    def of(cls, settings: Settings) -> "Keys":
        """Those that were set; else those that the embedded home made for itself; else the development keys."""
        kept: dict[str, str] = {}
        secrets = settings.home / "secrets.json"
        if settings.database_url is None and secrets.exists():
            kept = json.loads(secrets.read_text("utf-8"))

        def key(name: str, given: str) -> bytes:
            return bytes.fromhex(kept.get(name, given) if given == DEVELOPMENT_KEY else given)

        return cls(
            key("data_key", settings.data_key.get_secret_value()), key("blind_index_key", settings.blind_index_key.get_secret_value())
        )


@dataclass(frozen=True, slots=True, repr=False)
class Personal:
    """Closes, opens, finds. Made by `load`."""

    index_key: bytes
    ciphers: dict[int, AESGCM] = field(default_factory=dict)
    epoch: int = FIRST_EPOCH

    @classmethod
    async def load(cls, conn: Connection, keys: Keys) -> "Personal":
        """Reads the data keys, making the first; WrongKey when the settings' key does not open them."""
        rows = await conn.rows(DATA_KEYS)
        if not rows:
            await conn.run(FIRST_KEY, wrapped=wrap(keys.wrapping, FIRST_EPOCH, os.urandom(KEY_BYTES)))
            rows = await conn.rows(DATA_KEYS)  # another process may have been first
        ciphers = {row["epoch"]: AESGCM(_unwrap(keys.wrapping, row["epoch"], bytes(row["wrapped"]))) for row in rows}
        return cls(keys.index, ciphers, max(ciphers))

    def seal(self, column: str, row: UUID, text: str, *, table: str = "customers") -> bytes:
        """Nonce and ciphertext under the newest data key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.ciphers[self.epoch].encrypt(nonce, text.encode(), f"{table}|{column}|{row}".encode())

    def open(self, column: str, row: UUID, sealed: bytes, epoch: int, *, table: str = "customers") -> str:
        """The text; WrongKey when the key is another, or the bytes were changed or belong to another place."""
        try:
            place = f"{table}|{column}|{row}".encode()
            return self.ciphers[epoch].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place).decode()
        except (InvalidTag, KeyError, ValueError):
            raise WrongKey(f"{table}.{column} of {row} does not open") from None

    def index(self, kind: Kind, text: str) -> bytes:
        """The blind index: equal for texts that differ only in spaces, hyphens, width or case."""
        return hmac.digest(self.index_key, f"{kind}\0{normal(text)}".encode(), "sha256")


def normal(text: str) -> str:
    """Half width, upper case, without spaces, hyphens and brackets."""
    return SPACES.sub("", unicodedata.normalize("NFKC", text)).upper()


def mask_identity(text: str) -> str:
    """The first four and the last two characters; short ones show the last two alone."""
    plain = normal(text)
    shown = 4 if len(plain) >= 10 else 0
    return plain[:shown] + "*" * max(len(plain) - shown - 2, 4) + plain[-2:] if len(plain) > 4 else "****"


def mask_phone(text: str) -> str:
    """The first three and the last four digits."""
    plain = normal(text).removeprefix("+86")
    return f"{plain[:3]}****{plain[-4:]}" if len(plain) >= 10 else "****"


def mask_address(district: str) -> str:
    """The district alone."""
    return f"{district}****"


def redact(text: str) -> str:
    """Free text with identity and phone numbers masked: nobody should write them there, some will."""
    without = IDENTITY_PATTERN.sub(lambda found: mask_identity(found[0]), text)
    return PHONE_PATTERN.sub(lambda found: mask_phone(found[0]), without)


def wrap(wrapping: bytes, epoch: int, key: bytes) -> bytes:
    """A data key as it stands in the database."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(wrapping).encrypt(nonce, key, f"data_keys|wrapped|{epoch}".encode())


def rewrapped(previous: bytes, wrapping: bytes, epoch: int, wrapped: bytes) -> bytes:
    """The same data key under another key of the settings; one that is under it already stays. WrongKey for a third."""
    try:
        _unwrap(wrapping, epoch, wrapped)
    except WrongKey:
        return wrap(wrapping, epoch, _unwrap(previous, epoch, wrapped))
    return wrapped


def _unwrap(wrapping: bytes, epoch: int, wrapped: bytes) -> bytes:
    try:
        return AESGCM(wrapping).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], f"data_keys|wrapped|{epoch}".encode())
    except (InvalidTag, ValueError):
        raise WrongKey(f"LOANFILE_DATA_KEY does not open the data key of epoch {epoch}") from None
