"""Which slot an envelope has, and when (I3): an envelope keeps its slot while one of its papers is in the vault or may come back into
it (lent, returned and not yet looked at, missing, lost), and has none else; and what enters names a right one, or is told so at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from server.custody.desk import Refused
from server.custody.moves import Ask, Placement
from server.custody.moves.certificates import Change, ChangedReturn
from server.custody.moves.papers import CertificateData
from storage.terms import Action as A
from storage.terms import CertificateKind
from tests.custody.chapters.stocktakes import electronic_certificate
from tests.custody.handing import sent
from tests.harness.losses import certificate, found, in_vault, lost, missing, paid_off, reissued
from tests.harness.world import World

KEEPERS = ("kay", "cody", "clerk")


async def slot_of(bank: World, record: UUID) -> UUID | None:
    kept = "select e.location_id from sealed_envelopes e join archive_records r on r.envelope_id = e.id where r.id = $1"
    slot: UUID | None = await bank.sql(kept, record)
    return slot


async def envelope_of(bank: World, record: UUID) -> UUID:
    return UUID(str(await bank.sql("select envelope_id from archive_records where id = $1", record)))


async def told(bank: World, ask: Ask, people: Sequence[str] = KEEPERS) -> list[tuple[str, str]]:
    """What the first is told of it; explain says the same, and where it says nothing the last seat says nothing else."""
    explained = await bank.desk.explain(bank.people[people[0]], ask)
    answer = await bank.does(people[0], ask)
    if isinstance(answer, Refused):
        assert not explained.allowed
        return list(dict.fromkeys((v.rule, v.code) for v in answer.violations))
    assert explained.allowed
    for who in people[1:]:
        await bank.done(who, Ask(A.CONFIRM, operation=UUID(answer.outcome["operation"])))
    return []


async def test_what_was_reissued_enters_in_an_envelope_and_a_slot_of_its_vault(bank: World) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    old = await in_vault(bank, loan, asset)
    slot = await slot_of(bank, old)
    await lost(bank, old)
    assert await slot_of(bank, old) == slot  # it is not given up yet
    new, envelope = await certificate(bank, loan, asset)
    ask = await reissued(bank, old, new, envelope)
    for place in (await bank.slot("B"), bank.branches["A"].cabinet, slot):
        assert place is not None
        assert await told(bank, replace(ask, placements=(Placement(envelope, place),))) == [("C8", "SLOT_INVALID")]
    assert await told(bank, replace(ask, placements=())) == [("C8", "SLOT_INVALID")]
    assert await told(bank, ask) == []
    assert await slot_of(bank, old) is None and await slot_of(bank, new) == ask.placements[0].location


async def test_what_was_reissued_is_sealed_first(bank: World) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    old = await in_vault(bank, loan, asset)
    await lost(bank, old)
    new, envelope = await certificate(bank, loan, asset)
    await bank.past_the_triggers(f"update archive_records set envelope_id = null where id = '{new}'")
    ask = replace(await reissued(bank, old, new, envelope), placements=())
    assert await told(bank, ask) == [("C7", "SEAL_NUMBER_INVALID")]


async def test_what_is_found_goes_into_its_own_slot_and_into_no_other(bank: World) -> None:
    (paper,) = await bank.papers()
    await bank.out([paper])
    await missing(bank, paper)
    mine, envelope = await slot_of(bank, paper), await envelope_of(bank, paper)
    assert mine is not None
    for place in (await bank.slot("B"), bank.branches["A"].cabinet, await bank.slot()):
        wrong = replace(found(bank, paper), placements=(Placement(envelope, place),))
        assert await told(bank, wrong) == [("C8", "SLOT_KEPT")]
    assert await told(bank, replace(found(bank, paper), placements=(Placement(envelope, mine),))) == []
    assert await slot_of(bank, paper) == mine


async def test_what_was_on_its_way_is_found_and_gets_a_slot(bank: World) -> None:
    (paper,), (other,) = await bank.papers(), await bank.papers()
    await sent(bank, [paper])
    await missing(bank, paper)
    envelope, full = await envelope_of(bank, paper), await slot_of(bank, other)
    assert await slot_of(bank, paper) is None and full is not None
    for place in (await bank.slot("B"), bank.branches["A"].cabinet, full):
        wrong = replace(found(bank, paper), placements=(Placement(envelope, place),))
        assert await told(bank, wrong) == [("C8", "SLOT_INVALID")]
    assert await told(bank, found(bank, paper)) == [("C8", "SLOT_INVALID")]
    assert await told(bank, replace(found(bank, paper), placements=(Placement(envelope, await bank.slot()),))) == []


@pytest.mark.parametrize("sealed", [False, True])
async def test_what_was_missed_before_it_entered_waits_again_when_it_is_found(bank: World, sealed: bool) -> None:
    paper = (await bank.registered())[0][0] if sealed else (await bank.unsealed())[0]
    await missing(bank, paper)
    if sealed:
        early = replace(found(bank, paper), placements=(Placement(await envelope_of(bank, paper), await bank.slot()),))
        assert await told(bank, early) == [("C8", "SLOT_KEPT")]
    assert await told(bank, found(bank, paper)) == []
    assert await bank.state(paper) == "PENDING_INTAKE"
    assert await bank.sql("select count(*) from off_balance_entries where record_id = $1", paper) == 0
    await bank.done("clerk", Ask(A.REPORT_MISSING, records=(paper,), reason="又未见"))  # and can be missed again


async def test_the_slot_is_free_when_the_last_paper_of_the_envelope_is_given_up(bank: World) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    one, two = await bank.papers(2, loan=loan, collateral=asset)
    slot = await slot_of(bank, one)
    for paper in (one, two):
        await lost(bank, paper)
    await paid_off(bank, loan)
    await bank.seated(Ask(A.CLOSE_LOST, records=(one,), reason="贷款已结清"), ["ops", "vice"])
    assert await slot_of(bank, two) == slot  # the other may still be re-issued, or found
    await bank.seated(Ask(A.CLOSE_LOST, records=(two,), reason="贷款已结清"), ["ops", "vice"])
    assert await slot_of(bank, two) is None
    (paper,), envelope = await bank.registered()
    assert slot is not None
    await bank.seated(Ask(A.INTAKE, records=(paper,), placements=(Placement(envelope, slot),)), KEEPERS)


async def _electronic_back(bank: World) -> tuple[UUID, CertificateData]:
    """An electronic certificate, lent and presented again, and what stands on it."""
    record = await electronic_certificate(bank)
    await bank.out([record])
    await bank.presented([record])
    row = await bank.root.fetchrow(
        "select k.number, k.kind, k.issuer, k.issued_on, a.vin from archive_records r join collateral_certificates k on k.id = r.certificate_id"
        " join collateral a on a.id = k.collateral_id where r.id = $1",
        record,
    )
    assert row is not None
    kind = CertificateKind(row["kind"])
    data = CertificateData(
        row["number"], kind, row["issuer"], row["issued_on"], vin=row["vin"], is_electronic=True, registry_reference="REF-2"
    )
    return record, data


async def test_an_electronic_certificate_comes_back_changed_without_a_seal(bank: World) -> None:
    record, data = await _electronic_back(bank)
    ask = Ask(
        A.ACCEPT_CHANGED_RETURN, records=(record,), inspections=bank.inspected([record], shows_mortgage=True),
        detail=ChangedReturn((Change(record, None, data),)),
    )  # fmt: skip
    sealed = replace(ask, detail=ChangedReturn((Change(record, None, data),), f"E{bank.tag}"))
    assert await told(bank, sealed) == [("C7", "SEAL_NUMBER_INVALID")]  # of an envelope that is not there
    assert await told(bank, ask) == []
    assert await bank.state(record) == "IN_VAULT"


async def test_a_paper_certificate_comes_back_changed_under_a_seal(bank: World) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    old = await in_vault(bank, loan, asset)
    await bank.out([old])
    await bank.presented([old])
    new, _ = await certificate(bank, loan, asset)
    await bank.past_the_triggers(f"update archive_records set envelope_id = null where id = '{new}'")
    slot = await slot_of(bank, old)
    ask = Ask(
        A.ACCEPT_CHANGED_RETURN, records=tuple(sorted((old, new))), inspections=bank.inspected([new], shows_mortgage=True),
        detail=ChangedReturn((Change(old, new),)),
    )  # fmt: skip
    assert await told(bank, ask) == [("C7", "SEAL_NUMBER_INVALID")]
    assert await told(bank, replace(ask, detail=ChangedReturn((Change(old, new),), f"F{bank.tag}"))) == []
    assert await slot_of(bank, new) == slot


async def test_a_paper_that_comes_back_as_an_electronic_certificate_leaves_its_slot(bank: World) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    old = await in_vault(bank, loan, asset)
    await bank.out([old])
    await bank.presented([old])
    new, _ = await certificate(bank, loan, asset)
    number = f"(select certificate_id from archive_records where id = '{new}')"
    await bank.past_the_triggers(
        f"update archive_records set envelope_id = null where id = '{new}';"
        f" update collateral_certificates set is_electronic = true, registry_reference = 'REF-3' where id = {number}"
    )
    envelope = await envelope_of(bank, old)
    ask = Ask(
        A.ACCEPT_CHANGED_RETURN, records=tuple(sorted((old, new))), inspections=bank.inspected([new], shows_mortgage=True),
        detail=ChangedReturn((Change(old, new),)),
    )  # fmt: skip
    assert await told(bank, ask) == []
    assert [await bank.state(r) for r in (old, new)] == ["REPLACED", "IN_VAULT"]
    assert await bank.sql("select location_id from sealed_envelopes where id = $1", envelope) is None
