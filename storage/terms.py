"""Every stored vocabulary, in the words of the bank.

Stdlib only: the pure rules import this module and nothing else of ours. A member's value is what stands in the row.
"""

from enum import StrEnum


class OrgLevel(StrEnum):
    """Level of an organisational unit (机构层级)."""

    HEAD_OFFICE = "HEAD_OFFICE"
    BRANCH = "BRANCH"
    SUB_BRANCH = "SUB_BRANCH"


class StaffKind(StrEnum):
    """A person, or a service that never holds a custody seat."""

    PERSON = "PERSON"
    SERVICE = "SERVICE"


class Role(StrEnum):
    """What a member of staff may do; one person may have several."""

    LOAN_OFFICER = "LOAN_OFFICER"
    CREDIT_DEPT_HEAD = "CREDIT_DEPT_HEAD"
    RISK_HEAD = "RISK_HEAD"
    OPS_HEAD = "OPS_HEAD"
    BRANCH_HEAD = "BRANCH_HEAD"
    VICE_PRESIDENT = "VICE_PRESIDENT"
    PRESIDENT = "PRESIDENT"
    PRESIDENT_OFFICE = "PRESIDENT_OFFICE"
    ARCHIVIST = "ARCHIVIST"
    VAULT_KEEPER_KEY = "VAULT_KEEPER_KEY"
    VAULT_KEEPER_CODE = "VAULT_KEEPER_CODE"
    REGISTER_CLERK = "REGISTER_CLERK"
    COLLECTIONS = "COLLECTIONS"
    LEGAL = "LEGAL"
    COMPLIANCE = "COMPLIANCE"
    AUDITOR = "AUDITOR"
    INSPECTOR = "INSPECTOR"
    ADMIN = "ADMIN"
    EXAMINER = "EXAMINER"
    SYSTEM = "SYSTEM"


class Seat(StrEnum):
    """A place in an operation that one person takes."""

    KEY = "KEY"
    CODE = "CODE"
    CLERK = "CLERK"
    RECEIVER = "RECEIVER"
    ARCHIVIST = "ARCHIVIST"
    PROPOSER = "PROPOSER"
    SECOND = "SECOND"
    OFFICER = "OFFICER"
    SUPERVISOR = "SUPERVISOR"
    OVERRIDE = "OVERRIDE"


class Tier(StrEnum):
    """First tier (一级档案): one paper in the vault. Second tier (二级档案): one volume with the archivist."""

    FIRST = "FIRST"
    SECOND = "SECOND"


class PaperKind(StrEnum):
    """What a first-tier record is."""

    CERTIFICATE = "CERTIFICATE"
    INSURANCE_POLICY = "INSURANCE_POLICY"
    RECEIPT = "RECEIPT"
    SETTLEMENT_NOTICE = "SETTLEMENT_NOTICE"
    OTHER_TITLE = "OTHER_TITLE"


class RecordState(StrEnum):
    """Where a record stands: the union of both state machines."""

    AWAITED = "AWAITED"
    PENDING_INTAKE = "PENDING_INTAKE"
    IN_VAULT = "IN_VAULT"
    COLLECTING = "COLLECTING"
    SUBMITTED = "SUBMITTED"
    FILED = "FILED"
    READING = "READING"
    RESERVED = "RESERVED"
    CHECKED_OUT = "CHECKED_OUT"
    RETURN_PENDING = "RETURN_PENDING"
    IN_TRANSIT = "IN_TRANSIT"
    CLOSED_VOLUME = "CLOSED_VOLUME"
    ARCHIVED = "ARCHIVED"
    DISPOSAL_PROPOSED = "DISPOSAL_PROPOSED"
    DISPOSAL_APPROVED = "DISPOSAL_APPROVED"
    MISSING = "MISSING"
    LOST = "LOST"
    REPLACED = "REPLACED"
    RELEASED = "RELEASED"
    SUBSTITUTED = "SUBSTITUTED"
    SURRENDERED = "SURRENDERED"
    CLOSED_LOST = "CLOSED_LOST"
    DESTROYED = "DESTROYED"


