"""Inspection reports: drafted, submitted, signed by the head of the credit department, then by the president in charge."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Integer, select

from server import idempotency
from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound, VersionConflict
from storage.database import Connection, Database, Principal
from storage.statements import the
from storage.tables import inspection_reports, loans, org_units, report_sign_offs
from storage.terms import ReportKind, ReportState, ReportSubject, Role, SignOffKind

DRAFTERS = frozenset({Role.INSPECTOR, Role.LOAN_OFFICER, Role.RISK_HEAD, Role.COLLECTIONS})
SIGNERS = frozenset({Role.CREDIT_DEPT_HEAD, Role.VICE_PRESIDENT, Role.PRESIDENT})
IN_CHARGE = frozenset({Role.VICE_PRESIDENT, Role.PRESIDENT})


REPORT_LOCKED = select(inspection_reports).where(inspection_reports.c.id == the("id")).with_for_update()
SIGNED = select(report_sign_offs.c.staff_id).where(
    report_sign_offs.c.report_id == the("id"), report_sign_offs.c.round == the("round", Integer)
)
PRESIDENT = select(org_units.c.president_in_charge_id).where(org_units.c.id == the("org"))
LOAN = select(loans.c.id, loans.c.org_id).where(loans.c.id == the("id"))


@dataclass(frozen=True, slots=True)
class NewReport:
    """What the inspector writes."""

    kind: ReportKind
    subject: ReportSubject
    org: UUID
    title: str
    period: tuple[date, date]
    analysis: str
    proposal: str
    loan: UUID | None = None

    def told(self) -> dict[str, Any]:
        """What is hashed for the key."""
        return {
            "kind": self.kind.value, "subject": self.subject.value, "loan": self.loan, "title": self.title,
            "period": list(self.period), "analysis": self.analysis, "proposal": self.proposal,
        }  # fmt: skip


@dataclass(slots=True)
class Inspections:
    """The use cases of inspection reports; each answers an outcome with `report`, `events` and `replayed`."""

    database: Database

    async def draft(self, principal: Principal, new: NewReport, *, key: str) -> dict[str, Any]:
        """A new report in DRAFT."""
        _admit(principal, DRAFTERS)
        if new.period[1] < new.period[0]:
            raise InvalidInput([InputProblem(("periodTo",), "PERIOD_REVERSED")])
        for name, text in (("title", new.title), ("analysis", new.analysis), ("proposal", new.proposal)):
            if not text.strip():
                raise InvalidInput([InputProblem((name,), "EMPTY")])
        async with self.database.transaction(principal) as conn:
            if (spent := await idempotency.spend(conn, principal, "draftInspectionReport", key, new.told())) is not None:
                return spent | {"replayed": True}
            if new.loan is not None and await conn.row(LOAN, the_id=new.loan) is None:
                raise NotFound()
            at, id_ = datetime.now(UTC), uuid4()
            number = f"IR{at:%Y%m%d}-{id_.hex[:8].upper()}"
            await conn.insert(
                inspection_reports,
                {
                    "id": id_, "org_id": new.org, "number": number, "kind": new.kind, "subject": new.subject, "loan_id": new.loan,
                    "title": new.title, "period_from": new.period[0], "period_to": new.period[1], "analysis": new.analysis,
                    "proposal": new.proposal, "drafted_by": principal.staff_id, "drafted_at": at,
                },
            )  # fmt: skip
            row = {"id": id_, "loan_id": new.loan, "org_id": new.org}
            return await self._kept(conn, principal, "draftInspectionReport", key, row, Tag.REPORT_DRAFTED, at, number=number)

    async def submit(self, principal: Principal, report: UUID, *, version: int | None, key: str) -> dict[str, Any]:
        """DRAFT to SUBMITTED, by whoever wrote it; a new round of signatures begins."""
        _admit(principal, DRAFTERS)
        async with self.database.transaction(principal) as conn:
            told = {"report": report, "version": version}
            if (spent := await idempotency.spend(conn, principal, "submitInspectionReport", key, told)) is not None:
                return spent | {"replayed": True}
            row = await _locked(conn, report, version, ReportState.DRAFT)
            if row["drafted_by"] != principal.staff_id:
                raise Forbidden("Only its author submits a report.")
            at = datetime.now(UTC)
            changed = {"state": ReportState.SUBMITTED, "round": row["round"] + 1, "submitted_at": at}
            await conn.update(inspection_reports, {"id": report}, changed)
            return await self._kept(conn, principal, "submitInspectionReport", key, row, Tag.REPORT_SUBMITTED, at, round=row["round"] + 1)

    async def sign(self, principal: Principal, report: UUID, *, version: int | None, key: str) -> dict[str, Any]:
        """The head of the credit department first, then the president in charge of the unit; neither is the author or the other."""
        return await self._decide(principal, report, version, key, None)

    async def send_back(self, principal: Principal, report: UUID, *, version: int | None, reasons: str, key: str) -> dict[str, Any]:
        """Whoever would sign next returns it to DRAFT with reasons."""
        if not reasons.strip():
            raise InvalidInput([InputProblem(("reasons",), "EMPTY")])
        return await self._decide(principal, report, version, key, reasons)

    async def _decide(self, principal: Principal, report: UUID, version: int | None, key: str, reasons: str | None) -> dict[str, Any]:
        _admit(principal, SIGNERS)
        mutation = "signInspectionReport" if reasons is None else "returnInspectionReport"
        async with self.database.transaction(principal) as conn:
            told = {"report": report, "version": version, "reasons": reasons}
            if (spent := await idempotency.spend(conn, principal, mutation, key, told)) is not None:
                return spent | {"replayed": True}
            row = await _locked(conn, report, version, ReportState.SUBMITTED, ReportState.HEAD_SIGNED)
            role = await self._signs_as(conn, principal, row)
            at = datetime.now(UTC)
            kind = SignOffKind.SIGNED if reasons is None else SignOffKind.RETURNED
            line = {"report_id": report, "round": row["round"], "kind": kind, "role": role, "staff_id": principal.staff_id}
            await conn.insert(report_sign_offs, line | {"signed_at": at, "reasons": reasons})
            signed = ReportState.HEAD_SIGNED if role is Role.CREDIT_DEPT_HEAD else ReportState.PRESIDENT_SIGNED
            await conn.update(inspection_reports, {"id": report}, {"state": signed if reasons is None else ReportState.DRAFT})
            tag = Tag.REPORT_SIGNED if reasons is None else Tag.REPORT_RETURNED
            return await self._kept(conn, principal, mutation, key, row, tag, at, role=role, round=row["round"])

    async def _signs_as(self, conn: Connection, principal: Principal, row: Any) -> Role:
        """The role in which this person signs next; InvalidInput SIGNOFF_ORDER when it is not their turn."""
        others = {r["staff_id"] for r in await conn.rows(SIGNED, the_id=row["id"], the_round=row["round"])} | {row["drafted_by"]}
        if principal.staff_id not in others:
            if row["state"] == ReportState.SUBMITTED and Role.CREDIT_DEPT_HEAD in principal.roles:
                return Role.CREDIT_DEPT_HEAD
            in_charge = await conn.value(PRESIDENT, the_org=row["org_id"])
            if row["state"] == ReportState.HEAD_SIGNED and in_charge == principal.staff_id and IN_CHARGE & principal.roles:
                return min(IN_CHARGE & principal.roles)
        raise InvalidInput([InputProblem(("reportId",), "SIGNOFF_ORDER")])

    async def _kept(
        self, conn: Connection, principal: Principal, mutation: str, key: str, row: Any, tag: Tag, at: datetime, **detail: Any
    ) -> dict[str, Any]:
        chain = row["loan_id"] or row["org_id"]
        chains = await Chains.lock(conn, [chain])
        chains.note(chain, tag, subject=("report", row["id"]), by=principal.staff_id, at=at, **detail)
        outcome = {"report": str(row["id"]), "events": [str(e) for e in await chains.write()]}
        await idempotency.keep(conn, principal, mutation, key, outcome)
        return outcome | {"replayed": False}


async def _locked(conn: Connection, report: UUID, version: int | None, *states: ReportState) -> Any:
    row = await conn.row(REPORT_LOCKED, the_id=report)
    if row is None:
        raise NotFound()
    if version is not None and version != row["version"]:
        raise VersionConflict(row["version"])
    if row["state"] not in states:
        raise InvalidInput([InputProblem(("reportId",), "WRONG_STATE")])
    return row


def _admit(principal: Principal, roles: frozenset[Role]) -> None:
    if not roles & principal.roles:
        raise Forbidden(f"This is for {', '.join(sorted(roles))}.")
