"""What a client holds: the proof of an event under a checkpoint, and the promise before there is one."""

import base64
from pathlib import Path

import pytest

from server.compliance import verifier
from server.compliance.anchoring import Anchoring
from server.compliance.receipts import key_of_receipts
from server.custody.moves import Ask
from server.errors import Unavailable
from storage.terms import Action, Purpose
from tests.compliance.conftest import SETTINGS, Asking
from tests.harness.ledger import Ledger

EVENT = "query ($id: ID!) { node(id: $id) { ... on CustodyEvent { hash receipt { leafIndex leafEntry checkpoint inclusionProof } } } }"
PROMISE = "query ($id: ID!) { signedReceipt(eventId: $id) { note } }"


async def test_every_sealed_event_has_a_proof_that_leads_to_the_signed_root(ledger: Ledger, ask: Asking) -> None:
    """In trees of several sizes; the last one is no power of two."""
    async with ledger.bank() as bank:
        keys, sizes = verifier.Keys(ledger.key.verifier), set()
        for _ in range(3):
            await bank.volumes(2)
            await ledger.sealer.seal_all()
            for id_ in [row["id"] for row in await bank.root.fetch("select id from events where record_id is not null")]:
                event = (await ask(bank, "officer", EVENT, id=f"event_{id_}"))["node"]
                receipt, entry = event["receipt"], bytes.fromhex(event["receipt"]["leafEntry"])
                text = keys.text_of(receipt["checkpoint"])
                assert text is not None
                checkpoint = verifier.checkpoint_of(text, ledger.key.name)
                sizes.add(checkpoint.size)
                assert entry[17:].hex() == event["hash"] and entry[1:17] == id_.bytes
                proof = [base64.b64decode(digest) for digest in receipt["inclusionProof"]]
                made = verifier.root_from(receipt["leafIndex"], checkpoint.size, verifier.leaf_hash(entry), proof)
                assert made == checkpoint.root
        assert len(sizes) == 3 and max(sizes) & (max(sizes) - 1)


async def test_an_event_that_waits_has_no_proof_but_a_promise(ledger: Ledger, ask: Asking, tmp_path: Path) -> None:
    async with ledger.bank() as bank:
        await bank.volumes()
        id_ = await bank.sql("select id from events where record_id is not null order by id desc limit 1")
        assert (await ask(bank, "officer", EVENT, id=f"event_{id_}"))["node"]["receipt"] is None
        note = (await ask(bank, "officer", PROMISE, id=f"event_{id_}"))["signedReceipt"]["note"]
        text = key_of_receipts(SETTINGS.ledger_origin, bytes.fromhex(SETTINGS.receipt_key.get_secret_value())).opened(note)
        assert f"\nevent {id_}\n" in text and (await bank.sql("select hash from events where id = $1", id_)).hex() in text


@pytest.mark.parametrize("query", [EVENT, PROMISE])
async def test_an_event_of_another_branch_is_as_unknown_as_none(ledger: Ledger, ask: Asking, query: str) -> None:
    async with ledger.bank() as bank:
        await bank.volumes()
        id_ = await bank.sql("select id from events where record_id is not null limit 1")
        await ledger.sealer.seal_all()
        for who, id_of in (("officer_b", f"event_{id_}"), ("officer", f"event_{bank.branches['A'].id}"), ("officer", "event_x")):
            assert list((await ask(bank, who, query, id=id_of)).values()) == [None]


async def test_custody_waits_for_the_history_where_the_bank_says_so(ledger: Ledger) -> None:
    """By setting: with `refuse` nothing moves until the sealer has caught up; with `alarm` the act goes through."""
    async with ledger.bank() as bank:
        records = tuple(await bank.volumes())
        await ledger.sealer.seal_all()
        bank.desk.anchoring = anchoring = Anchoring(bank.database, 60, refuses=True)
        await anchoring.look()
        await bank.requests(records, purpose=Purpose.AUDIT)
        await bank.past_the_triggers("update pending_events set noted_at = noted_at - interval '61 seconds'")
        await anchoring.look()
        assert anchoring.age_seconds > 60
        ask = Ask(Action.REPORT_MISSING, records=records, reason="架上未见")
        with pytest.raises(Unavailable, match="anchored"):
            await bank.does("archivist", ask)
        anchoring.refuses = False
        await bank.does("archivist", ask)
        anchoring.refuses = True
        await ledger.sealer.seal_all()
        await anchoring.look()
        await bank.does("archivist", ask)
