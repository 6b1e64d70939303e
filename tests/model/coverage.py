"""What was reached: transitions taken, rules broken alone. Printed at the end; the soak is red when something was not."""

from collections import Counter
from dataclasses import dataclass, field

from server.custody.rules import RULES
from server.custody.rules.table import by_construction
from server.custody.transitions import TRANSITIONS

TIMES = 5
# Rules that no caller can break alone, with the reason.
NEVER_ALONE: dict[str, str] = {
    "the last return is closed": "what was returned has gone out before (ck_movements_*): C14's open checkout says no with it",
    "nobody seated has KEY and CODE duty for one vault": "ex_keeper_duties_c2_one_seat_per_keeper: not even a superuser can write such duties",
    "the record arrives as it was sent": "server.custody.handing chooses the act by how the line stood: a client names lines, never the act",
}
BREAKABLE = [r for r in RULES if r.holds is not by_construction and r.sentence not in NEVER_ALONE]
BIRTHS = {("F0", "FIRST", "EXPECT_PAPER"), ("F1", "FIRST", "REGISTER_FIRST_TIER"), ("S1", "SECOND", "REGISTER_SECOND_TIER")}
# Transitions that no play brings about, with the reason.
NEVER_TAKEN: dict[tuple[str, str, str], str] = {
    ("SECOND", "DISPOSAL_APPROVED", "EXECUTE_DISPOSAL"): "told beforehand by explainCustody; no mutation destroys anything yet",
}


@dataclass
class Coverage:
    """Counted over all banks of a run."""

    transitions: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    acts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by tier
    alone: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)  # spoils that broke something else than they meant
    played: Counter[str] = field(default_factory=Counter)
    tried: Counter[tuple[str, str]] = field(default_factory=Counter)  # spoils, by play and sentence
    forbidden: int = 0
    foretold: int = 0  # acts explained for a later instant, and again when it had come
    steps: int = 0

    def transitions_left(self) -> list[str]:
        wanted = [t for t in TRANSITIONS if t.start is not t.finish]
        return sorted(
            f"{t.code} {t.tier.value} {t.start.value} {t.action.value} {t.finish.value}: {n}"
            for t in wanted
            if (t.tier.value, t.start.value, t.action.value) not in NEVER_TAKEN
            and (n := self.transitions[t.tier.value, t.start.value, t.action.value, t.finish.value]) < TIMES
        )

    def acts_left(self) -> list[str]:
        """Rows of domain section 3 that leave the state as it is, or bring a record about: by act, in whatever state."""
        stays = [t for t in TRANSITIONS if t.start is t.finish and t.code not in ("–", "F4", "S4")]
        wanted = {(t.code, t.tier.value, t.action.value) for t in stays} | BIRTHS
        return sorted(f"{code} {tier} {act}: {n}" for code, tier, act in wanted if (n := self.acts[tier, act]) < TIMES)

    def rules_left(self) -> list[str]:
        return sorted(f"{r.number} {r.code} ({r.sentence}): {n}" for r in BREAKABLE if (n := self.alone[r.sentence]) < TIMES)

    def told(self) -> str:
        taken = sum(t.start is not t.finish for t in TRANSITIONS) - len(self.transitions_left()) - len(NEVER_TAKEN)
        lines = [
            f"model: steps={self.steps} transitions={taken} alone={len(BREAKABLE) - len(self.rules_left())}/{len(BREAKABLE)} of {len(RULES)} acts={len(self.acts)} foretold={self.foretold}"
        ]
        lines += [f"  transition below {TIMES}: {line}" for line in self.transitions_left()]
        lines += [f"  act below {TIMES}: {line}" for line in self.acts_left()]
        lines += [f"  rule alone below {TIMES}: {line}" for line in self.rules_left()]
        lines += [f"  spoil missed {n}×: {what}" for what, n in self.missed.most_common(20)]
        return "\n".join(lines)
