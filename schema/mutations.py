"""Every act a client may try, composed of one class per noun."""

import strawberry

from schema.administration_mutations import AdministrationMutations
from schema.custody_mutations import CustodyMutations
from schema.disclosure import DisclosureMutations
from schema.export_mutations import ExportMutations
from schema.notice_mutations import NoticeMutations
from schema.registering_mutations import RegisteringMutations
from schema.report_mutations import ReportMutations
from schema.scan_mutations import ScanMutations
from schema.valuing_mutations import ValuingMutations


@strawberry.type(description="Every act a client may try.")
class Mutation(
    CustodyMutations,
    ScanMutations,
    RegisteringMutations,
    ReportMutations,
    DisclosureMutations,
    ExportMutations,
    AdministrationMutations,
    NoticeMutations,
    ValuingMutations,
):
    """All of them."""
