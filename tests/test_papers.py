"""Scans and inspection reports through the schema, on the real object store."""

import hashlib
from io import BytesIO
from typing import Any

import httpx
import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.demo.names import small_pdf
from server.scans import validation
from server.scans.documents.opener import Openers
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Role
from tests.harness.web import ANSWER_SECONDS_MAX
from tests.harness.world import World
from tests.scans import hostile_pdf

PDF = small_pdf("a scan")


@pytest.fixture
def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def run(who: str, name: str, payload: str, **given: Any) -> Any:
        head = name[0].upper() + name[1:]
        query = f"""mutation M($i: {head}Input!) {{ {name}(input: $i) {{ __typename ... on {head}Payload {{ {payload} }}
          ... on Problem {{ code message }} ... on InvalidInput {{ problems {{ path code message }} }} }} }}"""
        given.setdefault("idempotencyKey", f"{name}-{bank.number}-{len(given)}-{hash(str(given))}")
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables={"i": given})
        result = await schema.execute(query, {"i": given}, context)
        told = orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))
        return told["errors"] or told["data"][name]

    return run


def scan_of(record: Any, body: bytes = PDF, **changed: Any) -> dict[str, Any]:
    return {
        "subjectKind": "RECORD", "subjectId": f"record_{record}", "title": "登记证书", "mediaType": "application/pdf",
        "sha256": hashlib.sha256(body).hexdigest(), "sizeBytes": str(len(body)), "pages": 1, **changed,
    }  # fmt: skip


async def put(made: dict[str, Any], body: bytes, **changed: str) -> int:
    headers = dict(h.split(": ", 1) for h in made["uploadHeaders"]) | changed
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        return (await client.put(made["uploadUrl"], content=body, headers=headers)).status_code


REGISTER = "scan { id status scanVersion } uploadUrl uploadHeaders replayed"


async def test_a_scan_is_registered_put_confirmed_locked_and_linked(bank: World, run: Any) -> None:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", REGISTER, **scan_of(paper))
    assert made["scan"]["status"] == "REGISTERED"
    assert await put(made, PDF) == 200
    done = await run("officer", "confirmScan", "scan { status legalHold lockUntil } events { tag }", scanId=made["scan"]["id"])
    assert (done["scan"]["status"], done["scan"]["legalHold"], done["events"][0]["tag"]) == ("STORED", True, "scan:store:done")
    link = await run("auditor", "issueScanLink", "url expiresAt", scanId=made["scan"]["id"], version=1, purpose="年度审计")
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        answer = await client.get(link["url"])
    assert answer.content == PDF and answer.headers["content-disposition"].startswith("attachment")
    logged = await bank.root.fetchrow(
        "select result, purpose from access_log where action = 'issueScanLink' order by logged_at desc limit 1"
    )
    assert tuple(logged) == ("GRANTED", "年度审计")


async def test_a_new_scan_of_the_same_paper_supersedes_the_old_one(bank: World, run: Any) -> None:
    (paper,) = await bank.papers()
    for version in (1, 2):
        body = small_pdf(f"version {version}")
        made = await run("officer", "registerScan", REGISTER, **scan_of(paper, body))
        assert made["scan"]["scanVersion"] == version
        await put(made, body)
        done = await run("officer", "confirmScan", "scan { supersedes { scanVersion } }", scanId=made["scan"]["id"])
    assert done["scan"]["supersedes"] == {"scanVersion": 1}


@pytest.mark.parametrize(
    ("body", "changed", "code"),
    [
        (PDF + b"x", {"sizeBytes": str(len(PDF) + 1)}, "HASH_MISMATCH"),
        (b"\x89PNG\r\n\x1a\n....", {}, "MEDIA_TYPE_MISMATCH"),
        (b"%PDF-1.4 not really", {}, "DOCUMENT_REFUSED"),
        (hostile_pdf.acting("/JavaScript"), {}, "DOCUMENT_ACTIVE"),
        (small_pdf("two"), {"pages": 2}, "PAGES_MISMATCH"),
    ],
)
async def test_wrong_bytes_are_rejected_and_never_visible(
    bank: World, run: Any, objects: ObjectStore, body: bytes, changed: dict[str, Any], code: str
) -> None:
    (paper,) = await bank.papers()
    given = scan_of(paper, body) | changed | ({"sha256": hashlib.sha256(PDF).hexdigest()} if code == "HASH_MISMATCH" else {})
    made = await run("officer", "registerScan", REGISTER, **given)
    await objects.staging.put(f"staged/{made['scan']['id'][5:]}", BytesIO(body), "application/pdf")
    told = await run("officer", "confirmScan", "scan { id }", scanId=made["scan"]["id"])
    assert told["problems"][0]["code"] == code
    assert await bank.sql("select status from scans where id = $1::text::uuid", made["scan"]["id"][5:]) == "REJECTED"
    link = await run("auditor", "issueScanLink", "url", scanId=made["scan"]["id"], version=1, purpose="x")
    assert link["code"] == "NOT_FOUND"


