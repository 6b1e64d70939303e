"""The Chinese words for what a history tells: events by tag, acts of the access log, facts, states, roles."""

from server.compliance.components import Component as C
from server.compliance.tags import Tag as T

TAGS: dict[str, str] = {
    T.LOAN_REGISTERED: "登记贷款", T.LOAN_CHANGED: "变更贷款", T.LOAN_CLASSIFIED: "五级分类", T.POSITION_POSTED: "登记贷款余额",
    T.CUSTOMER_REGISTERED: "登记客户", T.CONTRACT_REGISTERED: "登记合同", T.CONTRACT_AMENDED: "变更合同",
    T.COLLATERAL_REGISTERED: "登记押品", T.COLLATERAL_SECURES: "押品担保新贷款", T.COLLATERAL_VALUED: "押品估值",
    T.CERTIFICATE_REGISTERED: "登记权证", T.ORG_UNIT_CREATED: "设立机构", T.STAFF_REGISTERED: "登记员工", T.STAFF_DEACTIVATED: "员工离职",
    T.ROLE_GRANTED: "授予角色", T.ROLE_REVOKED: "收回角色", T.ROLE_DELEGATED: "委托代理", T.DUTY_ASSIGNED: "指派保管职责",
    T.DUTY_HANDED_OVER: "交接保管职责", T.RELATION_DECLARED: "申报关联关系", T.LOCATIONS_CREATED: "设立库位", T.READING_GRANTED: "授予检查查阅权",
    T.HANDOVER_CREATED: "编制移交清单", T.HANDOVER_LISTED: "列入移交清单", T.HANDOVER_STRUCK: "移出移交清单", T.RECORD_SENT: "移交发出",
    T.RECORD_SENT_PENDING: "移交发出（待入库）", T.RESPONSIBILITY_OFFERED: "提出责任移交", T.RECORD_RECEIVED: "移交接收",
    T.RECORD_RECEIVED_PENDING: "移交接收（待入库）", T.RESPONSIBILITY_TAKEN: "接受责任", T.CUSTODY_TAKEN: "接管保管", T.RECORD_REJECTED: "退回移交",
    T.RECORD_TAKEN_BACK: "收回移交件", T.RECORD_TAKEN_BACK_PENDING: "收回移交件（待入库）", T.RESPONSIBILITY_RECALLED: "撤回责任移交",
    T.LOANS_TRANSFERRED: "贷款划转", T.ORG_UNIT_CLOSED: "撤销机构", T.HANDOVER_SENT: "移交发运", T.HANDOVER_ACKNOWLEDGED: "移交签收",
    T.HANDOVER_REJECTED: "移交退回", T.HANDOVER_TAKEN_BACK: "移交收回", T.POLICY_CHANGED: "变更参数", T.CORRECTED: "更正", T.RECORD_REGISTERED: "登记档案",
    T.ENVELOPE_SEALED: "封包", T.RECORD_TAKEN_IN: "入库", T.VOLUME_SUBMITTED: "提交卷宗", T.VOLUME_ACCEPTED: "核收卷宗", T.VOLUME_RETURNED: "退回卷宗",
    T.ITEM_ADDED: "增加卷内文件", T.CONTRACT_CHECKED: "合同要素检查", T.VOLUME_CLOSED: "立卷", T.VOLUME_REOPENED: "重新开卷",
    T.DISPOSAL_PROPOSED: "提出销毁", T.DISPOSAL_APPROVED: "批准销毁", T.DISPOSAL_REJECTED: "否决销毁", T.DISPOSAL_STOPPED: "中止销毁",
    T.RECORD_DESTROYED: "销毁", T.REQUEST_SUBMITTED: "提交申请", T.REQUEST_APPROVED: "审批通过", T.REQUEST_REJECTED: "审批拒绝",
    T.REQUEST_CANCELLED: "撤销申请", T.RECORD_RESERVED: "预留", T.RESERVATION_CANCELLED: "取消预留", T.RESERVATION_LAPSED: "预留失效",
    T.RECORD_CHECKED_OUT: "借出", T.CHECKOUT_EXTENDED: "续借", T.RETURN_PRESENTED: "提交归还", T.RETURN_ACCEPTED: "验收归还", T.RETURN_REJECTED: "归还不合格",
    T.RETURN_MISSING: "归还时缺失", T.READING_STARTED: "开始室内查阅", T.READING_ENDED: "结束室内查阅", T.RECORD_MISSING: "报告下落不明",
    T.RECORD_RELEASED: "结清退还", T.RECORD_SUBSTITUTED: "置换出库", T.RECORD_SURRENDERED: "移送司法", T.RECIPIENT_VERIFIED: "核验领取人",
    T.NOTICE_ISSUED: "出具结清通知书", T.NOTICE_VOIDED: "结清通知书作废", T.PAYOFF_REVERSED: "还款冲正", T.ITEM_MISSING: "卷内文件缺失",
    T.CASE_OPENED: "差异立案", T.CASE_RESOLVED: "差异结案", T.RECORD_SEARCHED: "查找记录", T.COMPLIANCE_NOTIFIED: "通报合规", T.RECORD_FOUND: "找回",
    T.RECORD_LOST: "申报遗失", T.RECORD_REISSUED: "补办", T.ORIGINAL_FOUND: "找到已作废原件", T.LOSS_CLOSED: "失件结案", T.REQUEST_QUEUED: "排队等候",
    T.REQUEST_LAPSED: "申请失效", T.CHECKOUT_RECALLED: "催还", T.CHECKOUT_OVERDUE: "逾期", T.DUE_RECOMPUTED: "重算到期日", T.OPERATION_EXPIRED: "操作超时",
    T.OPERATION_OPENED: "发起操作", T.SEAT_TAKEN: "就位确认", T.OPERATION_WITHDRAWN: "撤回操作", T.HOLD_PLACED: "冻结", T.HOLD_LIFTED: "解除冻结",
    T.STOCKTAKE_OPENED: "开始盘库", T.COUNT_SUBMITTED: "提交盘点", T.STOCKTAKE_COMPARED: "盘点比对", T.STOCKTAKE_SIGNED: "盘库签署",
    T.COUNT_MISSING: "盘库未见", T.RECORD_DIFFERS: "盘库不符", T.SCAN_REGISTERED: "登记扫描件", T.SCAN_STORED: "扫描件入存", T.SCAN_REJECTED: "扫描件被拒",
    T.SCAN_LOCK_EXTENDED: "扫描件锁定延长", T.SCAN_HOLD_PLACED: "扫描件加法律保全", T.SCAN_HOLD_LIFTED: "扫描件解除法律保全",
    T.SCAN_LOCK_DRIFTED: "扫描件锁定被改动", T.SCAN_LOCK_REPAIRED: "扫描件锁定修复", T.SCAN_DAMAGED: "扫描件损坏", T.SCAN_HEALED: "扫描件修复",
    T.SCAN_WAITS: "扫描件待核", T.SCAN_EXPIRED: "扫描件上传过期", T.SCAN_LOCKED: "锁定扫描件", T.SCAN_UNLOCKED: "解锁扫描件", T.REPORT_DRAFTED: "起草检查报告",
    T.REPORT_SUBMITTED: "提交检查报告", T.REPORT_SIGNED: "签署检查报告", T.REPORT_RETURNED: "退回检查报告", T.PAPER_EXPECTED: "待收权证",
    T.PAPER_ARRIVED: "权证到件", T.INTAKE_REFUSED: "拒绝入库", T.ENVELOPE_OPENED: "开封", T.ENVELOPE_MOVED: "移动封包", T.SEAL_FOUND_BROKEN: "封签破损",
    T.CHANGED_RETURN_ACCEPTED: "验收变更后归还", T.PAPER_REPLACED: "换新", T.REGISTRY_CHECKED: "登记机关核验", T.LABEL_REPLACED: "更换条码标签",
    T.BAILEE_LETTER_REGISTERED: "登记受托保管函",
    T.RETURN_CLAIMED: "声明已归还", T.CLAIM_RESOLVED: "归还声明结案", T.TICKET_VOIDED: "出库单作废", T.OFF_BALANCE_BOOKED: "表外登记",
    T.EMERGENCY_REVIEWED: "应急操作复核",
}  # fmt: skip
ACTIONS = {
    "contractHistory": "查看合同历史", "whoSaw": "查看访问记录", "exportEvidence": "申请证据包", "issueExportLink": "下载导出文件", "issueScanLink": "查看扫描件",
    "issuePreviewLinks": "查看扫描件缩略图", "unmaskCustomer": "查看客户隐私信息", "exportCustomerData": "导出客户信息", "loanFileAsOf": "查看历史时点档案",
}  # fmt: skip
COMPONENTS = {
    C.CONTRACT: "合同", C.ELEMENTS: "要素检查", C.APPROVAL: "审批", C.SCAN: "扫描件", C.CUSTODY: "保管", C.REQUEST: "申请", C.READ: "查阅", C.HANDOVER: "移交",
    C.HOLD: "冻结", C.INSPECTION: "检查", C.COLLECTION: "余额与还款", C.RELEASE: "退还与销毁", C.POLICY: "参数",
}  # fmt: skip
FACTS = {
    "number": "编号", "reason": "原因", "reasons": "原因", "purpose": "用途", "amount": "金额", "principal": "本金", "currency": "币种", "status": "状态",
    "classification": "分类", "holds_from": "生效日", "valued_on": "估值日", "as_of": "截至", "seal_no": "封签号", "old_seal_no": "原封签号", "due": "到期",
    "due_until": "锁定至", "ticket_no": "出库单号", "letter_no": "函号", "archive_no": "档号", "barcode": "条码", "old_barcode": "原条码", "pages": "页数", "seat": "席位", "rank": "审批级别",
    "step": "逾期阶段", "hold_kind": "冻结类型", "kind": "种类", "findings": "检查结果", "gaps": "漏项", "grounds": "归还依据", "resolution": "处理结果", "size": "字节数", "sha256": "SHA-256",
    "signed_on": "签订日", "records": "档案", "location": "库位", "request": "申请", "operation": "操作", "handover": "移交", "case": "差异",
    "holder": "持有人", "plate": "号牌", "customer": "客户", "media_type": "格式", "version": "版本", "serial_no": "表外流水号", "brought_by": "送还人",
}  # fmt: skip
STATES = {
    "AWAITED": "待收", "PENDING_INTAKE": "待入库", "IN_VAULT": "在库", "RESERVED": "待出库", "CHECKED_OUT": "借出", "RETURN_PENDING": "归还待验",
    "IN_TRANSIT": "移交在途", "MISSING": "下落不明", "LOST": "已报失", "REPLACED": "已补办/换新", "RELEASED": "结清退还", "SUBSTITUTED": "置换出库",
    "SURRENDERED": "移送司法", "CLOSED_LOST": "失件结案", "COLLECTING": "收集", "SUBMITTED": "待核收", "FILED": "在架", "READING": "室内查阅",
    "CLOSED_VOLUME": "结清立卷", "ARCHIVED": "档案部门", "DISPOSAL_PROPOSED": "拟销毁", "DISPOSAL_APPROVED": "已批准销毁", "DESTROYED": "已销毁",
    "FIRST": "一级档案", "SECOND": "二级档案", "ACTIVE": "未结清", "SETTLED": "已结清", "WRITTEN_OFF": "已核销",
}  # fmt: skip
KINDS = {"LOAN": "借款合同", "MORTGAGE": "抵押合同", "PLEDGE": "质押合同", "GUARANTEE": "保证合同", "DEALER": "经销商合作合同"}
GRADES = {"PASS": "正常", "SPECIAL_MENTION": "关注", "SUBSTANDARD": "次级", "DOUBTFUL": "可疑"}
HELD = {"LEGAL": "司法", "REGULATORY": "监管", "AUDIT": "审计", "RECOVERY": "追偿"}
ROLES = {
    "LOAN_OFFICER": "客户经理", "CREDIT_DEPT_HEAD": "信贷部门负责人", "RISK_HEAD": "风险部门负责人", "OPS_HEAD": "运营负责人", "BRANCH_HEAD": "支行行长",
    "VICE_PRESIDENT": "副行长", "PRESIDENT": "行长", "PRESIDENT_OFFICE": "行长办公室", "ARCHIVIST": "档案员", "VAULT_KEEPER_KEY": "钥匙保管员",
    "VAULT_KEEPER_CODE": "密码保管员", "REGISTER_CLERK": "登记员", "COLLECTIONS": "催收", "LEGAL": "法务", "COMPLIANCE": "合规", "AUDITOR": "审计",
    "INSPECTOR": "检查员", "ADMIN": "系统管理员", "EXAMINER": "外部检查员", "SYSTEM": "系统",
}  # fmt: skip
PURPOSES = {
    "REGULAR_REVIEW": "例行检查", "INVESTIGATION": "调查", "REGULATOR_REQUEST": "监管或司法要求", "AUDIT": "审计", "CUSTOMER_REQUEST": "客户要求",
}  # fmt: skip
RESULTS = {"GRANTED": "准许", "DENIED": "拒绝", "REFUSED": "违反规则，未执行"}
LACKING = {
    "REGISTERED": "尚未上传", "PENDING": "待核验", "REJECTED": "未通过核验", "EXPIRED": "上传过期", "SHARED": "同载其他合同内容，不予提供", "DAMAGED": "存储数据已损坏",
}  # fmt: skip
