"""Search against a plain scan of every text in Python, in ten ways of asking; look-up by every code on a paper."""

import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from asyncpg import CheckViolationError

from schema.search import KINDS
from server.custody.labels import is_misread, label
from storage.database import PRINCIPAL_SQL, Principal
from storage.terms import LabelKind, Role
from tests.reading.conftest import Bank

TEXTS = {
    "customer": ("customers", ("name",)), "loan": ("loans", ("number",)), "contract": ("contracts", ("number",)),
    "collateral": ("collateral", ("vin", "engine_no", "plate_no")), "certificate": ("collateral_certificates", ("number",)),
    "record": ("archive_records", ("archive_no", "barcode")), "envelope": ("sealed_envelopes", ("barcode", "seal_no")),
    "scan": ("scans", ("title",)),
}  # fmt: skip
ASK = """query ($t: String!, $k: [SearchKind!], $n: Int) { search(text: $t, kinds: $k, first: $n) {
  kind place before matched after node { __typename ... on Node { id } } } }"""
LOOK = "query ($c: String!) { lookUp(code: $c) { kind place isRetired node { ... on Node { id } } } }"
QUESTIONS, PAGE = 20, 100
PRECISION_MIN = 0.95


def plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if unicodedata.category(c)[0] in "LN")


def bare(text: str) -> str:
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", plain(text))


def fits(text: str, asked: str) -> bool:
    """A plain scan: what was asked for stands in the text, as it is or without the zeros that lead its numbers."""
    q, t = plain(asked), plain(text)
    if len(q) == 1:
        return t.startswith(q)
    return q in t or bool(
        re.search(("(?<![0-9])" if q.startswith("0") else "") + re.escape(bare(asked)), bare(text)) and len(bare(asked)) > 1
    )


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 65248) if "!" <= c <= "~" else c for c in text)


@pytest.fixture(scope="module")
def officers(demo: Bank) -> list[Principal]:
    return [p for p in demo.people if Role.LOAN_OFFICER in p.roles]


@pytest_asyncio.fixture(scope="module", autouse=True)
async def certificates(demo: Bank) -> AsyncIterator[None]:
    """Real-estate certificates in their many spellings, in every branch."""
    for n, row in enumerate(demo.rows["collateral_certificates"]):
        number = ["京（2020）朝阳不动产权第{:07}号", "沪(2019)浦字不动产权第{:06}号", "粤〔2021〕广州市不动产权第{:08}号"][n % 3].format(
            12345 + n
        )
        row["number"] = number
        await demo.root.execute("update collateral_certificates set number = $1 where id = $2", number, row["id"])
    for n, row in enumerate(demo.rows["scans"]):
        row["title"] = ["汽车贷款申请表", "机动车登记证书 第{}页", "抵押合同（第{}号）"][n % 3].format(n)
        await demo.root.execute("update scans set title = $1 where id = $2", row["title"], row["id"])
    demo.views.clear()
    yield


def texts(demo: Bank, me: Principal, kind: str) -> list[tuple[str, str]]:
    """(global id, text) of everything of a kind that a person sees."""
    table, columns = TEXTS[kind]
    return [(f"{kind}_{row['id']}", row[c]) for row in demo.view(me).rows[table] for c in columns if row[c]]


async def hits_of(demo: Bank, me: Principal, asked: str, kinds: list[str], most: int) -> list[Any]:
    """Beyond what a page holds: the function that the page is made of."""
    async with demo.root.transaction():
        await demo.root.fetchrow(PRINCIPAL_SQL, *me.settings, 0, me.staff_id)
        return list(await demo.root.fetch("select * from search_hits($1, $2, $3, $4)", asked, kinds, most, me.everywhere or me.sees_much))


async def ids_of_hits(demo: Bank, me: Principal, asked: str, kind: str, most: int) -> set[str]:
    return {f"{kind}_{hit['id']}" for hit in await hits_of(demo, me, asked, [kind], most)}


def part(r: Random, text: str, least: int = 2) -> str:
    start = r.randrange(0, max(1, len(text) - least))
    return text[start : start + r.randint(least, max(least, len(text) - start))]


