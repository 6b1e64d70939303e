"""Signed notes (C2SP signed-note, Ed25519) and the checkpoints that are written in them (C2SP tlog-checkpoint)."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"


class BadNote(ValueError):
    """It is not a note of this key, or not a checkpoint."""


@dataclass(frozen=True)
class Key:
    """What a ledger signs with, under its name."""

    name: str
    seed: bytes

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        """Thirty-two bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        """Four bytes that stand before each signature."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def verifier(self) -> str:
        """The public key as the signed-note format writes it; auditors keep it."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    def signed(self, text: str) -> str:
        """The note: the text, which ends with a line break, an empty line and the signature."""
        signature = base64.b64encode(self.id + self._private.sign(text.encode())).decode()
        return f"{text}\n\N{EM DASH} {self.name} {signature}\n"

    def opened(self, note: str) -> str:
        """The text of a note that this key has signed; BadNote when it has not."""
        text, _, signatures = note.rpartition("\n\n")
        for line in signatures.splitlines():
            try:
                dash, name, encoded = line.split(" ")
                raw = base64.b64decode(encoded, validate=True)
                if (dash, name, raw[:4]) == ("\N{EM DASH}", self.name, self.id):
                    Ed25519PublicKey.from_public_bytes(self.public).verify(raw[4:], f"{text}\n".encode())
                    return f"{text}\n"
            except (InvalidSignature, ValueError):
                break
        raise BadNote("the note is not signed by the key of the ledger")


@dataclass(frozen=True)
class Checkpoint:
    """A size of the tree and its root, numbered, at a time."""

    origin: str
    number: int
    size: int
    root: bytes
    at: datetime

    def text(self) -> str:
        """Origin, size and root, then the extension lines: number and time."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\nnumber {self.number}\ntime {at}\n"
