"""Each way to be wrong about what leaves for good is told by path, and nothing changes."""

from typing import Any

import pytest

from tests.custody.releasing import Case, ago
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.test_early_payoff import ZERO


async def wrong(api: Asking, who: str, name: str, /, **given: Any) -> list[tuple[str, str]]:
    told = await api.answer(who, name, "__typename", **given)
    assert told["__typename"] == "InvalidInput", told
    return [(p["path"][0], p["code"]) for p in told["problems"]]


@pytest.mark.parametrize(
    ("said", "path", "code"),
    [
        ({"principal": "-1"}, "principal", "OUT_OF_RANGE"),
        ({"fees": "0.001"}, "fees", "OUT_OF_RANGE"),
        ({"daysOverdue": -1}, "daysOverdue", "OUT_OF_RANGE"),
        ({"principal": "1", "payoffKind": "CASH"}, "payoffKind", "NOT_ALLOWED"),
        ({"interest": "1", "settledAt": "2024-01-01T00:00:00Z"}, "settledAt", "NOT_ALLOWED"),
        ({"fees": "1", "payoffClearedAt": "2024-01-01T00:00:00Z"}, "payoffClearedAt", "NOT_ALLOWED"),
        ({"asOf": "2100-01-01T00:00:00Z"}, "asOf", "OUT_OF_RANGE"),
        ({"reversalOfId": "position_0190"}, "reversalOfId", "NOT_ALLOWED"),
    ],
)
async def test_a_position_that_cannot_be_is_refused(bank: World, api: Asking, said: dict[str, Any], path: str, code: str) -> None:
    case = await Case.make(bank)
    given = {"loanId": f"loan_{case.loan}", "asOf": ago(hours=1).isoformat(), **ZERO, **said}
    assert await wrong(api, "core", "postLoanPosition", **given) == [(path, code)]
    assert await bank.sql("select count(*) from loan_positions where loan_id = $1", case.loan) == 0


async def test_a_loan_has_one_position_an_instant_and_a_payoff_is_taken_back_once(bank: World, api: Asking) -> None:
    case, at = await Case.make(bank), ago(hours=1).isoformat()
    given = {"loanId": f"loan_{case.loan}", **ZERO}
    first = await api.does("core", "postLoanPosition", "position { id }", **given, asOf=at)
    assert await wrong(api, "core", "postLoanPosition", **given, asOf=at) == [("asOf", "TAKEN")]
    back = {**given, "principal": "5", "reversalOfId": first["position"]["id"]}
    told = await api.does("core", "postLoanPosition", "position { reversalOf { id settledAt } }", **back, asOf=ago(minutes=5).isoformat())
    assert told["position"]["reversalOf"]["id"] == first["position"]["id"]
    assert await wrong(api, "core", "postLoanPosition", **back, asOf=ago(minutes=4).isoformat()) == [("reversalOfId", "TAKEN")]
    other = {**back, "loanId": f"loan_{await bank.loan()}", "asOf": at}
    assert (await api.answer("core", "postLoanPosition", "__typename", **other))["code"] == "NOT_FOUND"


async def test_a_loan_has_one_notice_and_none_without_papers(bank: World, api: Asking) -> None:
    case = await Case.make(bank)
    await case.paid()
    await case.notice()
    assert await wrong(api, "officer", "issueSettlementNotice", loanId=f"loan_{case.loan}") == [("loanId", "TAKEN")]
    bare = await bank.loan()
    await case.paid(bare)
    assert await wrong(api, "officer", "issueSettlementNotice", loanId=f"loan_{bare}") == [("loanId", "NO_PAPERS")]


async def test_a_recipient_is_named_whole(bank: World, api: Asking) -> None:
    case = await Case.make(bank)
    await case.paid()
    given = {"requestId": f"request_{await case.asked()}", "capacity": "OWNER", "name": "王小明", "identityNumber": "1"}
    assert await wrong(api, "clerk", "verifyRecipient", **{**given, "name": " "}) == [("name", "EMPTY")]
    assert await wrong(api, "clerk", "verifyRecipient", **{**given, "identityNumber": ""}) == [("identityNumber", "EMPTY")]
    assert await wrong(api, "clerk", "verifyRecipient", **{**given, "capacity": "COURT"}) == [("capacity", "NOT_ALLOWED")]
    day = str(bank.day(9))
    assert await wrong(api, "clerk", "verifyRecipient", **given, authorityUntil=day) == [("authorityUntil", "NOT_ALLOWED")]
    attorney = {**given, "capacity": "ATTORNEY"}
    missing = [("authorityScanId", "REQUIRED"), ("authorityUntil", "REQUIRED")]
    assert await wrong(api, "clerk", "verifyRecipient", **attorney) == missing


async def test_the_labels_are_those_of_the_request_and_the_court_has_a_name(bank: World, api: Asking) -> None:
    case = await (await Case.make(bank)).ready()
    others = await api.barcodes(await bank.papers())
    given = {"requestId": f"request_{case.request}", "receiptScanId": f"scan_{case.receipt}"}
    assert await wrong(api, "kay", "releaseOnSettlement", **given, barcodes=others, expectedVersion="1") == [
        ("barcodes", "BARCODE_MISMATCH")
    ]
    court = {**given, "recordIds": [f"record_{case.papers[0]}"], "court": " "}
    assert await wrong(api, "legal", "closeAsSurrendered", **court) == [("court", "EMPTY")]


async def test_no_identity_number_is_kept_in_clear(bank: World, api: Asking) -> None:
    case = await Case.make(bank)
    await case.paid()
    number = "110101199003071234"
    given = {"requestId": f"request_{await case.asked()}", "capacity": "OWNER", "name": "王小明", "identityNumber": number}
    await api.does("clerk", "verifyRecipient", "release { id }", **given)
    for table in ("releases", "events", "operations", "idempotency_keys", "access_log", "row_versions"):
        found = await bank.sql(f"select count(*) from {table} t where strpos(t::text, $1) > 0", number)
        assert found == 0, table
    hexed = number.encode().hex()  # the canonical bytes of an event are shown as hex
    assert await bank.sql("select count(*) from events t where strpos(t::text, $1) > 0", hexed) == 0