CATEGORIES: dict[str, tuple[str, Callable[[Random, str], str]]] = {
    "a surname": ("customer", lambda r, t: t[0]),
    "a name": ("customer", lambda r, t: t),
    "the end of a name": ("customer", lambda r, t: t[-2:]),
    "part of a loan number, full width": ("loan", lambda r, t: wide(part(r, t, 4))),
    "a contract number in small letters with blanks": ("contract", lambda r, t: f" {t[:4].lower()} - {t[4:]} "),
    "part of a VIN, a plate or an engine number": ("collateral", lambda r, t: part(r, t, 2).lower()),
    "a certificate with other brackets": ("certificate", lambda r, t: t.translate(str.maketrans("（）〔〕()", "[][]【】"))),
    "a certificate without brackets and zeros": ("certificate", lambda r, t: re.sub(r"第0+", "第", re.sub(r"[（）〔〕()]", "", t))),
    "part of a label or archive number": ("record", lambda r, t: part(r, t, 4)),
    "part of the title of a scan": ("scan", lambda r, t: part(r, t)),
}


@pytest.mark.parametrize("much", [False, True], ids=["by unit", "by kind"])
@pytest.mark.parametrize("category", CATEGORIES)
async def test_search_finds_what_a_plain_scan_finds(
    demo: Bank, answered: Any, officers: list[Principal], category: str, much: bool
) -> None:
    """By either index: which of them is asked depends on how much the caller sees."""
    kind, ask = CATEGORIES[category]
    right = told = 0
    for n in range(QUESTIONS):
        r = Random(f"{category} {n}")
        me = replace(r.choice(officers), sees_much=much)
        every = texts(demo, me, kind)
        asked = ask(r, r.choice(every)[1])
        if not plain(asked):
            continue
        scan = {id_ for id_, text in every if fits(text, asked)}
        found, errors = await answered(me, ASK, {"t": asked, "k": [kind.upper()], "n": PAGE})
        assert not errors
        ids = [hit["node"]["id"] for hit in found["search"]]
        assert len(ids) == len(set(ids))
        assert len(scan & set(ids)) == min(len(scan), PAGE), (asked, "recall")
        assert await ids_of_hits(demo, me, asked, kind, len(every)) >= scan, (asked, "recall of all there is")
        right, told = right + len(scan & set(ids)), told + len(ids)
        for hit in found["search"]:
            shown = hit["before"] + hit["matched"] + hit["after"]
            assert shown in {text for id_, text in every if id_ == hit["node"]["id"]}
            assert bare(hit["matched"]) == bare(asked), (asked, hit)
    assert right >= PRECISION_MIN * told > 0, (right, told)


async def test_hits_come_best_first_and_of_every_kind(demo: Bank, answered: Any, officers: list[Principal]) -> None:
    me = officers[0]
    number = texts(demo, me, "loan")[0][1]
    found, _ = await answered(me, ASK, {"t": number[-5:], "n": 100})
    places = [hit["place"] for hit in found["search"]]
    assert places == sorted(places, key=["EXACT", "PREFIX", "CONTAINS"].index)
    assert {hit["kind"] for hit in found["search"]} >= {"LOAN", "CONTRACT"}
    found, _ = await answered(me, ASK, {"t": number, "n": 1})
    assert found["search"][0]["place"] == "EXACT" and found["search"][0]["matched"] == number


async def test_search_shows_nobody_a_thing_of_another_branch(demo: Bank, answered: Any, officers: list[Principal]) -> None:
    for kind in TEXTS:
        for me in (replace(officer, sees_much=much) for officer in officers[:3] for much in (False, True)):
            mine = {id_ for id_, _ in texts(demo, me, kind)}
            strange = [text for other in officers for id_, text in texts(demo, other, kind) if id_ not in mine]
            for text in strange[:10]:
                found, _ = await answered(me, ASK, {"t": text, "k": [kind.upper()], "n": 100})
                assert {hit["node"]["id"] for hit in found["search"]} <= mine
    everywhere = next(p for p in demo.people if Role.COMPLIANCE in p.roles)
    name = texts(demo, officers[-1], "customer")[0]
    found, _ = await answered(everywhere, ASK, {"t": name[1], "n": 100})
    assert name[0] in {hit["node"]["id"] for hit in found["search"]}


@pytest.mark.parametrize(
    "asked",
    [
        "",
        " ",
        "（）",
        "%",
        "_",
        "\\",
        "'",
        "0",
        "00",
        "0000",
        "a" * 5_000,
        "0" * 5_000,
        "[",
        "(",
        "😀",
        "ﬁ",
        "\ufdfa" * 200,
        "a中" * 100,
        "1|.*$^+",
    ],
)
async def test_search_takes_any_text(answered: Any, officers: list[Principal], asked: str) -> None:
    for much in (False, True):
        found, errors = await answered(replace(officers[0], sees_much=much), ASK, {"t": asked, "n": 5})
        assert not errors and len(found["search"]) <= 5


