"""The three questions: in our words, in PostGraphile's, with values drawn at random; and how two answers are compared."""

import base64
import hashlib
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench import data

VALUES = 300  # different cursors or numbers of each question
PAGE = """
query Page($after: String) {
  loans(first: 50, after: $after, sort: [{field: NUMBER}]) {
    pageInfo { hasNextPage endCursor }
    edges { node {
      id version number status classification termMonths annualRate startsOn maturesOn updatedAt
      principal { amount currencyCode } instalment { amount currencyCode }
      customer { id name district phoneMasked identityNumberMasked }
      product { code name } orgUnit { code name }
      contracts(first: 2) { edges { node { number kind signedOn amount { amount } } } }
    } }
  }
}"""
FILE = """
query File($number: String!) {
  loan(by: {number: $number}) {
    id version number status classification termMonths annualRate startsOn maturesOn updatedAt
    principal { amount currencyCode }
    customer { id name district phoneMasked identityNumberMasked addressMasked }
    product { code name } orgUnit { code name } manager { name } dealer { name }
    position { asOf principal { amount } interest { amount } overdue { amount } daysOverdue }
    contracts(first: 10) { edges { node { number kind signedOn amount { amount } isMaximumAmount } } }
    collateral { description plateNo vin value { amount } certificates { number kind issuer issuedOn isLive } }
    archiveRecords(first: 20) { edges { node {
      __typename id archiveNo barcode title state pages
      checkouts(first: 5) { edges { node {
        reservedAt outAt dueAt returnedAt closedAt holder { name } request { purpose submittedAt applicant { name } }
      } } }
      ... on FirstTierRecord { kind envelope { sealNo location { code } } }
      ... on SecondTierRecord { retentionClass items { title documentType pages } }
    } } }
    inspectionReports(first: 5) { edges { node { number title state } } }
  }
}"""
DEEP = """
query Deep($after: String) {
  loans(first: 50, after: $after, sort: [{field: NUMBER}]) {
    pageInfo { hasNextPage endCursor }
    edges { node { id number status startsOn principal { amount currencyCode } } }
  }
}"""
PEER_LOAN = "rowId version number status classification termMonths annualRate startsOn maturesOn updatedAt principalAmount currency"
PEER_PAGE = f"""
query Page($after: Cursor) {{
  allLoans(first: 50, after: $after, orderBy: [NUMBER_ASC]) {{
    pageInfo {{ hasNextPage endCursor }}
    edges {{ node {{
      {PEER_LOAN} instalmentAmount
      customer: customerByCustomerId {{ rowId name district phoneMasked identityNumberMasked }}
      product: loanProductByProductId {{ code name }} orgUnit: orgUnitByOrgId {{ code name }}
      contracts: loanContractsByLoanId(first: 2, orderBy: [CONTRACT_ID_ASC]) {{ edges {{ node {{
        contract: contractByContractId {{ number kind signedOn amount }} }} }} }}
    }} }}
  }}
}}"""
PEER_FILE = f"""
query File($number: String!) {{
  loanByNumber(number: $number) {{
    {PEER_LOAN}
    customer: customerByCustomerId {{ rowId name district phoneMasked identityNumberMasked addressMasked }}
    product: loanProductByProductId {{ code name }} orgUnit: orgUnitByOrgId {{ code name }}
    manager: staffByManagerId {{ name }} dealer: dealerByDealerId {{ name }}
    positions: loanPositionsByLoanId(first: 1, orderBy: [AS_OF_DESC]) {{
      nodes {{ asOf principalAmount interestAmount overdueAmount daysOverdue }} }}
    contracts: loanContractsByLoanId(first: 10, orderBy: [CONTRACT_ID_ASC]) {{ edges {{ node {{
      contract: contractByContractId {{ number kind signedOn amount isMaximumAmount }} }} }} }}
    collateral: loanCollateralsByLoanId(orderBy: [COLLATERAL_ID_ASC]) {{ nodes {{ collateral: collateralByCollateralId {{
      description plateNo vin valueAmount
      certificates: collateralCertificatesByCollateralId {{ nodes {{ number kind issuer issuedOn isLive }} }} }} }} }}
    records: archiveRecordsByPrimaryLoanId(first: 20) {{ nodes {{
      rowId archiveNo barcode title state pages tier kind retentionClass
      checkouts: movementsByRecordId(first: 5) {{ nodes {{
        reservedAt outAt dueAt returnedAt closedAt holder: staffByHolderId {{ name }}
        request: accessRequestByRequestId {{ purpose submittedAt applicant: staffByApplicantId {{ name }} }} }} }}
      envelope: sealedEnvelopeByEnvelopeId {{ sealNo location: storageLocationByLocationId {{ code }} }}
      items: fileItemsByRecordId(orderBy: [POSITION_ASC]) {{ nodes {{ title documentType pages }} }}
    }} }}
    reports: inspectionReportsByLoanId(first: 5) {{ nodes {{ number title state }} }}
  }}
}}"""
PEER_DEEP = """
query Deep($after: Cursor) {
  allLoans(first: 50, after: $after, orderBy: [NUMBER_ASC]) {
    pageInfo { hasNextPage endCursor }
    edges { node { rowId number status startsOn principalAmount currency } }
  }
}"""


@dataclass(frozen=True)
class Question:
    """A document, its words for PostGraphile, and the loans that it is asked about: the one named, or those after it."""

    name: str
    told: str
    document: str
    peer_document: str
    variable: str
    loans: tuple[int, ...]
    of_peer: Callable[[Any], Any]


