"""What a pack keeps back of what is others': corrections of them, and their numbers in whatever somebody wrote."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from server.custody.moves.corrections import Correcting
from storage.objects import ObjectStore
from storage.terms import Action, CorrectionSubject
from tests.harness.ledger import Ledger, verify
from tests.harness.packs import Kinship, asked, fetched, kinship, made, members_of


async def corrected(kin: Kinship, of: CorrectionSubject, subject: UUID, field: str, value: str) -> None:
    """By two people, with a scan of the volume that both contracts are in."""
    volume = await kin.bank.sql("select record_id from scans where id = $1", kin.scans[0])
    ask = Ask(Action.CORRECT, records=(volume,), reason="录入有误", detail=Correcting(of, subject, field, value, kin.scans[0]))
    proposed = await kin.bank.done("officer", ask)
    await kin.bank.done("head", Ask(Action.CONFIRM, operation=UUID(proposed["operation"])))


async def pack_of(kin: Kinship, ledger: Ledger, objects: ObjectStore, folder: Path) -> Path:
    export = await asked(kin.bank, objects, kin.mine)
    await ledger.sealer.seal_all()
    await made(ledger, kin.bank, objects)
    pack = await fetched(kin.bank, objects, export, folder)
    status, said = verify(pack, ledger)
    assert status == 0, said
    return pack


def history_of(pack: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in members_of(pack)["history.jsonl"].splitlines()]


async def test_a_correction_of_another_contract_is_not_told(ledger: Ledger, objects: ObjectStore, tmp_path: Path) -> None:
    """Neither what stood there nor what stands there now, though both contracts are in one volume; the contract's own is told."""
    async with ledger.bank() as bank:
        kin, of = await kinship(bank, objects), CorrectionSubject
        was, mine = [await bank.sql("select number from contracts where id = $1", one) for one in (kin.sibling, kin.mine)]
        item = await bank.sql("select id from file_items where contract_id = $1", kin.sibling)
        await corrected(kin, of.CONTRACT, kin.sibling, "number", "（2024）抵字第777号")
        await corrected(kin, of.CONTRACT, kin.sibling, "signedOn", "2020-02-03")
        await corrected(kin, of.FILE_ITEM, item, "title", "抵押合同（刘备）")
        await corrected(kin, of.CONTRACT, kin.mine, "number", "（2024）借字第778号")
        pack = await pack_of(kin, ledger, objects, tmp_path)
        raw = pack.read_bytes()
        assert [text for text in (was, "抵字第777号", "2020-02-03", "刘备") if text.encode() in raw] == []
        (told,) = [line for line in history_of(pack) if line.get("tag") == "correction:confirm:done"]
        assert told["changes"] == [{"field": "number", "before": mine, "after": "（2024）借字第778号"}]
        assert sum("tag" not in line for line in history_of(pack)) >= 3
