"""The fixed numbers of the demo that examples and documents name."""

LOAN = "QC2024000001"  # both tiers, scans, a report; its volume is approved and waits to be handed out
CONTRACT = "HT2024000001"  # the contract of that loan


def loan_number(index: int) -> str:
    """Business number of the demo's loan, 1 first."""
    return f"QC2024{index:06}"


def contract_number(index: int) -> str:
    """Business number of its loan contract."""
    return f"HT2024{index:06}"