class Action(StrEnum):
    """An act of the custody desk or of administration; the rules table names the acts each rule guards."""

    REGISTER = "REGISTER"
    INTAKE = "INTAKE"
    SUBMIT_VOLUME = "SUBMIT_VOLUME"
    ACCEPT_VOLUME = "ACCEPT_VOLUME"
    REQUEST_CHECKOUT = "REQUEST_CHECKOUT"
    REQUEST_READING = "REQUEST_READING"
    REQUEST_EXTENSION = "REQUEST_EXTENSION"
    APPROVE = "APPROVE"
    RESERVE = "RESERVE"
    EXTEND = "EXTEND"
    REJECT = "REJECT"
    CANCEL = "CANCEL"
    LAPSE = "LAPSE"
    CHECK_OUT = "CHECK_OUT"
    CONFIRM = "CONFIRM"
    WITHDRAW = "WITHDRAW"
    PRESENT_RETURN = "PRESENT_RETURN"
    ACCEPT_RETURN = "ACCEPT_RETURN"
    REJECT_RETURN = "REJECT_RETURN"
    RETURN_MISSING = "RETURN_MISSING"
    START_READING = "START_READING"
    END_READING = "END_READING"
    PLACE_HOLD = "PLACE_HOLD"
    LIFT_HOLD = "LIFT_HOLD"
    REPORT_MISSING = "REPORT_MISSING"
    POST_POSITION = "POST_POSITION"
    ISSUE_NOTICE = "ISSUE_NOTICE"
    REQUEST_RELEASE = "REQUEST_RELEASE"
    REQUEST_SUBSTITUTION = "REQUEST_SUBSTITUTION"
    VERIFY_RECIPIENT = "VERIFY_RECIPIENT"
    RELEASE = "RELEASE"
    SUBSTITUTE = "SUBSTITUTE"
    SURRENDER = "SURRENDER"
    ENQUEUE = "ENQUEUE"
    SERVE = "SERVE"
    RECALL = "RECALL"
    OVERDUE_SEARCH = "OVERDUE_SEARCH"
    CREATE_ORG_UNIT = "CREATE_ORG_UNIT"
    REGISTER_STAFF = "REGISTER_STAFF"
    GRANT_ROLE = "GRANT_ROLE"
    REVOKE_ROLE = "REVOKE_ROLE"
    DELEGATE = "DELEGATE"
    ASSIGN_DUTY = "ASSIGN_DUTY"
    HAND_OVER_DUTY = "HAND_OVER_DUTY"
    DECLARE_RELATION = "DECLARE_RELATION"
    DEACTIVATE_STAFF = "DEACTIVATE_STAFF"
    CREATE_LOCATIONS = "CREATE_LOCATIONS"
    PROPOSE_POLICY = "PROPOSE_POLICY"
    GRANT_READING = "GRANT_READING"
    CORRECT = "CORRECT"
    AMEND_CONTRACT = "AMEND_CONTRACT"
    CREATE_HANDOVER = "CREATE_HANDOVER"
    ADD_HANDOVER_LINES = "ADD_HANDOVER_LINES"
    REMOVE_HANDOVER_LINES = "REMOVE_HANDOVER_LINES"
    SEND_HANDOVER = "SEND_HANDOVER"
    SEND_PENDING = "SEND_PENDING"
    SEND_RESPONSIBILITY = "SEND_RESPONSIBILITY"
    RECEIVE_HANDOVER = "RECEIVE_HANDOVER"
    RECEIVE_PENDING = "RECEIVE_PENDING"
    RECEIVE_RESPONSIBILITY = "RECEIVE_RESPONSIBILITY"
    RECEIVE_CUSTODY = "RECEIVE_CUSTODY"
    REJECT_HANDOVER = "REJECT_HANDOVER"
    TAKE_BACK = "TAKE_BACK"
    TAKE_BACK_PENDING = "TAKE_BACK_PENDING"
    RECALL_RESPONSIBILITY = "RECALL_RESPONSIBILITY"
    TRANSFER_LOANS = "TRANSFER_LOANS"
    CLOSE_ORG_UNIT = "CLOSE_ORG_UNIT"
    EXPECT_PAPER = "EXPECT_PAPER"
    RECORD_ARRIVAL = "RECORD_ARRIVAL"
    REGISTER_FIRST_TIER = "REGISTER_FIRST_TIER"
    REFUSE_INTAKE = "REFUSE_INTAKE"
    SEAL_ENVELOPE = "SEAL_ENVELOPE"
    OPEN_ENVELOPE = "OPEN_ENVELOPE"
    MOVE_LOCATION = "MOVE_LOCATION"
    REPORT_BROKEN_SEAL = "REPORT_BROKEN_SEAL"
    ACCEPT_CHANGED_RETURN = "ACCEPT_CHANGED_RETURN"
    REPLACE_RETURNED = "REPLACE_RETURNED"
    RECORD_REGISTRY_CHECK = "RECORD_REGISTRY_CHECK"
    REPLACE_BARCODE = "REPLACE_BARCODE"
    REGISTER_BAILEE_LETTER = "REGISTER_BAILEE_LETTER"
    CLAIM_RETURNED = "CLAIM_RETURNED"
    RESOLVE_CLAIM = "RESOLVE_CLAIM"
    VOID_TICKET = "VOID_TICKET"
    BOOK_OFF_BALANCE_ENTRY = "BOOK_OFF_BALANCE_ENTRY"
    REVIEW_EMERGENCY = "REVIEW_EMERGENCY"
    OPEN_CASE = "OPEN_CASE"
    RESOLVE_DISCREPANCY = "RESOLVE_DISCREPANCY"
    REPORT_ITEM_MISSING = "REPORT_ITEM_MISSING"
    RECORD_SEARCH = "RECORD_SEARCH"
    NOTIFY_COMPLIANCE = "NOTIFY_COMPLIANCE"
    RESOLVE_FOUND = "RESOLVE_FOUND"
    DECLARE_LOST = "DECLARE_LOST"
    RECORD_REISSUE = "RECORD_REISSUE"
    RECORD_VOIDED_ORIGINAL = "RECORD_VOIDED_ORIGINAL"
    CLOSE_LOST = "CLOSE_LOST"
    REGISTER_SECOND_TIER = "REGISTER_SECOND_TIER"
    ADD_FILE_ITEM = "ADD_FILE_ITEM"
    RETURN_VOLUME = "RETURN_VOLUME"
    RECORD_ELEMENT_CHECK = "RECORD_ELEMENT_CHECK"
    CLOSE_VOLUME = "CLOSE_VOLUME"
    REOPEN_VOLUME = "REOPEN_VOLUME"
    PROPOSE_DISPOSAL = "PROPOSE_DISPOSAL"
    APPROVE_DISPOSAL = "APPROVE_DISPOSAL"
    REJECT_DISPOSAL = "REJECT_DISPOSAL"
    EXECUTE_DISPOSAL = "EXECUTE_DISPOSAL"
    STOP_DISPOSAL = "STOP_DISPOSAL"
    OPEN_STOCKTAKE = "OPEN_STOCKTAKE"
    SUBMIT_COUNT = "SUBMIT_COUNT"
    COMPARE_COUNTS = "COMPARE_COUNTS"
    COUNT_MISSING = "COUNT_MISSING"
    SIGN_STOCKTAKE = "SIGN_STOCKTAKE"