@pytest.mark.parametrize("much", [False, True], ids=["by unit", "by kind"])
async def test_short_and_long_parts_of_numbers_are_found_among_all_kinds(
    demo: Bank, answered: Any, officers: list[Principal], much: bool
) -> None:
    """Parts of 2 to 17 characters, those that zeros lead too: every one that the page holds, whatever other texts fit."""
    crowded = 0
    for n in range(200):
        r = Random(n)
        me, kind = replace(r.choice(officers), sees_much=much), r.choice(list(TEXTS))
        every = texts(demo, me, kind)
        asked = part(r, r.choice(every)[1], r.randint(2, 8))
        if len(plain(asked)) < 2:
            continue
        scan = {id_ for id_, text in every if fits(text, asked)}
        found, _ = await answered(me, ASK, {"t": asked, "k": [kind.upper()], "n": PAGE})
        assert len({hit["node"]["id"] for hit in found["search"]} & scan) == min(len(scan), PAGE), asked
        assert await ids_of_hits(demo, me, asked, kind, len(every)) == scan, asked
        crowded += len(scan) > PAGE // 2
    assert crowded > 10


@pytest.mark.parametrize("much", [False, True], ids=["by unit", "by kind"])
async def test_what_two_ways_find_is_counted_once(demo: Bank, answered: Any, officers: list[Principal], much: bool) -> None:
    """Labels that begin with it fill more than half a page, and are found inside as well: those without its zeros still come."""
    me = replace(officers[0], sees_much=much)
    every = texts(demo, me, "record")
    numbers = [f"P{n:06}" for n in range(1, 400)]
    crowds = {a: scan for a in numbers if PAGE / 2 <= len(scan := {i for i, text in every if fits(text, a)}) <= PAGE}
    assert crowds
    for asked, scan in crowds.items():
        found, _ = await answered(me, ASK, {"t": asked, "k": ["RECORD"], "n": PAGE})
        assert {hit["node"]["id"] for hit in found["search"]} == scan, asked


@pytest.mark.parametrize("much", [False, True], ids=["by unit", "by kind"])
async def test_hits_that_are_alike_come_in_one_order_whatever_happened_to_their_rows(
    demo: Bank, answered: Any, officers: list[Principal], much: bool
) -> None:
    me = replace(officers[0], sees_much=much)
    ids = [row["id"] for row in demo.view(me).rows["customers"]]
    await demo.root.execute("update customers set name = '同名同姓' where id = any ($1)", ids)
    try:
        orders = []
        for moved in (ids[::2], ids[1::2], ids[::-3]):
            found, _ = await answered(me, ASK, {"t": "同名同", "k": ["CUSTOMER"], "n": 3})
            orders.append([hit["node"]["id"] for hit in found["search"]])
            for name in ("别名", "同名同姓"):  # their rows move to other places of the table
                await demo.root.execute("update customers set name = $1 where id = any ($2)", name, moved)
        assert orders == [[f"customer_{id_}" for id_ in sorted(ids)[:3]]] * 3
    finally:
        for row in demo.rows["customers"]:
            await demo.root.execute("update customers set name = $1 where id = $2", row["name"], row["id"])


@pytest.mark.parametrize("much", [False, True], ids=["by unit", "by kind"])
async def test_a_number_without_its_zeros_is_found_before_all_that_only_begin_with_it(
    demo: Bank, answered: Any, officers: list[Principal], much: bool
) -> None:
    me = replace(officers[0], sees_much=much)
    loans = demo.view(me).rows["loans"]
    try:
        for n, row in enumerate(loans):  # of all these the first is what is asked for; the index has it last of them in its rows
            number = "ZZ0000000007" if row is loans[-1] else f"ZZ{7_000_000_000 + n}"
            await demo.root.execute("update loans set number = $1 where id = $2", number, row["id"])
        found, _ = await answered(me, ASK, {"t": "ZZ7", "n": 1})
        assert [(hit["place"], hit["node"]["id"]) for hit in found["search"]] == [("EXACT", f"loan_{loans[-1]['id']}")]
    finally:
        for row in loans:
            await demo.root.execute("update loans set number = $1 where id = $2", row["number"], row["id"])


