"""A bank where everybody does anything at any time: each act is done or refused by a rule, and the books stay sound."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from server.custody.desk import Done, Refused
from server.custody.moves import Ask, Inspection
from server.custody.moves.claims import Resolution
from server.custody.moves.letters import BaileeLetter
from server.custody.transitions import after
from server.errors import NotFound
from storage.terms import Action as A
from storage.terms import BaileeKind, ClaimResolution, HoldKind, HoldSubject, Purpose, RecordState, Tier
from tests.harness.books import sound
from tests.harness.world import World

STEPS = [300, pytest.param(5_000, marks=pytest.mark.soak)]
ACTS = (
    A.REQUEST_CHECKOUT, A.REQUEST_READING, A.REQUEST_EXTENSION, A.APPROVE, A.APPROVE, A.APPROVE, A.REJECT, A.CANCEL, A.CHECK_OUT, A.CHECK_OUT,
    A.CONFIRM, A.CONFIRM, A.CONFIRM, A.CONFIRM, A.WITHDRAW, A.START_READING, A.END_READING, A.PRESENT_RETURN, A.ACCEPT_RETURN, A.ACCEPT_RETURN,
    A.REJECT_RETURN, A.PLACE_HOLD, A.LIFT_HOLD, A.REPORT_MISSING, A.REGISTER_BAILEE_LETTER, A.REGISTER_BAILEE_LETTER, A.CLAIM_RETURNED,
    A.RESOLVE_CLAIM, A.RECALL, A.LAPSE,
)  # fmt: skip
PURPOSES = (Purpose.AUDIT, Purpose.AUDIT, Purpose.CERTIFICATE_CHANGE, Purpose.CERTIFICATE_CHANGE, Purpose.OTHER, Purpose.LITIGATION)
RARE = {
    A.CLAIM_RETURNED: 0.7,
    A.PLACE_HOLD: 0.95,
    A.REPORT_MISSING: 0.98,
    A.WITHDRAW: 0.8,
    A.CANCEL: 0.7,
    A.REJECT: 0.8,
    A.REJECT_RETURN: 0.7,
    A.RECALL: 0.7,
    A.LAPSE: 0.5,
}
LIKELY = {  # who does such a thing in a bank; sometimes anybody tries
    A.APPROVE: ("head", "risk", "vice", "manager"), A.REJECT: ("head", "risk"), A.CONFIRM: ("kay", "cody", "clerk", "officer", "legal_two"),
    A.CHECK_OUT: ("kay", "archivist"), A.ACCEPT_RETURN: ("kay", "archivist"), A.REJECT_RETURN: ("cody", "archivist"),
    A.PRESENT_RETURN: ("kay", "archivist"), A.START_READING: ("archivist",), A.END_READING: ("archivist",),
    A.PLACE_HOLD: ("legal", "risk"), A.LIFT_HOLD: ("legal_two", "risk"), A.CANCEL: ("officer",), A.RESOLVE_CLAIM: ("ops", "kay", "archivist"),
    A.RECALL: ("archivist", "head"),
}  # fmt: skip


class Walk:
    """Chooses what somebody tries next, from what is there."""

    def __init__(self, bank: World, r: Random, records: dict[Tier, list[list[UUID]]]) -> None:
        self.bank, self.r, self.records, self.letters = bank, r, records, 0

    async def _one(self, table: str, where: str) -> UUID:
        rows = await self.bank.root.fetch(f"select id from {table} where {where} order by id desc limit 12")  # names of ours
        if not rows:
            raise NotFound
        return UUID(str(self.r.choice(rows)["id"]))

    async def next(self) -> tuple[str, Ask]:
        action = self.r.choice(ACTS)
        while self.r.random() < RARE.get(action, 0):
            action = self.r.choice(ACTS)
        who = self.r.choice(LIKELY.get(action, ("officer",))) if self.r.random() < 0.8 else self.r.choice(sorted(self.bank.people))
        return who, await self._ask(action)

    async def _records(self, action: A) -> list[UUID]:
        """Mostly of a state in which the act makes sense."""
        groups = [g for tier in Tier for g in self.records[tier]]
        if self.r.random() < 0.85:
            rows = await self.bank.root.fetch("select id, tier, state from archive_records where id = any($1)", [g[0] for g in groups])
            fit = {r["id"] for r in rows if after(Tier(r["tier"]), RecordState(r["state"]), action)}
            groups = [g for g in groups if g[0] in fit] or groups
        return self.r.choice(groups)

    async def _ask(self, action: A) -> Ask:
        records = tuple(await self._records(action))
        org = f"org_id = '{self.bank.branches['A'].id}'"
        match action:
            case A.REQUEST_CHECKOUT | A.REQUEST_READING:
                waits = self.r.choice((None, None, True))
                return Ask(action, records=records, purpose=self.r.choice(PURPOSES), reason=self.r.choice((None, "另有说明")), queue=waits)
            case A.REQUEST_EXTENSION:
                return Ask(action, records=records, due_on=self.bank.due(self.r.randint(1, 12)))
            case A.APPROVE | A.REJECT | A.CANCEL:
                return Ask(action, request=await self._one("access_requests", org), reason="理由")
            case A.REGISTER_BAILEE_LETTER:
                self.letters += 1
                day = self.bank.due(0)
                letter = BaileeLetter(f"W{self.bank.tag}{self.letters}", BaileeKind.COURT, "人民法院", day, day)
                return Ask(action, request=await self._one("access_requests", org), detail=letter)
            case A.RESOLVE_CLAIM:
                return Ask(action, records=records, detail=Resolution(self.r.choice(list(ClaimResolution)), "已核实"))
            case A.CHECK_OUT | A.START_READING:
                ready = self.r.choice(("state = 'APPROVED'", "true"))
                return Ask(
                    action, request=await self._one("access_requests", f"{org} and {ready}"), due_on=self.bank.due(self.r.randint(0, 9))
                )
            case A.CONFIRM | A.WITHDRAW:
                return Ask(action, operation=await self._one("operations", org))
            case A.PRESENT_RETURN:
                return Ask(action, records=records, brought_by=self.bank.people[self.r.choice(("officer", "officer", "legal"))].staff_id)
            case A.ACCEPT_RETURN | A.REJECT_RETURN:
                found = tuple(self._look(r, action is A.ACCEPT_RETURN) for r in records)
                return Ask(action, records=records, inspections=found)
            case A.PLACE_HOLD:
                kind = self.r.choice(list(HoldKind))
                return Ask(action, hold_kind=kind, subject_kind=HoldSubject.RECORD, subject=records[0], reason="冻结")
            case A.LIFT_HOLD:
                return Ask(action, hold=await self._one("holds", org), reason="解除")
        return Ask(action, records=records, reason="不见了")

    def _look(self, record: UUID, fine: bool) -> Inspection:
        right = fine if self.r.random() < 0.9 else not fine
        return Inspection(record, right, True, True, True, True, 1, None if right else "号码不符", not right and self.r.random() < 0.1)


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_anybody_tries_the_books_stay_sound(bank: World, root: Any, steps: int, seed: int) -> None:
    records = {Tier.FIRST: [await bank.papers(n) for n in (1, 1, 2)], Tier.SECOND: [await bank.volumes() for _ in range(4)]}
    walk, done, refused = Walk(bank, Random(seed), records), Counter[str](), Counter[str]()
    taken = 0
    while taken < steps or len(done) < 8 or len(refused) < 8:  # what a day admits differs: due days fall on weekends
        taken += 1
        assert taken <= 10 * steps, (done, refused)
        if walk.r.random() < 0.05:
            bank.later(hours=walk.r.choice((1, 20, 80)))
        try:
            who, ask = await walk.next()
            told = await bank.desk.explain(bank.people[who], ask)
            answer = await bank.does(who, ask)
        except NotFound:
            continue
        if isinstance(answer, Done):
            assert told.allowed, (who, ask)
            done[ask.action] += 1
        else:
            assert isinstance(answer, Refused) and not told.allowed, (who, ask)
            refused.update({v.code for v in answer.violations})
    await sound(root)
    assert bank.desk.shift >= timedelta()
