"""First-tier papers into the vault: what F2 changes."""

from server.custody.acts.change import Detail
from server.custody.writing import Writing
from storage.tables import sealed_envelopes
from storage.terms import Action as A


async def intake(w: Writing) -> Detail:
    """F2: the envelope goes into its slot."""
    for placement in w.ask.placements:
        await w.conn.update(sealed_envelopes, {"id": placement.envelope}, {"location_id": placement.location})
    return {}


CHANGES = {A.INTAKE: intake}
