"""Printed papers: who gets them, what they say in Chinese, the code on them, and the same bytes each time."""

import itertools
import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
import segno

from server.custody.moves import Ask, Placement
from server.custody.moves.handovers import OnHandover
from server.errors import NotFound
from server.papers import chinese
from server.papers.serving import printed
from storage.terms import Action as A
from storage.terms import Tier
from tests.custody import handing, releasing
from tests.custody.chapters.stocktakes import opened
from tests.harness.web import site
from tests.harness.world import World
from tests.stories.test_merger import files


def said(made: bytes) -> list[str]:
    """The text of each page, without blanks."""
    return ["".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(made)]


def codes(made: bytes, left_mm: float, width_mm: float) -> list[tuple[int, float]]:
    """The page and the top, in mm, of each code in a column: six millimetres and more of dark rows that lie close to each other."""
    found: list[tuple[int, float]] = []
    for n, page in enumerate(pypdfium2.PdfDocument(made)):
        picture = page.render(scale=3).to_pil().convert("L")
        unit = picture.width / 210
        band = picture.crop((int(left_mm * unit), 0, int((left_mm + width_mm) * unit), picture.height))
        dark = [y for y in range(band.height) if any(band.getpixel((x, y)) < 128 for x in range(band.width))]
        ends = [n for n, (a, b) in enumerate(itertools.pairwise(dark), 1) if b - a > 1.2 * unit]
        found += [(n, dark[a] / unit) for a, b in itertools.pairwise([0, *ends, len(dark)]) if dark[b - 1] - dark[a] > 6 * unit]
    return found


HEAD = (170.0, 14.0, 24.0, 26.0)  # where the code of the head stands: left, top, width, height in mm


def says(made: bytes, label: str, place: tuple[float, float, float, float] = HEAD, page: int = 0) -> bool:
    """Whether the code at that place of the page, read from the picture, is that of the label."""
    code = segno.make(label, error="m", micro=False)
    size = code.symbol_size(border=0)[0]
    picture = pypdfium2.PdfDocument(made)[page].render(scale=8).to_pil().convert("L")
    unit = picture.width / 210  # pixels a millimetre
    x0, y0, width, height = (round(mm * unit) for mm in place)
    dark = [(x, y) for x in range(x0, x0 + width) for y in range(y0, y0 + height) if picture.getpixel((x, y)) < 128]
    left, top = min(x for x, _ in dark), min(y for _, y in dark)
    step = (max(x for x, _ in dark) - left + 1) / size
    told = [[picture.getpixel((int(left + (c + 0.5) * step), int(top + (r + 0.5) * step))) < 128 for c in range(size)] for r in range(size)]
    return told == [[bool(m) for m in row] for row in code.matrix]


async def test_a_ticket_says_what_left_for_whom_and_bears_the_label(bank: World) -> None:
    papers = await bank.papers(2)
    await bank.out(papers)
    ticket = await bank.sql(
        "select t.id from tickets t join operations o on o.id = t.operation_id where $1 = any (o.record_ids)", papers[0]
    )
    made = await printed(bank.database, bank.people["kay"], "tickets", ticket, "r-1")
    (text,) = said(made)
    label = await bank.sql(
        "select e.barcode from sealed_envelopes e join archive_records r on r.envelope_id = e.id where r.id = $1", papers[0]
    )
    numbers = [await bank.sql("select archive_no from archive_records where id = $1", p) for p in papers]
    for word in (
        "出库单",
        f"A{bank.tag}-000001",
        "权证变更",
        "借出",
        "钥匙保管员",
        "密码保管员",
        "领取人",
        "信贷部门负责人",
        "2件",
        "受托保管：市车辆管理所（函号T",
        label,
        *numbers,
    ):
        assert word in text, (word, text)
    assert "年" in text and "月" in text and "17:30" in text
    assert made == await printed(bank.database, bank.people["kay"], "tickets", ticket, "r-2"), "the same paper has the same bytes"
    assert says(made, label) and not says(made, numbers[0])
    logged = await bank.sql("select count(*) from access_log where action = 'print:ticket' and $1 = any (subject_ids)", ticket)
    assert logged == 2


