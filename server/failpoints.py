"""Places at which a test or drill may cut the power: LOANFILE_FAILPOINT names one and how often it fires.

`LOANFILE_FAILPOINT=after_commit:0.05` raises at that place in one of twenty passes, `scan_promoted:die` ends the process there, as a
power cut would. The settings refuse it in production.
"""

import os
import random

DIE, DEAD = "die", 86  # the word, and the status of the process
DICE = random.Random(1)  # noqa: S311  # of each process the same throws: no drill passes because nothing ever fell


class FailpointReached(BaseException):
    """The answer is lost; what was committed stays committed. Not an Exception: nothing may catch and mend it."""


def reach(name: str) -> None:
    """Raises when this failpoint is set and its dice fall, or ends the process."""
    wanted, _, share = os.environ.get("LOANFILE_FAILPOINT", "").partition(":")
    if wanted == name and share == DIE:
        os._exit(DEAD)
    if wanted == name and DICE.random() < float(share or "1"):
        raise FailpointReached(name)
