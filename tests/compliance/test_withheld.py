"""What a pack keeps back of what is others': corrections of them, and their numbers in whatever somebody wrote."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asyncpg import InsufficientPrivilegeError

from server.compliance.kin import Kin
from server.custody.moves import Ask
from server.custody.moves.corrections import Correcting
from server.errors import NotFound
from server.exports import Exports
from storage.objects import ObjectStore
from storage.terms import Action, CorrectionSubject
from tests.custody.chapters.corrections import scanned
from tests.harness.ledger import Ledger, verify
from tests.harness.packs import Kinship, asked, contract_of, fetched, kinship, made, members_of


async def corrected(kin: Kinship, of: CorrectionSubject, subject: UUID, field: str, value: str) -> None:
    """By two people, with a scan of the volume that both contracts are in, or of the other's own."""
    scan = kin.scans[0]
    if subject == kin.other:
        own = "select r.id from archive_records r join loan_contracts l on l.loan_id = r.primary_loan_id where l.contract_id = $1 limit 1"
        record = await kin.bank.sql(own, kin.other)
        kept = await kin.bank.sql("select id from scans where record_id = $1 and status = 'STORED' limit 1", record)
        scan = kept or await scanned(kin.bank, record)
    volume = await kin.bank.sql("select record_id from scans where id = $1", scan)
    ask = Ask(Action.CORRECT, records=(volume,), reason="录入有误", detail=Correcting(of, subject, field, value, scan))
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


FORMS = {  # the number of another contract, and how somebody may write it
    "HT20240091234": (
        "见{}号",
        "见{}/HT000",
        "见{}_2",
        "见{}-1号",
        "see {}x",
        "见ＨＴ２０２４－００９１２３４",
        "HT 2024 0091234",
        "ht20240091234",
    ),
    "（2024）京贷字第0012号": ("与合同{}一并", "(2024)京贷字第0012号", "〔2024〕京贷字第 0012 号之补充"),
    "2024.京.7": ("见{}。", "见2024京7"),
    "HT2024（补）01": ("见{}", "ht2024(补)01"),
}


async def test_a_number_of_others_is_recognized_however_it_is_written(ledger: Ledger, objects: ObjectStore) -> None:
    async with ledger.bank() as bank:
        kin = await kinship(bank, objects)
        own = await bank.sql("select number from contracts where id = $1", kin.mine)
        await bank.sql("insert into loan_collateral (org_id, loan_id, collateral_id, rank, amount) values ($1, $2, $3, 3, 100000)",
                       bank.branches["A"].id, kin.foreign_loan, car := await bank.collateral())  # fmt: skip
        await bank.sql("update collateral set engine_no = 'EN88X761' where id = $1", car)
        for number, texts in {**FORMS, "EN88X761": ("发动机号en88x-761",)}.items():
            if number != "EN88X761":
                await corrected(kin, CorrectionSubject.CONTRACT, kin.other, "number", number)
            async with bank.database.transaction(bank.people["auditor"]) as conn:
                known = await Kin.of(conn.raw, kin.mine)
                for text in (text.format(number) for text in texts):
                    known = replace(known, taken=set())
                    assert not known.strange(text)
                    await known.learn(conn.raw, [{"reason": text}])
                    assert known.strange(text) and known.strange({"a": [text, own]}), text
        for number in FORMS:  # those of before a correction too
            async with bank.database.transaction(bank.people["auditor"]) as conn:
                known = await Kin.of(conn.raw, kin.mine)
                await known.learn(conn.raw, [f"原{number}"])
                assert known.strange(f"原{number}"), number


async def test_what_is_the_contracts_own_or_nobodys_is_told(ledger: Ledger, objects: ObjectStore) -> None:
    async with ledger.bank() as bank:
        kin = await kinship(bank, objects)
        number, own = "HT20240091", await bank.sql("select number from contracts where id = $1", kin.mine)
        await corrected(kin, CorrectionSubject.CONTRACT, kin.other, "number", number)
        await corrected(kin, CorrectionSubject.CONTRACT, kin.mine, "number", f"{number}-2")
        texts = [f"见{number}-2", f"见{number}2", f"原{own}", "年度估值90000.00元，2026-01-02", "HT2024009", f"{number}1", f"9{number[2:]}"]
        async with bank.database.transaction(bank.people["auditor"]) as conn:
            known = await Kin.of(conn.raw, kin.mine)
            await known.learn(conn.raw, texts)
            assert [text for text in texts if known.strange(text)] == []
            await known.learn(conn.raw, [f"{number}-2与{number}"])
            assert known.strange(f"{number}-2与{number}")


async def test_only_whoever_sees_the_whole_bank_asks_for_its_numbers(ledger: Ledger) -> None:
    async with ledger.bank() as bank, bank.database.transaction(bank.people["officer"]) as conn:
        with pytest.raises(InsufficientPrivilegeError):
            await conn.raw.fetch("select numbers_in(array['HT0000'])")


async def test_a_link_to_evidence_is_told_whoevers_it_is(ledger: Ledger, objects: ObjectStore) -> None:
    async with ledger.bank() as bank:
        contract = await contract_of(bank, await bank.loan())
        exports = [await asked(bank, objects, contract, who) for who in ("compliance", "auditor")]
        for who, export in zip(("compliance", "auditor"), exports, strict=True):
            with pytest.raises(NotFound):  # it is not made yet
                await Exports(bank.database, objects).link(bank.people[who], export, "AUDIT", "r", timedelta(0))
        async with bank.database.transaction(bank.people["compliance"]) as conn:
            known = await Kin.of(conn.raw, contract)
        assert all(known.known(export) for export in exports)