async def test_an_intake_receipt_has_three_parts(bank: World) -> None:
    papers, envelope = await bank.registered(3)
    placed = (Placement(envelope, await bank.slot()),)
    brought = Ask(A.INTAKE, records=tuple(papers), placements=placed, brought_by=bank.people["officer"].staff_id)
    await bank.seated(brought, ["kay", "cody", "clerk"])
    operation = await bank.sql("select id from operations where action = 'INTAKE' and $1 = any (record_ids)", papers[0])
    made = await printed(bank.database, bank.people["clerk"], "receipts", operation, "r")
    label = await bank.sql("select barcode from sealed_envelopes where id = $1", envelope)
    assert all(says(made, label, page=n) for n in range(3))
    pages = said(made)
    assert len(pages) == 3
    for page, part in zip(pages, ("第一联保管员留存", "第二联抵押人（借款人）留存", "第三联业务经办留存"), strict=True):
        assert all(word in page for word in ("入库回执", part, "王小明", "3件", "大众朗逸", "登记员"))
        assert "抵押人（借款人）：王小明业务经办：officer" in page


async def test_a_release_is_received_by_whoever_signs_for_it(bank: World) -> None:
    case = await (await releasing.Case.make(bank)).ready()
    await bank.seated(case.release, releasing.SEATED)
    ticket = await bank.sql("select t.id from tickets t join operations o on o.id = t.operation_id where o.request_id = $1", case.request)
    (text,) = said(await printed(bank.database, bank.people["kay"], "tickets", ticket, "r"))
    assert "领取人王小明" in text and "领取人（抵押人）：" in text and "领取人officer" not in text


async def test_a_handover_list_names_who_took_and_who_refused(bank: World) -> None:
    papers = await files(bank, 3)
    handover = await handing.sent(bank, papers)
    await handing.taken(bank, handover, papers[:2])
    await bank.done("clerk_b", Ask(A.REJECT_HANDOVER, records=tuple(papers[2:]), reason="缺页", detail=OnHandover(handover)))
    for who in ("clerk", "clerk_b"):
        (text,) = said(await printed(bank.database, bank.people[who], "handovers", handover, "r"))
        assert re.search("已接收：共2件，[^，]+，经办：kay_b、cody_b、clerk_b", text), text
        assert re.search("已退回：共1件，[^，]+，经办：", text), text