def questions() -> list[Question]:
    """With values drawn from a fixed seed: loans that the officer sees; pages and files among those that have a file."""
    r = random.Random(11)

    def drawn(last: int) -> tuple[int, ...]:
        found = [n for n in (r.randrange(1, last) for _ in range(VALUES * 2)) if data.visible(n)]
        return tuple(found[:VALUES])

    near_end = 200  # a page begins far enough before the end to be full
    return [
        Question("page", "50 loans, 1,552 leaves", PAGE, PEER_PAGE, "after", drawn(data.FILES - near_end), _page_of_peer),
        Question("file", "one whole loan file", FILE, PEER_FILE, "number", drawn(data.FILES), _file_of_peer),
        Question("deep", "50 loans after a random one", DEEP, PEER_DEEP, "after", drawn(data.LOANS - near_end), _page_of_peer),
    ]


# Cursors -----------------------------------------------------------------------------------------------------------------
def our_cursor(n: int, secret: bytes, digest: bytes) -> str:
    """The cursor of loan n, as the server signs it."""
    payload = json.dumps([data.loan_number(n), data.loan_id(n).removeprefix("loan_")]).encode()
    inner, outer = (bytes(b ^ pad for b in secret.ljust(64, b"\0")) for pad in (0x36, 0x5C))
    mac = hashlib.sha256(outer + hashlib.sha256(inner + digest + payload).digest()).digest()[:18]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (payload, mac))


def orm_cursor(n: int) -> str:
    """The cursor of loan n, as the ORM server writes it."""
    return base64.urlsafe_b64encode(json.dumps([data.loan_number(n), data.loan_id(n).removeprefix("loan_")]).encode()).decode()


def peer_cursor(sample: str, n: int) -> str:
    """The cursor of loan n, from one of another loan: the digest of the order, then the number."""
    parts = json.loads(base64.b64decode(sample + "=" * (-len(sample) % 4)))
    values = [data.loan_number(n), data.loan_id(n).removeprefix("loan_")]
    return base64.b64encode(json.dumps([parts[0], *values[: len(parts) - 1]], separators=(",", ":")).encode()).decode()


# Answers -----------------------------------------------------------------------------------------------------------------
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
OPAQUE = {"endCursor", "cursor"}


def plain(value: Any) -> Any:
    """An answer without what each server spells in its own way: cursors, and the writing of instants."""
    if isinstance(value, dict):
        return {k: "" if k in OPAQUE else plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, str) and INSTANT.match(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value


def leaves(value: Any) -> int:
    """How many scalars an answer has."""
    if isinstance(value, dict):
        return sum(leaves(v) for v in value.values())
    return sum(leaves(v) for v in value) if isinstance(value, list) else 1


def _nodes(values: Any) -> Any:
    return {"edges": [{"node": value} for value in values]}


def _money(amount: Any) -> Any:
    return {"amount": amount}


def _loan_of_peer(given: dict[str, Any]) -> dict[str, Any]:
    made = dict(given)
    made["id"] = "loan_" + made.pop("rowId")
    currency = made.pop("currency")
    made["principal"] = {"amount": made.pop("principalAmount"), "currencyCode": currency}
    if "instalmentAmount" in made:
        made["instalment"] = {"amount": made.pop("instalmentAmount"), "currencyCode": currency}
    if "customer" in made:
        made["customer"] = {**made["customer"], "id": "customer_" + made["customer"]["rowId"]}
        del made["customer"]["rowId"]
    if "contracts" in made:
        found = [edge["node"]["contract"] for edge in made["contracts"]["edges"]]
        made["contracts"] = _nodes([{**c, "amount": _money(c["amount"])} for c in found])
    return made


def _page_of_peer(answer: Any) -> Any:
    page = answer["allLoans"]
    return {"loans": {"pageInfo": page["pageInfo"], **_nodes([_loan_of_peer(edge["node"]) for edge in page["edges"]])}}


def _record_of_peer(given: dict[str, Any]) -> dict[str, Any]:
    first = given["tier"] == "FIRST"
    made = {k: given[k] for k in ("archiveNo", "barcode", "title", "state", "pages")}
    made |= {"id": "record_" + given["rowId"], "__typename": "FirstTierRecord" if first else "SecondTierRecord"}
    made["checkouts"] = _nodes(given["checkouts"]["nodes"])
    if first:
        return made | {"kind": given["kind"], "envelope": given["envelope"]}
    return made | {"retentionClass": given["retentionClass"], "items": given["items"]["nodes"]}


def _file_of_peer(answer: Any) -> Any:
    made = _loan_of_peer(answer["loanByNumber"])
    position = made.pop("positions")["nodes"][0]
    made["position"] = {"asOf": position["asOf"], "daysOverdue": position["daysOverdue"]} | {
        name: _money(position[f"{name}Amount"]) for name in ("principal", "interest", "overdue")
    }
    made["collateral"] = [
        {k: c[k] for k in ("description", "plateNo", "vin")}
        | {"value": _money(c["valueAmount"]), "certificates": c["certificates"]["nodes"]}
        for c in (link["collateral"] for link in made["collateral"]["nodes"])
    ]
    made["archiveRecords"] = _nodes([_record_of_peer(record) for record in made.pop("records")["nodes"]])
    made["inspectionReports"] = _nodes(made.pop("reports")["nodes"])
    return {"loan": made}
