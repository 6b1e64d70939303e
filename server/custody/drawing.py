"""The state machines of both tiers as Mermaid, drawn from the table that the desk and PostgreSQL read."""

from collections.abc import Iterable

from server.custody.transitions import ENDED, TRANSITIONS
from storage.terms import RecordState as S
from storage.terms import Tier

BIRTHS = {Tier.FIRST: (S.AWAITED, S.PENDING_INTAKE), Tier.SECOND: (S.COLLECTING,)}
CHINESE = {
    S.AWAITED: "待收", S.PENDING_INTAKE: "待入库", S.IN_VAULT: "在库", S.RESERVED: "待出库", S.CHECKED_OUT: "借出", S.RETURN_PENDING: "归还待验",
    S.IN_TRANSIT: "移交在途", S.MISSING: "下落不明", S.LOST: "已报失", S.REPLACED: "已补办/换新", S.RELEASED: "结清退还",
    S.SUBSTITUTED: "置换出库", S.SURRENDERED: "移送司法", S.CLOSED_LOST: "失件结案", S.COLLECTING: "收集", S.SUBMITTED: "待核收", S.FILED: "在架",
    S.READING: "室内查阅", S.CLOSED_VOLUME: "结清立卷", S.ARCHIVED: "档案部门", S.DISPOSAL_PROPOSED: "拟销毁", S.DISPOSAL_APPROVED: "准予销毁",
    S.DESTROYED: "已销毁",
}  # fmt: skip


def edges(tier: Tier) -> dict[tuple[S, S], list[str]]:
    """What leads from one state to another: the row of the specification and the act."""
    found: dict[tuple[S, S], list[str]] = {}
    for t in TRANSITIONS:
        if t.tier is tier and t.start is not t.finish:
            found.setdefault((t.start, t.finish), []).append(f"{t.code} {t.action.value}" if t.code != "–" else t.action.value)
    return found


def diagram(tier: Tier) -> str:
    """A Mermaid state diagram; acts that leave the state as it is are left out."""
    drawn = edges(tier)
    states = dict.fromkeys([*BIRTHS[tier], *(state for pair in drawn for state in pair)])
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.value} {CHINESE[state]}" as {state.value}' for state in states]
    lines += [f"    [*] --> {state.value}" for state in BIRTHS[tier]]
    lines += [f"    {start.value} --> {finish.value}: {_said(acts)}" for (start, finish), acts in drawn.items()]
    lines += [f"    {state.value} --> [*]" for state in states if state in ENDED]
    return "\n".join([*lines, "```"])


def _said(acts: Iterable[str]) -> str:
    return "<br/>".join(dict.fromkeys(acts))