async def test_a_volumes_ticket_needs_no_envelope_and_a_void_one_says_so(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    ticket = await bank.sql(
        "select t.id from tickets t join operations o on o.id = t.operation_id where $1 = any (o.record_ids)", volumes[0]
    )
    (text,) = said(await printed(bank.database, bank.people["archivist"], "tickets", ticket, "r"))
    assert "信贷卷宗" in text and "档案室" in text and "作废" not in text
    void = await bank.sql(
        "insert into tickets (org_id, ticket_no, issued_at, is_void, void_reason) values ($1, 0, now(), true, '打印错误') returning id",
        bank.branches["A"].id,
    )
    (text,) = said(await printed(bank.database, bank.people["archivist"], "tickets", void, "r"))
    assert "作废原因：打印错误" in text


async def test_another_branchs_paper_unknown_paper_and_what_one_counts_are_not_printed(bank: World) -> None:
    far = await bank.papers(letter="B")
    operation = await bank.sql("select id from operations where action = 'INTAKE' and $1 = any (record_ids)", far[0])
    for asked in (operation, uuid4()):
        with pytest.raises(NotFound):
            await printed(bank.database, bank.people["kay"], "receipts", asked, "r")
    denied = await bank.sql(
        "select count(*) from access_log where action = 'print:receipt' and result = 'DENIED' and $1 = any (subject_ids)", operation
    )
    assert denied == 1
    _, papers, _ = await opened(bank)
    mine = await bank.sql("select id from operations where action = 'INTAKE' and $1 = any (record_ids)", papers[0])
    with pytest.raises(NotFound):
        await printed(bank.database, bank.people["ann"], "receipts", mine, "r")
    assert await printed(bank.database, bank.people["kay"], "receipts", mine, "r")


async def test_a_ticket_of_what_one_counts_is_not_printed_without_its_lines(bank: World) -> None:
    lent = await bank.papers()
    await bank.out(lent)
    await bank.presented(lent)
    await bank.accepted(lent)
    await opened(bank, papers=0)
    ticket = await bank.sql("select t.id from tickets t join operations o on o.id = t.operation_id where $1 = any (o.record_ids)", lent[0])
    with pytest.raises(NotFound):
        await printed(bank.database, bank.people["ann"], "tickets", ticket, "r")
    assert await printed(bank.database, bank.people["kay"], "tickets", ticket, "r")


async def test_a_text_that_looks_like_a_program_is_printed_as_it_is(bank: World) -> None:
    papers = await bank.papers()
    await bank.sql("update archive_records set title = '#panic(1) $x$ *证书* <a>' where id = $1", papers[0])
    operation = await bank.sql("select id from operations where action = 'INTAKE' and $1 = any (record_ids)", papers[0])
    assert "#panic(1)$x$*证书*<a>" in said(await printed(bank.database, bank.people["clerk"], "receipts", operation, "r"))[0]


async def test_over_http_with_the_codes_of_the_api(bank: World, told: dict[str, Any], database_name: str, tmp_path: Path) -> None:
    papers = await bank.papers()
    operation = await bank.sql("select id from operations where action = 'INTAKE' and $1 = any (record_ids)", papers[0])
    with site(told, database_name, tmp_path) as server:
        address = f"/papers/receipts/operation_{operation}"
        async with server.client(f"clerk-{bank.tag}") as clerk, server.client() as nobody, server.client(f"legal-{bank.tag}") as legal:
            found = await clerk.get(address)
            assert found.status_code == 200 and found.headers["content-type"] == "application/pdf" and found.content[:5] == b"%PDF-"
            assert found.headers["cache-control"] == "no-store"
            answers = [await nobody.get(address), await legal.get(address)]
            wrong = [await clerk.get(f"/papers/{path}") for path in (f"receipts/operation_{uuid4()}", f"receipts/ticket_{operation}", "receipts/x",
                                                                     f"nothing/operation_{operation}")]  # fmt: skip
    assert [a.status_code for a in answers] == [401, 403]
    assert {(a.status_code, a.content) for a in wrong} == {(404, wrong[0].content)} and b"NOT_FOUND" in wrong[0].content


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"), ("0.05", "伍分"), ("0.5", "伍角整"), ("10", "壹拾元整"), ("1.01", "壹元零壹分"), ("100000", "壹拾万元整"),
        ("1234.56", "壹仟贰佰叁拾肆元伍角陆分"), ("10005", "壹万零伍元整"), ("100500", "壹拾万零伍佰元整"), ("120000000.30", "壹亿贰仟万元叁角整"),
        ("1000010000", "壹拾亿零壹万元整"), ("-20", "负贰拾元整"), ("6007", "陆仟零柒元整"),
    ],
)  # fmt: skip
def test_amounts_in_capitals(amount: str, words: str) -> None:
    assert chinese.capitals(Decimal(amount)) == words


async def test_a_handover_list_of_what_was_sent_and_what_was_not_is_set_over_many_pages(
    bank: World, told: dict[str, Any], database_name: str, tmp_path: Path
) -> None:
    papers = await files(bank, 120)
    handover = await handing.opened(bank, papers)
    sent = Ask(A.SEND_HANDOVER, records=tuple(papers[:100]), detail=OnHandover(handover, seal_no=f"Z{bank.tag}"))
    await bank.seated(sent, handing.HERE)
    with site(told, database_name, tmp_path) as server:
        async with server.client(f"clerk-{bank.tag}") as clerk, server.client(f"legal_b-{bank.tag}") as other:
            found = await clerk.get(f"/papers/handovers/handover_{handover}")
            assert (await other.get(f"/papers/handovers/handover_{handover}")).status_code == 403
    pages = said(found.content)
    assert len(pages) > 2 and all("档案编号" in page for page in pages), "the head of the table is on each page"
    assert all(
        word in pages[0]
        for word in ("移交清单", "A支行", "B支行", "120件", "120页", f"封签号Z{bank.tag}，共100件", "移出经办：kay、cody、clerk")
    )
    numbers = [number for page in pages for number in re.findall(f"M1{bank.tag}\\d{{5}}", page)]
    assert numbers == [f"M1{bank.tag}{n:05}" for n in range(120)], "each line once, in order"
    places = codes(found.content, 183, 8)
    assert len(places) == 120 + 1, "a code for each line, and that of the list"
    for n in (0, 119):
        page, top = places[n + 1]
        barcode = await bank.sql("select barcode from archive_records where id = $1", papers[n])
        assert says(found.content, barcode, (182, top - 0.2, 10, 9), page), n
    assert (sum(page.count("在途") for page in pages), sum(page.count("已列入") for page in pages)) == (100, 20)
    assert all(word in pages[-1] for word in ("移交人", "接收人", "监交人")) and f"共{len(pages)}页" in pages[-1]
