"""Places at which a test or drill may cut the power: LOANFILE_FAILPOINT names one and how often it fires.

`LOANFILE_FAILPOINT=after_commit:0.05` raises at that place in one of twenty passes. The settings refuse it in production.
"""

import os
import random


class FailpointReached(BaseException):
    """The answer is lost; what was committed stays committed. Not an Exception: nothing may catch and mend it."""


def reach(name: str) -> None:
    """Raises when this failpoint is set and its dice fall."""
    wanted, _, share = os.environ.get("LOANFILE_FAILPOINT", "").partition(":")
    if wanted == name and random.random() < float(share or "1"):  # noqa: S311  # no secret depends on it
        raise FailpointReached(name)
