"""The readable paper of an evidence pack (合同档案证据): one HTML page that needs nothing else, runs nothing, and prints."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.sql import TextClause

from server.custody.policy import BANK_ZONE
from server.errors import NotFound
from server.papers import chinese
from server.papers.telling import ACTIONS, COMPONENTS, FACTS, GRADES, HELD, KINDS, LACKING, PURPOSES, RESULTS, ROLES, STATES, TAGS
from storage.database import Connection

STYLE = """
@page { size: A4; margin: 16mm 14mm 18mm; @bottom-center { content: counter(page) " / " counter(pages); font-size: 8pt } }
* { box-sizing: border-box }
body { font: 10.5pt/1.6 "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, serif; color: #111; margin: 0 auto; max-width: 190mm; padding: 6mm }
h1 { font-size: 18pt; text-align: center; margin: 0 0 1mm } h2 { font-size: 12.5pt; margin: 7mm 0 2mm; border-bottom: .4mm solid #111; break-after: avoid }
p.sub { text-align: center; margin: 0 0 6mm; color: #444 }
table { border-collapse: collapse; width: 100%; font-size: 9pt; line-height: 1.45 }
th, td { border: .2mm solid #999; padding: 1mm 1.6mm; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { background: #eee; font-weight: 600 } thead { display: table-header-group } tr { break-inside: avoid }
.facts th { width: 26mm } .when { width: 30mm; white-space: nowrap } .who { width: 30mm } .what { width: 40mm }
code { font: 7.5pt/1.35 "Noto Sans Mono CJK SC", Consolas, Menlo, monospace; color: #444 }
.gone td { color: #666; background: #f6f6f6 } .no { color: #a00 }
"""
CODES = {**STATES, **KINDS, **GRADES, **HELD, **chinese.WORDS["SEAT"], **chinese.WORDS["PURPOSE"], **chinese.WORDS["RANK"]}
ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-")
HEAD = f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>合同档案证据</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>
"""


def _of(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("id", type_=Uuid))


_loans = "(select loan_id from loan_contracts where contract_id = :id)"
CONTRACT = _of("select number, kind, signed_on, amount, currency, is_maximum_amount from contracts where id = :id")
LOANS = _of(
    "select l.number, l.status, l.principal_amount, l.starts_on, l.matures_on, c.name as customer, u.name as unit from loans l"
    f" join customers c on c.id = l.customer_id join org_units u on u.id = l.org_id where l.id in {_loans} order by l.number"
)
THINGS = _of(
    "select distinct b.id, b.description, b.vin, b.plate_no from collateral b join loan_collateral x on x.collateral_id = b.id"
    f" where x.loan_id in {_loans} order by b.id"
)
RECORDS = _of(f"select archive_no, title, tier, state from archive_records where primary_loan_id in {_loans} order by archive_no")


async def facts(conn: Connection, contract: UUID) -> dict[str, Any]:
    """What the contract is, as the principal of the transaction sees it; NotFound when they do not."""
    found = await conn.row(CONTRACT, id=contract)
    if found is None:
        raise NotFound()
    told = {"loans": LOANS, "things": THINGS, "records": RECORDS}
    rows = {name: [dict(r) for r in await conn.rows(statement, id=contract)] for name, statement in told.items()}
    return {**dict(found), **rows}


def head(file: Mapping[str, Any], purpose: str, name: str, at: datetime, checkpoint: int) -> bytes:
    """Everything before the first line of the history."""
    most = "（最高额）" if file["is_maximum_amount"] else ""
    rows = [
        ("合同编号", file["number"]), ("合同类型", KINDS.get(file["kind"], file["kind"])), ("签订日期", chinese.day(file["signed_on"])),
        ("合同金额", f"{chinese.amount(file['amount'])} {file['currency']}{most}"),
    ]  # fmt: skip
    rows += [
        ("贷款", f"{r['number']}　{r['customer']}　{r['unit']}　{chinese.amount(r['principal_amount'])}　"
         f"{chinese.day(r['starts_on'])}至{chinese.day(r['matures_on'])}　{STATES.get(r['status'], r['status'])}")
        for r in file["loans"]
    ]  # fmt: skip
    rows += [("押品", "　".join(filter(None, (r["description"], r["vin"], r["plate_no"])))) for r in file["things"]]
    rows += [
        ("档案", f"{r['archive_no']}　{r['title']}　{STATES.get(r['tier'], '')}　{STATES.get(r['state'], r['state'])}")
        for r in file["records"]
    ]
    made = [
        ("用途", PURPOSES.get(purpose, purpose)), ("申请人", name), ("历史截至", chinese.instant(at)), ("检查点", f"第 {checkpoint} 号，见 checkpoint"),
        ("核验", "本页供阅读；作为证据的是同包的 history.jsonl 与 events.jsonl，核验方法见 README.txt。"),
    ]  # fmt: skip
    return (
        f"{HEAD}<h1>合同档案证据</h1><p class=sub>合同 {escape(file['number'])} 的全部历史</p>{_facts(rows)}<h2>本证据包</h2>{_facts(made)}"
        "<h2>历史</h2><table><thead><tr><th class=when>时间</th><th class=what>事项</th><th class=who>经办</th><th>内容</th></tr></thead><tbody>\n"
    ).encode()


def _facts(rows: Sequence[tuple[str, str]]) -> str:
    return "<table class=facts>" + "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in rows) + "</table>"


def row(line: Mapping[str, Any]) -> bytes:
    """One line of the history."""
    if "tag" not in line:
        where = _link(line) if "hash" in line else ""
        return f"<tr class=gone><td></td><td colspan=2>此处一条记录属于其他合同，不予披露</td><td>{where}</td></tr>\n".encode()
    by, at = line["by"], datetime.fromisoformat(line["at"]) if isinstance(line["at"], str) else line["at"]
    what = TAGS.get(line["tag"]) or ACTIONS.get(line["tag"], line["tag"])
    who = f"{escape(by['name'])}<br>{escape('、'.join(ROLES.get(role, role) for role in by['roles']))}"
    return (
        f"<tr><td>{chinese.day(at)}<br>{at.astimezone(BANK_ZONE):%H:%M:%S}</td><td>{escape(what)}<br>"
        f"<code>{COMPONENTS.get(line['component'], '')}</code></td><td>{who}</td><td>{_said(line)}</td></tr>\n"
    ).encode()


def _said(line: Mapping[str, Any]) -> str:
    detail, told = {name: value for name, value in line["detail"].items() if name not in ("act", "tier") and value not in ([], {})}, []
    if line.get("result"):
        told.append(f"<b class={'yes' if line['result'] == 'GRANTED' else 'no'}>{RESULTS.get(line['result'], line['result'])}</b>")
    if line.get("purpose"):
        detail.pop("purpose", None)
        told.append(f"用途：{escape(PURPOSES.get(line['purpose'], line['purpose']))}")
    was, now = detail.pop("from", None), detail.pop("to", None)
    if now:
        told.append(" → ".join(escape(STATES.get(state, str(state))) for state in (was, now) if state))
    for name, said in line.get("words", {}).items():
        detail.pop(name, None)
        told.append(f"{FACTS.get(name, escape(name))}：{escape(said['words'])}")
    small = []  # ids, and what has no word
    for name, value in sorted(detail.items(), key=lambda one: list(FACTS).index(one[0]) if one[0] in FACTS else len(FACTS)):
        said = f"{FACTS.get(name, name)}：{_plain(value)}"
        if name in FACTS and not ID.search(said):
            told.append(escape(said))
        else:
            small.append(said)
    if small:
        told.append(f"<code>{escape('；'.join(small))}</code>")
    if line.get("withheld") or line.get("words_withheld"):
        told.append("<i>（涉及其他合同的内容不予披露）</i>")
    if line.get("seq"):
        told.append(_link(line))
    return "<br>".join(told)


def _link(line: Mapping[str, Any]) -> str:
    """Which link of its chain it is; the whole hash stands in events.jsonl."""
    return f"<code>链序号 {line['seq']}　哈希 {line['hash'][:16]}…</code>"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "、".join(f"{k} {_plain(v)}" for k, v in sorted(value.items()))
    if isinstance(value, list):
        return "、".join(map(_plain, value))
    if isinstance(value, bool):
        return "是" if value else "否"
    return CODES.get(value, value) if isinstance(value, str) else str(value)


def foot(scans: Sequence[Mapping[str, Any]]) -> bytes:
    """The scans behind the last line, and the end."""
    rows = "".join(
        f"<tr><td>{escape(scan.get('title') or '')}　第 {scan['version']} 版</td><td>{escape(scan['member'] or LACKING.get(scan['lacks'], scan['lacks']))}"
        f"</td><td><code>{scan.get('sha256', '')}</code></td></tr>\n"
        for scan in scans
    )
    table = (
        f"<table><thead><tr><th>扫描件</th><th>文件</th><th>SHA-256</th></tr></thead><tbody>{rows}</tbody></table>"
        if scans
        else "<p>无。</p>"
    )
    return f"</tbody></table><h2>扫描件</h2>{table}</body></html>\n".encode()
