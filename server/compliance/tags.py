"""The closed list of event tags: subject:action:outcome."""

from enum import StrEnum


class Tag(StrEnum):
    """What an event says; a new kind of change adds a member here."""

    LOAN_REGISTERED = "loan:register:done"
    LOAN_CHANGED = "loan:change:done"
    POSITION_POSTED = "loan:post_position:done"
    CUSTOMER_REGISTERED = "customer:register:done"
    CONTRACT_REGISTERED = "contract:register:done"
    COLLATERAL_REGISTERED = "collateral:register:done"
    CERTIFICATE_REGISTERED = "certificate:register:done"
    ORG_UNIT_CREATED = "org_unit:create:done"