class CorrectionSubject(StrEnum):
    """What a correction is about."""

    EVENT = "EVENT"
    RECORD = "RECORD"
    FILE_ITEM = "FILE_ITEM"
    CERTIFICATE = "CERTIFICATE"
    CONTRACT = "CONTRACT"


class LabelKind(StrEnum):
    """What a label is printed for; its first letter begins the code."""

    PAPER = "PAPER"
    VOLUME = "VOLUME"
    ENVELOPE = "ENVELOPE"


class Purpose(StrEnum):
    """Why a paper leaves its place (C13)."""

    EXTENSION_REREGISTRATION = "EXTENSION_REREGISTRATION"
    CERTIFICATE_CHANGE = "CERTIFICATE_CHANGE"
    AUDIT_READING = "AUDIT_READING"
    LITIGATION_RESTRUCTURE_WRITEOFF = "LITIGATION_RESTRUCTURE_WRITEOFF"
    CERTIFICATE_REISSUE = "CERTIFICATE_REISSUE"
    AUDIT = "AUDIT"
    LITIGATION = "LITIGATION"
    OTHER = "OTHER"
    PAID_IN_FULL = "PAID_IN_FULL"
    REGISTRATION_CANCELLED = "REGISTRATION_CANCELLED"
    PARTIAL_RELEASE = "PARTIAL_RELEASE"
    SUBSTITUTION = "SUBSTITUTION"


class RequestKind(StrEnum):
    """What an access request asks for."""

    CHECKOUT = "CHECKOUT"
    READ_ON_SITE = "READ_ON_SITE"
    RELEASE = "RELEASE"
    SUBSTITUTION = "SUBSTITUTION"
    EXTENSION = "EXTENSION"