async def test_a_kind_that_is_named_often_is_searched_once(demo: Bank, answered: Any, officers: list[Principal]) -> None:
    number = texts(demo, officers[0], "loan")[0][1]
    found, errors = await answered(officers[0], ASK, {"t": number, "k": ["LOAN"] * 1_000 + ["CONTRACT"], "n": 100})
    assert not errors and sum(hit["place"] == "EXACT" and hit["kind"] == "LOAN" for hit in found["search"]) == 1


async def test_what_an_index_calls_needs_no_search_path(demo: Bank) -> None:
    """A dump that is restored, and CREATE INDEX, have none."""
    async with demo.root.transaction():
        await demo.root.execute("set local search_path = ''")
        for call in ("search_tokens(gen_random_uuid(), 'loan', '京A00123')", "search_wide('loan', '京A00123', '京A123')"):
            assert await demo.root.fetchval(f"select public.{call}")


async def test_search_follows_its_rows(demo: Bank, answered: Any, officers: list[Principal]) -> None:
    row = demo.view(officers[0]).rows["customers"][0]
    for name, others in (("欧阳娜娜", row["name"]), (row["name"], "欧阳娜娜")):
        await demo.root.execute("update customers set name = $1 where id = $2", name, row["id"])
        found, _ = await answered(officers[0], ASK, {"t": name, "n": 100})
        assert f"customer_{row['id']}" in {hit["node"]["id"] for hit in found["search"]}
        found, _ = await answered(officers[0], ASK, {"t": others, "n": 100})
        assert f"customer_{row['id']}" not in {hit["node"]["id"] for hit in found["search"]}


@pytest.mark.parametrize("kind", TEXTS)
async def test_what_stands_for_a_unit_is_what_the_unit_sees(demo: Bank, kind: str) -> None:
    """The demo bank has handed papers over: their units were changed by a trigger of their own."""
    table, columns = TEXTS[kind]
    terms: dict[Any, set[Any]] = {}
    for term in await demo.root.fetch("select subject_id, org_id from search_terms where kind = $1", kind):
        terms.setdefault(term["subject_id"], set()).add(term["org_id"])
    rows = [row for row in demo.rows[table] if any(plain(row[c] or "") for c in columns)]
    assert terms == {row["id"]: set(row.get("visible_to") or [row["org_id"]]) for row in rows}
    assert kind != "record" or any(len(units) > 1 for units in terms.values())


async def test_a_paper_is_found_by_the_unit_that_it_comes_to_and_no_more_by_the_one_that_it_leaves(demo: Bank) -> None:
    paper = next(r for r in demo.rows["archive_records"] if r["visible_to"] == [r["custody_org_id"]])
    home = paper["custody_org_id"]
    there = next(o["id"] for o in demo.rows["org_units"] if o["id"] != home)
    change = demo.root.transaction()  # undone at the end: a handover has more to it
    await change.start()
    try:
        for custody, wanted in ((there, {home, there}), (home, {home})):
            await demo.root.execute("update archive_records set custody_org_id = $1 where id = $2", custody, paper["id"])
            found = await demo.root.fetch("select org_id from search_terms where subject_id = $1", paper["id"])
            assert {row["org_id"] for row in found} == wanted
    finally:
        await change.rollback()


def test_every_kind_is_scanned() -> None:
    assert set(TEXTS) == set(KINDS)


