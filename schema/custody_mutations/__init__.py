"""The acts of the custody desk, a file for each part of it."""

import strawberry

from schema.custody_mutations.acting import ASKABLE, ActPayload, act, field, payload_of
from schema.custody_mutations.batches import BatchMutations
from schema.custody_mutations.certificates import CertificateMutations
from schema.custody_mutations.contracts import ContractMutations
from schema.custody_mutations.corrections import CorrectionMutations
from schema.custody_mutations.desk import DeskMutations
from schema.custody_mutations.envelopes import EnvelopeMutations
from schema.custody_mutations.handovers import HandoverMutations
from schema.custody_mutations.holds import HoldMutations
from schema.custody_mutations.labels import LabelMutations
from schema.custody_mutations.losses import LossMutations
from schema.custody_mutations.overdue import OverdueMutations
from schema.custody_mutations.papers import IntakeMutations
from schema.custody_mutations.positions import PositionMutations
from schema.custody_mutations.registers import RegisterMutations
from schema.custody_mutations.release import ReleaseMutations
from schema.custody_mutations.requests import RequestMutations
from schema.custody_mutations.stocktakes import StocktakeMutations
from schema.custody_mutations.volumes import VolumeMutations


@strawberry.type
class CustodyMutations(
    CorrectionMutations,
    ContractMutations,
    RequestMutations,
    DeskMutations,
    HoldMutations,
    LossMutations,
    HandoverMutations,
    OverdueMutations,
    BatchMutations,
    StocktakeMutations,
    IntakeMutations,
    EnvelopeMutations,
    CertificateMutations,
    RegisterMutations,
    ReleaseMutations,
    PositionMutations,
    LabelMutations,
    VolumeMutations,
):
    """All of them."""


__all__ = ["ASKABLE", "ActPayload", "CustodyMutations", "act", "field", "payload_of"]