class RequestState(StrEnum):
    """Life of an access request."""

    SUBMITTED = "SUBMITTED"
    WAITING = "WAITING"
    APPROVED = "APPROVED"
    FULFILLED = "FULFILLED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    LAPSED = "LAPSED"


class OperationState(StrEnum):
    """Life of an operation."""

    PENDING = "PENDING"
    DONE = "DONE"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


class MovementKind(StrEnum):
    """What a movement is for: lending, reading in the room, leaving for good, a transit, or an act that nobody asked for."""

    CHECKOUT = "CHECKOUT"
    READING = "READING"
    RELEASE = "RELEASE"
    SUBSTITUTION = "SUBSTITUTION"
    TRANSIT = "TRANSIT"
    ACT = "ACT"


class MovementEnd(StrEnum):
    """How a movement ended otherwise than by an accepted return; null for that, and for what was never used."""

    RELEASED = "RELEASED"
    SUBSTITUTED = "SUBSTITUTED"
    SURRENDERED = "SURRENDERED"
    REPLACED = "REPLACED"
    FOUND = "FOUND"
    LOST = "LOST"
    ARRIVED = "ARRIVED"
    REJECTED = "REJECTED"
    RECALLED = "RECALLED"


class NoticeState(StrEnum):
    """Life of a settlement notice; derived from its rows, never stored."""

    ISSUED = "ISSUED"
    FILED = "FILED"
    VOID = "VOID"


class ReleaseState(StrEnum):
    """Life of a release: its recipient is verified, then the papers are theirs."""

    DRAFT = "DRAFT"
    DONE = "DONE"


class RecipientCapacity(StrEnum):
    """As what somebody receives released papers (C37)."""

    OWNER = "OWNER"
    ATTORNEY = "ATTORNEY"
    COURT = "COURT"


class MovementPhase(StrEnum):
    """Phase of a movement; derived from its instants, never stored."""

    RESERVED = "RESERVED"
    READING = "READING"
    OUT = "OUT"
    RETURNED = "RETURNED"
    CLOSED = "CLOSED"


class HoldKind(StrEnum):
    """Why a record is frozen by law or rule."""

    LEGAL = "LEGAL"
    REGULATORY = "REGULATORY"
    AUDIT = "AUDIT"
    RECOVERY = "RECOVERY"


class HoldSubject(StrEnum):
    """What a hold is placed on."""

    RECORD = "RECORD"
    LOAN = "LOAN"
    COLLATERAL = "COLLATERAL"
    CUSTOMER = "CUSTOMER"
    DEALER = "DEALER"


class DiscrepancyKind(StrEnum):
    """How the shelf differs from the list."""

    MISSING = "MISSING"
    EXTRA = "EXTRA"
    WRONG_SLOT = "WRONG_SLOT"
    SEAL_BROKEN = "SEAL_BROKEN"
    DAMAGED = "DAMAGED"
    PAYOFF_REVERSED = "PAYOFF_REVERSED"
    RIGHT_NOT_SHOWN = "RIGHT_NOT_SHOWN"  # by the registry, or by a certificate that came back


class DiscrepancyState(StrEnum):
    """Life of a discrepancy."""

    OPEN = "OPEN"
    CASE = "CASE"
    RESOLVED = "RESOLVED"


class HandoverKind(StrEnum):
    """What passes from whom to whom: papers to another unit or to the archive department, or the care of them to a colleague."""

    BETWEEN_UNITS = "BETWEEN_UNITS"
    TO_ARCHIVE = "TO_ARCHIVE"
    CUSTODIAN = "CUSTODIAN"


class HandoverState(StrEnum):
    """Life of a handover; follows from its lines."""

    DRAFT = "DRAFT"
    SENT = "SENT"
    PARTLY_ACKNOWLEDGED = "PARTLY_ACKNOWLEDGED"
    CLOSED = "CLOSED"
    RECALLED = "RECALLED"


class HandoverLineState(StrEnum):
    """Life of a line; RESPONSIBILITY_ONLY is the acknowledged line of a paper that did not move."""

    LISTED = "LISTED"
    SENT = "SENT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESPONSIBILITY_ONLY = "RESPONSIBILITY_ONLY"
    REJECTED = "REJECTED"
    RECALLED = "RECALLED"


