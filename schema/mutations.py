"""Every act a client may try, composed of one class per noun."""

import strawberry

from schema.administration_mutations import AdministrationMutations
from schema.custody_mutations import CustodyMutations
from schema.disclosure import DisclosureMutations
from schema.notice_mutations import NoticeMutations
from schema.paper_mutations import PaperMutations


@strawberry.type(description="Every act a client may try.")
class Mutation(CustodyMutations, PaperMutations, DisclosureMutations, AdministrationMutations, NoticeMutations):
    """All of them."""
