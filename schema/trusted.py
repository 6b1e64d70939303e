"""Documents that the bank's own clients were built with, known by their SHA-256; in production nothing else is answered."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from server.context import Context
from server.errors import BadRequest, Forbidden
from server.settings import SettingsError

PREFIX = "sha256:"


def read_manifest(path: Path | None) -> dict[str, str]:
    """Digest to document; SettingsError for a file that is no manifest, or a digest that is not its document's."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"LOANFILE_TRUSTED_DOCUMENTS: {path} is not a manifest: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise SettingsError(f"LOANFILE_TRUSTED_DOCUMENTS: {path} is not an object of digest to document")
    made = {str(digest).removeprefix(PREFIX).lower(): str(text) for digest, text in found.items()}
    for digest, text in made.items():
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            raise SettingsError(f"LOANFILE_TRUSTED_DOCUMENTS: {digest} is not the SHA-256 of its document")
    return made


class TrustedDocuments:
    """Which text a request is answered for."""

    def __init__(self, manifest: Mapping[str, str]) -> None:
        self.manifest, self.texts = manifest, frozenset(manifest.values())

    def text(self, body: Mapping[str, Any], context: Context) -> str:
        """The document of a request, by digest or as it stands; raises BadRequest or Forbidden."""
        digest, query = _digest(body), body.get("query")
        if digest is not None:
            known = self.manifest.get(digest)
            if known is None or (query is not None and query != known):
                raise BadRequest("No trusted document has this digest.")
            return known
        if not isinstance(query, str) or not query.strip():
            raise BadRequest("`query` is a string and must not be empty.")
        settings = context.settings
        if settings.production and query not in self.texts and not settings.adhoc_roles & context.principal.roles:
            raise Forbidden("Only trusted documents are answered.")
        return query


def _digest(body: Mapping[str, Any]) -> str | None:
    """`documentId: "sha256:…"`, or the older `extensions.persistedQuery.sha256Hash`."""
    given = body.get("documentId")
    if given is None and isinstance(extensions := body.get("extensions"), dict):
        persisted = extensions.get("persistedQuery")
        given = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if given is None:
        return None
    if not isinstance(given, str):
        raise BadRequest("`documentId` is a string.")
    return given.removeprefix(PREFIX).lower()