class HandoverStanding(StrEnum):
    """Which lines of a handover are sent together: those in their place, those that wait for the vault, those that are out."""

    IN_PLACE = "IN_PLACE"
    PENDING = "PENDING"
    OUT = "OUT"


class LossState(StrEnum):
    """Life of the case of a record that is not there."""

    OPEN = "OPEN"
    SEARCHED = "SEARCHED"
    LOST = "LOST"
    CLOSED = "CLOSED"


class LossOutcome(StrEnum):
    """How the case of a record that was not there ended."""

    FOUND = "FOUND"
    REPLACED = "REPLACED"
    CLOSED_LOST = "CLOSED_LOST"


class ItemState(StrEnum):
    """Whether a paper is in its volume; derived from the open discrepancies, never stored."""

    PRESENT = "PRESENT"
    MISSING = "MISSING"


class StocktakeState(StrEnum):
    """Life of a stocktake (盘库)."""

    OPEN = "OPEN"
    COUNTING = "COUNTING"
    COMPARED = "COMPARED"
    SIGNED = "SIGNED"


class Expectation(StrEnum):
    """What the list says of a thing at the instant of the frame."""

    PRESENT = "PRESENT"
    OUT = "OUT"
    REGISTRY = "REGISTRY"
    NOTHING = "NOTHING"


class CountResult(StrEnum):
    """What the comparison found of a line: as listed, expected absent, or how it differs."""

    MATCHED = "MATCHED"
    OUT_WITH_TICKET = "OUT_WITH_TICKET"
    MOVED_SINCE = "MOVED_SINCE"
    TO_RECHECK = "TO_RECHECK"
    MISSING = "MISSING"
    EXTRA = "EXTRA"
    WRONG_SLOT = "WRONG_SLOT"
    SEAL_BROKEN = "SEAL_BROKEN"


class LoanStatus(StrEnum):
    """Life of a loan; overdue is derived, not a status."""

    ACTIVE = "ACTIVE"
    SETTLED = "SETTLED"
    WRITTEN_OFF = "WRITTEN_OFF"


class Classification(StrEnum):
    """Five-grade risk classification (五级分类)."""

    PASS = "PASS"  # noqa: S105  # a grade
    SPECIAL_MENTION = "SPECIAL_MENTION"
    SUBSTANDARD = "SUBSTANDARD"
    DOUBTFUL = "DOUBTFUL"
    LOSS = "LOSS"


class PayoffKind(StrEnum):
    """How a loan was paid off."""

    CASH = "CASH"
    TRANSFER = "TRANSFER"
    CHEQUE = "CHEQUE"
    DEALER = "DEALER"
    INSURER = "INSURER"


class ContractKind(StrEnum):
    """Kind of contract."""

    LOAN = "LOAN"
    MORTGAGE = "MORTGAGE"
    PLEDGE = "PLEDGE"
    GUARANTEE = "GUARANTEE"
    DEALER = "DEALER"


class CollateralKind(StrEnum):
    """Kind of collateral."""

    VEHICLE = "VEHICLE"
    REAL_ESTATE = "REAL_ESTATE"
    INVENTORY = "INVENTORY"
    DEPOSIT = "DEPOSIT"


class CertificateKind(StrEnum):
    """Kind of title certificate."""

    VEHICLE_TITLE = "VEHICLE_TITLE"
    OTHER_RIGHT = "OTHER_RIGHT"
    REAL_ESTATE_TITLE = "REAL_ESTATE_TITLE"


class LocationKind(StrEnum):
    """Level of a place in the vault or archive room."""

    VAULT = "VAULT"
    ROOM = "ROOM"
    CABINET = "CABINET"
    SLOT = "SLOT"


class DocumentType(StrEnum):
    """What a paper in a second-tier volume is."""

    APPLICATION = "APPLICATION"
    IDENTITY = "IDENTITY"
    INCOME_PROOF = "INCOME_PROOF"
    CREDIT_REPORT = "CREDIT_REPORT"
    CONTRACT = "CONTRACT"
    PURCHASE_AGREEMENT = "PURCHASE_AGREEMENT"
    INVOICE = "INVOICE"
    APPROVAL = "APPROVAL"
    INSPECTION = "INSPECTION"
    COLLECTION_LETTER = "COLLECTION_LETTER"
    OTHER = "OTHER"


