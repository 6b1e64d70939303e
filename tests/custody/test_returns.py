"""What comes back under a new seal, what no longer shows the bank's right, and how long a letter lets papers stay away."""

from typing import Any
from uuid import UUID

import pytest

from server.compliance.events import body_of
from server.custody.moves import Ask
from server.custody.moves.certificates import RegistryCheck
from server.custody.moves.envelopes import NewSeal, Resealing
from server.errors import NotFound
from storage.terms import Action as A
from storage.terms import PaperKind, Tier
from tests.custody.chapters.stocktakes import electronic_certificate
from tests.harness.losses import missing
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.conftest import api as api

SEATED = ["kay", "cody", "clerk"]
SEAL = "select seal_no from sealed_envelopes where id = $1"


async def back(bank: World, count: int = 2) -> tuple[list[UUID], UUID]:
    """Papers of one envelope that were presented, and the envelope."""
    papers = await bank.papers(count)
    await bank.out(papers)
    await bank.presented(papers)
    return papers, UUID(str(await bank.sql("select envelope_id from archive_records where id = $1", papers[0])))


def accepting(bank: World, papers: list[UUID], *seals: tuple[UUID, str]) -> Ask:
    detail = Resealing(tuple(NewSeal(envelope, number) for envelope, number in seals)) if seals else None
    return Ask(A.ACCEPT_RETURN, records=tuple(papers), inspections=bank.inspected(papers), detail=detail)