# Codes -------------------------------------------------------------------------------------------------------------------
async def test_every_code_on_a_paper_is_looked_up_by_those_who_see_it(demo: Bank, answered: Any, officers: list[Principal]) -> None:
    here, there = officers[0], next(o for o in officers if o.org_id != officers[0].org_id)
    seen = demo.view(here)
    papers = [r for r in seen.rows["archive_records"] if r["envelope_id"]]
    strange = {row["id"] for table in ("archive_records", "sealed_envelopes") for row in demo.view(there).rows[table]}
    paper = next(r for r in papers if r["id"] not in strange)
    envelope, certificate = seen.by["sealed_envelopes"][paper["envelope_id"]], seen.rows["collateral_certificates"][0]
    loan, contract, car = seen.rows["loans"][0], seen.rows["contracts"][0], seen.rows["collateral"][0]
    unit = {u["id"]: u["code"] for u in seen.rows["org_units"]}
    ticket, list_, receipt = (
        next(row for row in seen.rows[table] if row["org_id"] == here.org_id and not row.get("is_void"))
        for table in ("tickets", "handovers", "intake_receipts")
    )
    printed = (
        (f"{unit[ticket['org_id']]}-{ticket['ticket_no']:06}", "TICKET_NO", f"ticket_{ticket['id']}"),
        (f"{unit[list_['org_id']]}-H{str(list_['id'])[-12:].upper()}", "HANDOVER_NO", f"handover_{list_['id']}"),
        (f"{unit[receipt['org_id']]}-R{receipt['receipt_no']:08}", "RECEIPT_NO", f"receipt_{receipt['id']}"),
    )
    for code, place, id_ in (
        (paper["barcode"], "BARCODE", f"record_{paper['id']}"), (paper["barcode"].lower(), "BARCODE", f"record_{paper['id']}"),
        (paper["archive_no"], "ARCHIVE_NO", f"record_{paper['id']}"), (envelope["barcode"], "BARCODE", f"envelope_{envelope['id']}"),
        (envelope["seal_no"], "SEAL", f"envelope_{envelope['id']}"), (certificate["number"], "CERTIFICATE_NO", f"certificate_{certificate['id']}"),
        (loan["number"], "LOAN_NO", f"loan_{loan['id']}"), (contract["number"], "CONTRACT_NO", f"contract_{contract['id']}"),
        (car["vin"], "VIN", f"collateral_{car['id']}"), *printed,
    ):  # fmt: skip
        found, errors = await answered(here, LOOK, {"c": code})
        assert (
            not errors
            and {"kind": id_.rpartition("_")[0].upper(), "place": place, "isRetired": False, "node": {"id": id_}} in found["lookUp"]
        )
    for code in (paper["barcode"], envelope["barcode"], loan["number"], printed[0][0], printed[2][0]):
        assert (await answered(there, LOOK, {"c": code}))[0] == {"lookUp": []}
    assert (await answered(here, LOOK, {"c": "nothing"}))[0] == {"lookUp": []}


async def test_a_retired_label_still_leads_to_its_paper_and_is_never_printed_again(
    demo: Bank, answered: Any, officers: list[Principal]
) -> None:
    paper, other = [r for r in demo.view(officers[0]).rows["archive_records"] if r["tier"] == "FIRST" and r["state"] == "IN_VAULT"][:2]
    fresh = label(LabelKind.PAPER, await demo.root.fetchval("select nextval('barcode_numbers')"))
    await demo.root.execute("update archive_records set barcode = $1 where id = $2", fresh, paper["id"])
    for code, retired in ((paper["barcode"], True), (fresh, False)):
        found, _ = await answered(officers[0], LOOK, {"c": code})
        assert [(hit["isRetired"], hit["node"]["id"]) for hit in found["lookUp"]] == [(retired, f"record_{paper['id']}")]
    for target in (other, paper):
        with pytest.raises(CheckViolationError, match="tg_archive_records_c48_label"):
            await demo.root.execute("update archive_records set barcode = $1 where id = $2", paper["barcode"], target["id"])


@pytest.mark.parametrize("kind", LabelKind)
async def test_python_and_postgresql_agree_about_check_characters(demo: Bank, kind: LabelKind) -> None:
    r = Random(kind.value)
    for _ in range(200):
        code = label(kind, r.randrange(10**8))
        n = r.randrange(1, len(code) - 1)
        wrong = code[:n] + str((int(code[n]) + r.randint(1, 9)) % 10) + code[n + 1 :]
        turned = code if n == len(code) - 2 else code[:n] + code[n + 1] + code[n] + code[n + 2 :]
        assert is_misread(wrong) and not is_misread(code)
        for text in (code, wrong, turned):
            assert await demo.root.fetchval("select is_well_read($1)", text) is not is_misread(text), text


@pytest.mark.parametrize("code", ["X00000001A", "P000000019", "V00000001", "p00000001Z", "", "P1"])
async def test_a_label_of_another_form_is_not_put_on_a_paper(demo: Bank, code: str) -> None:
    paper = next(r for r in demo.rows["archive_records"] if r["tier"] == "FIRST" and r["state"] == "IN_VAULT")
    with pytest.raises(CheckViolationError, match="tg_archive_records_c48_label"):
        await demo.root.execute("update archive_records set barcode = $1 where id = $2", code, paper["id"])
    born = (
        "insert into archive_records (org_id, custody_org_id, archive_no, barcode, tier, title, state, kind, vault_id)"
        " select org_id, custody_org_id, 'X' || archive_no, $1, 'FIRST', title, 'PENDING_INTAKE', 'OTHER_TITLE', vault_id"
        " from archive_records where id = $2"
    )
    with pytest.raises(CheckViolationError, match="is not one of a paper"):
        await demo.root.execute(born, code, paper["id"])