class RetentionClass(StrEnum):
    """How long a volume is kept (C45)."""

    FIVE_YEARS = "FIVE_YEARS"
    TWENTY_YEARS = "TWENTY_YEARS"
    PERMANENT = "PERMANENT"


class Element(StrEnum):
    """What a contract must have (合同要素)."""

    PARTIES = "PARTIES"
    AGENT_AUTHORITY = "AGENT_AUTHORITY"
    AMOUNT = "AMOUNT"
    CURRENCY = "CURRENCY"
    TERM = "TERM"
    RATE = "RATE"
    PURPOSE = "PURPOSE"
    REPAYMENT = "REPAYMENT"
    PAYEE_ACCOUNT = "PAYEE_ACCOUNT"
    GUARANTEE = "GUARANTEE"
    VEHICLE = "VEHICLE"
    REGISTRATION = "REGISTRATION"
    INSURANCE = "INSURANCE"
    LIABILITY_CLAUSES = "LIABILITY_CLAUSES"
    SIGNATURES = "SIGNATURES"
    BANK_SEAL = "BANK_SEAL"
    SIGNING_DATE = "SIGNING_DATE"
    FACE_TO_FACE = "FACE_TO_FACE"
    ALTERATIONS = "ALTERATIONS"
    SEAMS_AND_ANNEXES = "SEAMS_AND_ANNEXES"


class ElementGrade(StrEnum):
    """Whether a gap keeps the file from being handed in, or may be put right by a day."""

    BLOCKING = "BLOCKING"
    CORRECTABLE = "CORRECTABLE"


class ElementResult(StrEnum):
    """What was found of an element."""

    PRESENT = "PRESENT"
    MISSING = "MISSING"
    INCONSISTENT = "INCONSISTENT"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class BatchState(StrEnum):
    """Life of a list of volumes to be destroyed."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXECUTED = "EXECUTED"


class ScanSubject(StrEnum):
    """What a scan shows."""

    FILE_ITEM = "FILE_ITEM"
    RECORD = "RECORD"
    REQUEST = "REQUEST"
    OPERATION = "OPERATION"
    CASE = "CASE"
    HANDOVER = "HANDOVER"
    RELEASE = "RELEASE"


class OverdueStep(StrEnum):
    """Steps of the ladder that a checkout climbs while it is not brought back (C24)."""

    BEFORE_DUE = "BEFORE_DUE"
    HOLDER = "HOLDER"
    HEAD = "HEAD"
    BLOCK = "BLOCK"
    RECALL = "RECALL"
    SEARCH = "SEARCH"
    CONFIRMATION = "CONFIRMATION"


class NoticeKind(StrEnum):
    """Why somebody is told something."""

    DUE_SOON = "DUE_SOON"
    OVERDUE = "OVERDUE"
    BLOCKED = "BLOCKED"
    RECALLED = "RECALLED"
    SEARCH_DUE = "SEARCH_DUE"
    CONFIRMATION_DUE = "CONFIRMATION_DUE"
    READY_TO_FETCH = "READY_TO_FETCH"
    RESERVATION_LAPSED = "RESERVATION_LAPSED"
    WAITING_LAPSED = "WAITING_LAPSED"
    DUE_PROVISIONAL = "DUE_PROVISIONAL"
    DUE_MOVED = "DUE_MOVED"
    CASE_LATE = "CASE_LATE"
    PAPER_LATE = "PAPER_LATE"
    EXPIRING = "EXPIRING"
    TRANSIT_LATE = "TRANSIT_LATE"
    STOCKTAKE_MISSED = "STOCKTAKE_MISSED"
    EMERGENCY_UNREVIEWED = "EMERGENCY_UNREVIEWED"
    PAYOFF_REVERSED = "PAYOFF_REVERSED"
    LOSS_REPORTED = "LOSS_REPORTED"
    SCAN_DAMAGED = "SCAN_DAMAGED"
    SCAN_LOCK_DRIFTED = "SCAN_LOCK_DRIFTED"
    INTAKE_REFUSED = "INTAKE_REFUSED"
    REQUEST_REJECTED = "REQUEST_REJECTED"
    REQUEST_CANCELLED = "REQUEST_CANCELLED"
    ELEMENT_LATE = "ELEMENT_LATE"
    PAPER_OVERNIGHT = "PAPER_OVERNIGHT"
    ALARM = "ALARM"


class AlarmKind(StrEnum):
    """What is wrong with the bank as a whole."""

    STATE_DIFFERS = "STATE_DIFFERS"  # the tables say otherwise than the events
    NOT_ANCHORED = "NOT_ANCHORED"  # changes wait for a stored checkpoint
    STORE_NOT_LOCKED = "STORE_NOT_LOCKED"  # the self-test at the start could do what must be refused, or an object is not as it was sent
    OBJECT_UNEXPLAINED = "OBJECT_UNEXPLAINED"  # something lies in the locked bucket that belongs to no scan
    HISTORY_BROKEN = "HISTORY_BROKEN"  # evidence was asked for of a contract whose history does not hold


class PreviewStatus(StrEnum):
    """Whether there is a picture of a page."""

    WANTED = "WANTED"
    MADE = "MADE"
    FAILED = "FAILED"


class ScanStatus(StrEnum):
    """Life of a scan's bytes; only STORED ones are visible."""

    REGISTERED = "REGISTERED"
    PENDING = "PENDING"
    STORED = "STORED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class CopyPlace(StrEnum):
    """Which bucket a copy of a scan lies in."""

    FIRST = "FIRST"
    SECOND = "SECOND"


