"""How sure a sample makes us: the exact upper bound of Clopper and Pearson, of one side. Pure."""

import math

CONFIDENCE = 0.95
STEPS = 200  # halvings: far below what a float tells apart


def share_at_most(bad: int, checked: int, confidence: float = CONFIDENCE) -> float | None:
    """The largest share of bad ones that would still show as few as these in so many, once in twenty; none without a check.

    It takes each check for a draw from all copies, alike and independent; that the copies are a limited number, which would make it
    smaller, is not counted.
    """
    if not 0 <= bad <= checked:
        raise ValueError("of those checked, some are bad")
    if checked == 0:
        return None
    if bad == checked:
        return 1.0
    low, high = bad / checked, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if _at_most(bad, checked, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(bad: int, checked: int, share: float) -> float:
    """The chance of no more than so many bad ones."""
    if not 0 < share < 1:
        return 1.0 if share <= 0 else 0.0
    right, wrong, whole = math.log1p(-share), math.log(share), math.lgamma(checked + 1)
    return math.fsum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(checked - k + 1) + k * wrong + (checked - k) * right) for k in range(bad + 1)
    )