async def test_a_scan_that_cannot_be_checked_now_waits_for_another_try(bank: World, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", REGISTER, **scan_of(paper))
    await put(made, PDF)
    with monkeypatch.context() as hurried:
        hurried.setattr(validation, "OPENERS_OF_THIS_PROCESS", Openers(wait_seconds=0.0))
        (told,) = await run("officer", "confirmScan", "scan { id }", scanId=made["scan"]["id"], idempotencyKey="the same")
    assert "try again" in told["message"]
    done = await run("officer", "confirmScan", "scan { status }", scanId=made["scan"]["id"], idempotencyKey="the same")
    assert done["scan"]["status"] == "STORED"


async def test_a_presigned_put_takes_only_the_bytes_that_were_announced(bank: World, run: Any) -> None:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", REGISTER, **scan_of(paper))
    assert await put(made, PDF.replace(b"a scan", b"b scan")) >= 400
    assert await put(made, PDF, **{"x-amz-checksum-sha256": "AAAA"}) >= 400
    assert await put(made, PDF) == 200
    assert await put(made, PDF) >= 400


@pytest.mark.parametrize(
    ("changed", "path", "code"),
    [
        ({"mediaType": "text/html"}, "mediaType", "MEDIA_TYPE_NOT_ALLOWED"),
        ({"sha256": "zz"}, "sha256", "NOT_A_SHA256"),
        ({"sizeBytes": "0"}, "sizeBytes", "SIZE_NOT_ALLOWED"),
        ({"sizeBytes": str(257 << 20)}, "sizeBytes", "SIZE_NOT_ALLOWED"),
        ({"title": " "}, "title", "EMPTY"),
    ],
)
async def test_a_wrong_announcement_is_told_by_path(bank: World, run: Any, changed: dict[str, Any], path: str, code: str) -> None:
    (paper,) = await bank.papers()
    told = await run("officer", "registerScan", REGISTER, **scan_of(paper, **changed))
    assert [(p["path"], p["code"]) for p in told["problems"]] == [([path], code)]


async def test_bytes_that_have_not_come_can_come_later(bank: World, run: Any) -> None:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", REGISTER, **scan_of(paper))
    told = await run("officer", "confirmScan", "scan { id }", scanId=made["scan"]["id"])
    assert told["problems"][0]["code"] == "UPLOAD_MISSING"
    await put(made, PDF)
    done = await run("officer", "confirmScan", "scan { status }", scanId=made["scan"]["id"], idempotencyKey="again")
    assert done["scan"]["status"] == "STORED"


DRAFT = {
    "kind": "PERIODIC", "subject": "ARCHIVES", "title": "贷后检查", "periodFrom": "2024-10-01", "periodTo": "2024-10-31",
    "analysis": "齐全", "proposal": "继续",
}  # fmt: skip


async def test_a_report_is_signed_in_order_by_different_people(bank: World, run: Any) -> None:
    vice = bank.people["vice"]
    await bank.sql("update org_units set president_in_charge_id = $1 where id = $2", vice.staff_id, vice.org_id)
    report = (await run("officer", "draftInspectionReport", "report { id version state }", **DRAFT))["report"]

    async def act(who: str, name: str, **more: Any) -> Any:
        version = str(await bank.sql("select version from inspection_reports where id = $1::text::uuid", report["id"][7:]))
        more["idempotencyKey"] = f"{who}-{name}-{version}"
        return await run(who, name, "report { state signOffs { role kind } }", reportId=report["id"], expectedVersion=version, **more)

    assert (await act("head", "signInspectionReport"))["problems"][0]["code"] == "WRONG_STATE"
    assert (await act("officer", "submitInspectionReport"))["report"]["state"] == "SUBMITTED"
    assert (await act("vice", "signInspectionReport"))["problems"][0]["code"] == "SIGNOFF_ORDER"
    assert (await act("head", "returnInspectionReport", reasons="缺少数据"))["report"]["state"] == "DRAFT"
    assert (await act("officer", "submitInspectionReport"))["report"]["state"] == "SUBMITTED"
    assert (await act("head", "signInspectionReport"))["report"]["state"] == "HEAD_SIGNED"
    assert (await act("head", "signInspectionReport"))["problems"][0]["code"] == "SIGNOFF_ORDER"
    assert (await act("vice", "signInspectionReport"))["report"]["state"] == "PRESIDENT_SIGNED"


async def test_nobody_signs_their_own_report(bank: World, run: Any) -> None:
    await bank.hire("author", {Role.LOAN_OFFICER, Role.CREDIT_DEPT_HEAD}, bank.branches["A"].id, (bank.branches["A"].id,))
    report = (await run("author", "draftInspectionReport", "report { id version }", **DRAFT))["report"]
    await run("author", "submitInspectionReport", "report { id }", reportId=report["id"], expectedVersion="1")
    told = await run("author", "signInspectionReport", "report { id }", reportId=report["id"], expectedVersion="2")
    assert told["problems"][0]["code"] == "SIGNOFF_ORDER"


async def test_a_locked_version_is_refused_to_everyone(bank: World, run: Any, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", REGISTER, **scan_of(paper))
    await put(made, PDF)
    await run("officer", "confirmScan", "scan { id }", scanId=made["scan"]["id"])
    row = await bank.root.fetchrow("select object_key, object_version_id from scans where id = $1::text::uuid", made["scan"]["id"][5:])
    with pytest.raises(Exception, match=r"AccessDenied|Forbidden|denied"):
        objects.client.s3.delete_object(Bucket="loanfile", Key=row["object_key"], VersionId=row["object_version_id"])