class FixityFault(StrEnum):
    """What is wrong with stored bytes."""

    CORRUPT = "CORRUPT"
    MISSING = "MISSING"
    UNREADABLE = "UNREADABLE"


class MediaType(StrEnum):
    """The media types a scan may have."""

    PDF = "application/pdf"
    TIFF = "image/tiff"
    JPEG = "image/jpeg"
    PNG = "image/png"


class ReportKind(StrEnum):
    """Kind of inspection report."""

    PERIODIC = "PERIODIC"
    RANDOM = "RANDOM"
    BORROWER_TRACKING = "BORROWER_TRACKING"


class ReportSubject(StrEnum):
    """What an inspection looked at."""

    ARCHIVES = "ARCHIVES"
    LEDGER = "LEDGER"
    COLLATERAL = "COLLATERAL"
    ACCOUNTS = "ACCOUNTS"
    BORROWER = "BORROWER"


class ReportState(StrEnum):
    """Life of an inspection report."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    HEAD_SIGNED = "HEAD_SIGNED"
    PRESIDENT_SIGNED = "PRESIDENT_SIGNED"


class SignOffKind(StrEnum):
    """What a signatory said of a report."""

    SIGNED = "SIGNED"
    RETURNED = "RETURNED"


class OffBalanceDirection(StrEnum):
    """Entry to or exit from the off-balance register."""

    IN = "IN"
    OUT = "OUT"


class OffBalanceState(StrEnum):
    """What core banking has said of an off-balance entry."""

    PENDING = "PENDING"
    BOOKED = "BOOKED"
    FAILED = "FAILED"


class ChainKind(StrEnum):
    """What an event chain belongs to."""

    LOAN = "LOAN"
    ORG_UNIT = "ORG_UNIT"


class AccessResult(StrEnum):
    """How an entry of the access log ended."""

    GRANTED = "GRANTED"
    DENIED = "DENIED"
    REFUSED = "REFUSED"


class BaileeKind(StrEnum):
    """Who keeps a paper in trust outside the bank (C40)."""

    REGISTRY = "REGISTRY"
    COURT = "COURT"
    COUNSEL = "COUNSEL"
    OTHER = "OTHER"


class ClaimResolution(StrEnum):
    """How a claim of an earlier return ended (C25)."""

    RETURNED_BY_HOLDER = "RETURNED_BY_HOLDER"
    FOUND_IN_VAULT = "FOUND_IN_VAULT"


class EmergencyFinding(StrEnum):
    """What the review of an emergency found (C1)."""

    JUSTIFIED = "JUSTIFIED"
    NOT_JUSTIFIED = "NOT_JUSTIFIED"


class ExportKind(StrEnum):
    """What an export holds."""

    EVIDENCE = "EVIDENCE"
    EVENTS = "EVENTS"


class ExportState(StrEnum):
    """Life of an export; only READY ones have bytes."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class ExportFailure(StrEnum):
    """Why an export was not made."""

    ASKER_LEFT = "ASKER_LEFT"
    NOT_PERMITTED = "NOT_PERMITTED"
    NOT_VISIBLE = "NOT_VISIBLE"
    TOO_LARGE = "TOO_LARGE"
    NOT_PROVEN = "NOT_PROVEN"
    INTERNAL = "INTERNAL"
