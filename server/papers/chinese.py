"""How a Chinese paper writes days, instants, amounts and the words of our vocabularies."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from server.custody.policy import BANK_ZONE

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")
WORDS = {
    "PAPER": {"CERTIFICATE": "权证", "INSURANCE_POLICY": "保险单", "RECEIPT": "回执", "SETTLEMENT_NOTICE": "结清通知书", "OTHER_TITLE": "其他权属凭证",
              "VOLUME": "信贷卷宗"},
    "ACT": {"CHECK_OUT": "借出", "RELEASE": "结清退还", "SUBSTITUTE": "置换出库", "SEND_HANDOVER": "移交", "SURRENDER": "移送司法"},
    "PURPOSE": {"EXTENSION_REREGISTRATION": "展期重新登记", "CERTIFICATE_CHANGE": "权证变更", "AUDIT_READING": "审计查阅",
                "LITIGATION_RESTRUCTURE_WRITEOFF": "诉讼、重组或核销", "CERTIFICATE_REISSUE": "权证补办", "AUDIT": "审计", "LITIGATION": "诉讼", "OTHER": "其他",
                "PAID_IN_FULL": "贷款结清", "REGISTRATION_CANCELLED": "抵押注销", "PARTIAL_RELEASE": "部分解押", "SUBSTITUTION": "押品置换"},
    "SEAT": {"KEY": "钥匙保管员", "CODE": "密码保管员", "CLERK": "登记员", "RECEIVER": "领取人", "ARCHIVIST": "档案员", "OFFICER": "客户经理",
             "SUPERVISOR": "监交人", "PROPOSER": "发起人", "SECOND": "复核人", "OVERRIDE": "特批人"},
    "RANK": {"CREDIT_DEPT_HEAD": "信贷部门负责人", "RISK_HEAD": "风险部门负责人", "VICE_PRESIDENT": "主管副行长", "OPS_HEAD": "运营负责人",
             "BRANCH_HEAD": "支行行长", "PRESIDENT": "行长"},
    "HANDOVER": {"BETWEEN_UNITS": "机构间移交", "TO_ARCHIVE": "移交档案部门", "CUSTODIAN": "保管人交接"},
    "LINE": {"LISTED": "已列入", "SENT": "在途", "ACKNOWLEDGED": "已接收", "REJECTED": "已退回", "RECALLED": "已撤回", "RESPONSIBILITY_ONLY": "仅移交责任"},
    "HANDOVER_STATE": {"DRAFT": "编制中", "SENT": "已发出", "PARTLY_ACKNOWLEDGED": "部分接收", "CLOSED": "已办结", "RECALLED": "已撤回"},
}  # fmt: skip


def word(vocabulary: str, member: str | None) -> str:
    """The Chinese word of a member; the member itself where the bank has no word for it."""
    return WORDS[vocabulary].get(member or "", member or "")


def day(value: date | datetime | None) -> str:
    """2026年11月25日, in the bank's own time."""
    if value is None:
        return ""
    local = value.astimezone(BANK_ZONE) if isinstance(value, datetime) else value
    return f"{local.year}年{local.month}月{local.day}日"


def instant(value: datetime | None) -> str:
    """2026年11月25日 17:30, in the bank's own time."""
    return f"{day(value)} {value.astimezone(BANK_ZONE):%H:%M}" if value else ""


def amount(value: Decimal | None) -> str:
    """¥100,000.00."""
    return "" if value is None else f"¥{value:,.2f}"


def capitals(value: Decimal | None) -> str:
    """壹拾万元整: an amount as nobody can alter it. Below 10,000 billion; an amount below zero is 负."""
    if value is None:
        return ""
    cents = int((abs(value) * 100).quantize(Decimal(1), ROUND_HALF_UP))
    whole, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    text = _whole(whole) + "元" if whole else "" if jiao or fen else "零元"
    if not jiao and not fen:
        return _signed(value, text + "整")
    if jiao:
        text += DIGITS[jiao] + "角"
    elif whole:
        text += "零"
    return _signed(value, text + (DIGITS[fen] + "分" if fen else "整"))


def _signed(value: Decimal, text: str) -> str:
    return f"负{text}" if value < 0 else text


def _whole(number: int) -> str:
    text, gap = "", False
    for place in range(len(GROUPS) - 1, -1, -1):
        group = number // 10_000**place % 10_000
        if not group:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += DIGITS[0]
        text, gap = text + _group(group) + GROUPS[place], False
    return text


def _group(number: int) -> str:
    text, gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            text += (DIGITS[0] if gap and text else "") + DIGITS[digit] + PLACES[place]
        gap = not digit
    return text