async def test_an_envelope_that_was_opened_goes_back_under_a_new_seal(bank: World, api: Asking) -> None:
    papers, envelope = await back(bank)
    old = await bank.sql(SEAL, envelope)
    fine = {"numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True, "pagesCounted": 1}
    given: dict[str, Any] = {"inspections": [{"recordId": f"record_{p}", **fine} for p in papers]}
    seal = {"envelopeId": f"envelope_{envelope}", "sealNo": f" N{bank.tag} "}
    twice = await api.answer("kay", "acceptReturn", "__typename", **given, seals=[seal, seal])
    assert twice["problems"] == [{"path": ["seals"], "code": "DUPLICATE"}]
    opened = await api.does("kay", "acceptReturn", "operation { id }", **given, seals=[seal])
    assert await bank.sql(SEAL, envelope) == old
    await api.confirms(opened["operation"]["id"], ["cody", "clerk"])
    assert await bank.sql(SEAL, envelope) == f"N{bank.tag}" and await bank.state(papers[0]) == "IN_VAULT"
    rows = await bank.root.fetch(
        "select seal_no, broken_at is null as whole from seals where envelope_id = $1 order by applied_at", envelope
    )
    assert [tuple(r) for r in rows] == [(old, False), (f"N{bank.tag}", True)]
    tag = "select canonical from events where record_id = $1 and tag = 'record:accept_return:done'"
    (sealed,) = body_of(await bank.sql(tag, papers[0]))["detail"]["seals"]
    assert sealed == {"envelope": str(envelope), "old_seal_no": old, "seal_no": f"N{bank.tag}"}
    await bank.out(papers)  # it can be lent again


async def test_a_seal_number_is_never_used_again_and_only_its_own_envelope_is_sealed(bank: World) -> None:
    papers, envelope = await back(bank)
    old = await bank.sql(SEAL, envelope)
    for number in (old, "", "  "):
        assert await bank.refused("kay", accepting(bank, papers, (envelope, number))) == [("C7", "SEAL_NUMBER_INVALID")]
    other = await bank.sql("select envelope_id from archive_records where id = $1", (await bank.papers())[0])
    with pytest.raises(NotFound):
        await bank.does("kay", accepting(bank, papers, (other, f"N{bank.tag}")))
    await bank.seated(accepting(bank, papers), SEATED)  # what nobody opened keeps its seal
    assert await bank.sql(SEAL, envelope) == old


async def test_what_the_registry_denies_is_a_case_that_freezes_the_record(bank: World) -> None:
    record = await electronic_certificate(bank)

    async def asked(*, valid: bool) -> None:
        detail = RegistryCheck(valid, "REF-1", None if valid else "抵押已注销")
        await bank.done("clerk", Ask(A.RECORD_REGISTRY_CHECK, records=(record,), detail=detail))

    cases = "select kind, findings, owner_id, deadline_at > reported_at as dated from discrepancies where record_id = $1"
    await asked(valid=True)
    assert await bank.root.fetch(cases, record) == []
    await asked(valid=False)
    await asked(valid=False)  # the case is open already
    rows = [tuple(r) for r in await bank.root.fetch(cases, record)]
    assert rows == [("RIGHT_NOT_SHOWN", "抵押已注销", bank.people["clerk"].staff_id, True)]
    request = await bank.requests([record])
    assert ("C17", "RECORD_FROZEN") in await bank.refused("head", Ask(A.APPROVE, request=request))


@pytest.mark.parametrize(("kind", "shows", "opened"), [
    (PaperKind.CERTIFICATE, False, ["RIGHT_NOT_SHOWN"]), (PaperKind.CERTIFICATE, True, []), (PaperKind.OTHER_TITLE, False, []),
])  # fmt: skip
async def test_a_certificate_refused_for_want_of_the_mortgage_entry_is_a_case(
    bank: World, kind: PaperKind, shows: bool, opened: list[str]
) -> None:
    papers = await bank.papers(kind=kind)
    await bank.out(papers)
    await bank.presented(papers)
    found = bank.inspected(papers, numbers_match=False, findings="登记证书上无本行抵押", shows_mortgage=shows)
    await bank.seated(Ask(A.REJECT_RETURN, records=tuple(papers), inspections=found), ["kay", "cody"])
    assert await bank.state(papers[0]) == "CHECKED_OUT"
    assert [r[0] for r in await bank.root.fetch("select kind from discrepancies where record_id = $1", papers[0])] == opened


async def test_papers_are_due_no_later_than_a_letter_promises_their_return(bank: World) -> None:
    papers = await bank.papers()
    request = await bank.requests(papers)
    for rank in ("head", "risk"):
        await bank.done(rank, Ask(A.APPROVE, request=request))
    due = bank.due(4)
    days = (due - bank.day()).days
    await bank.trusted(request, days=days - 1)
    out = Ask(A.CHECK_OUT, request=request, due_on=due)
    assert await bank.refused("kay", out) == [("C40", "BAILEE_LETTER_TOO_SHORT")]
    await bank.trusted(request, days=days)
    await bank.seated(out, [*SEATED, "officer"])
    longer = Ask(A.REQUEST_EXTENSION, records=tuple(papers), due_on=bank.due(7))
    extension = UUID((await bank.done("officer", longer))["request"])
    await bank.done("head", Ask(A.APPROVE, request=extension))
    assert await bank.refused("risk", Ask(A.APPROVE, request=extension)) == [("C40", "BAILEE_LETTER_TOO_SHORT")]
    await bank.trusted(request, days=(bank.due(7) - bank.day()).days)
    await bank.done("risk", Ask(A.APPROVE, request=extension))


async def test_a_volume_comes_back_with_as_many_pages_as_the_register_has(bank: World, api: Asking) -> None:
    (volume,) = await bank.volumes()
    await bank.out([volume], tier=Tier.SECOND)
    await bank.presented([volume], tier=Tier.SECOND)
    fine = {"numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True}
    short = {"recordId": f"record_{volume}", **fine, "pagesCounted": 1}
    assert set(await api.refused("archivist", "acceptReturn", inspections=[short])) == {"PAGES_DIFFER"}
    ask = Ask(A.ACCEPT_RETURN, records=(volume,), inspections=bank.inspected([volume], pages_counted=4))
    assert not (await bank.desk.explain(bank.people["archivist"], ask)).allowed
    told = await api.does("archivist", "acceptReturn", "records { state }", inspections=[short | {"pagesCounted": 3}])
    assert told["records"] == [{"state": "FILED"}]


async def test_whoever_presented_a_volume_that_is_missing_since_has_nothing_to_claim(bank: World) -> None:
    """The register has their return: explainCustody says so, and not PostgreSQL alone."""
    (volume,) = await bank.volumes()
    await bank.out([volume], tier=Tier.SECOND)
    await bank.presented([volume], tier=Tier.SECOND)
    await missing(bank, volume)
    claim = Ask(A.CLAIM_RETURNED, records=(volume,), reason="上周已交回柜台")
    assert not (await bank.desk.explain(bank.people["officer"], claim)).allowed
    assert await bank.refused("officer", claim) == [("C25", "NOT_CURRENT_HOLDER")]


async def test_one_paper_of_an_envelope_did_not_come_back_and_the_others_are_taken_in(bank: World, api: Asking) -> None:
    papers, _ = await back(bank, 3)
    fine = {"numbersMatch": True, "pagesMatch": True, "sealIntact": True, "noAlterations": True, "noDamage": True, "pagesCounted": 1}
    gone = {**fine, "numbersMatch": False, "pagesMatch": False, "pagesCounted": 0, "missing": True, "findings": "少一份"}
    told = await api.does("kay", "rejectReturn", "operation { id }", inspections=[{"recordId": f"record_{papers[2]}", **gone}])
    await api.confirms(told["operation"]["id"], ["cody"])
    assert [await bank.state(p) for p in papers] == ["RETURN_PENDING", "RETURN_PENDING", "MISSING"]
    assert await bank.sql("select owner_id is not null from discrepancies where record_id = $1 and kind = 'MISSING'", papers[2])
    await bank.seated(accepting(bank, papers[:2]), SEATED)
    assert [await bank.state(p) for p in papers] == ["IN_VAULT", "IN_VAULT", "MISSING"]


async def test_what_is_not_right_keeps_the_envelope_together(bank: World) -> None:
    papers, _ = await back(bank, 2)
    torn = bank.inspected(papers[:1], no_damage=False, findings="有破损")
    assert await bank.refused("kay", Ask(A.REJECT_RETURN, records=(papers[0],), inspections=torn)) == [("C8", "ENVELOPE_SPLIT_FORBIDDEN")]


@pytest.mark.parametrize(("tier", "other", "role"), [(Tier.FIRST, "archivist", "VAULT_KEEPER_KEY"), (Tier.SECOND, "kay", "ARCHIVIST")])
async def test_a_paper_comes_back_to_a_keeper_and_a_volume_to_the_archivist(
    bank: World, api: Asking, tier: Tier, other: str, role: str
) -> None:
    lent = await (bank.papers() if tier is Tier.FIRST else bank.volumes())
    await bank.out(lent, tier=tier)
    brought = {"barcodes": await api.barcodes(lent), "broughtById": f"staff_{bank.people['officer'].staff_id}"}
    assert set(await api.refused(other, "presentReturn", **brought)) == {"ROLE_REQUIRED"}
    ask = Ask(A.PRESENT_RETURN, records=tuple(lent), brought_by=bank.people["officer"].staff_id)
    told = await bank.desk.explain(bank.people[other], ask)
    assert not told.allowed and role in {r.value for c in told.checks if c.violation for r in c.violation.roles}
    await bank.presented(lent, tier=tier)
