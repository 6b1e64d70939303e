-- Handovers: rows, who sees them, twins of C30 to C33; loans that go to another unit and units that close.
insert into acts (action, is_exit, is_entry, at_desk) values
  ('ADD_HANDOVER_LINES', false, false, false),
  ('CLOSE_ORG_UNIT', false, false, true),
  ('CREATE_HANDOVER', false, false, false),
  ('RECALL_RESPONSIBILITY', false, false, true),
  ('RECEIVE_CUSTODY', false, false, true),
  ('RECEIVE_HANDOVER', false, true, false),
  ('RECEIVE_PENDING', false, false, false),
  ('RECEIVE_RESPONSIBILITY', false, false, true),
  ('REJECT_HANDOVER', false, false, true),
  ('REMOVE_HANDOVER_LINES', false, false, false),
  ('SEND_HANDOVER', true, false, false),
  ('SEND_PENDING', false, false, false),
  ('SEND_RESPONSIBILITY', false, false, true),
  ('TAKE_BACK', false, true, false),
  ('TAKE_BACK_PENDING', false, false, false),
  ('TRANSFER_LOANS', false, false, true);

insert into act_seats (action, tier, seat) values
  ('CLOSE_ORG_UNIT', 'FIRST', 'PROPOSER'),
  ('CLOSE_ORG_UNIT', 'FIRST', 'SECOND'),
  ('CLOSE_ORG_UNIT', 'SECOND', 'PROPOSER'),
  ('CLOSE_ORG_UNIT', 'SECOND', 'SECOND'),
  ('RECALL_RESPONSIBILITY', 'FIRST', 'CLERK'),
  ('RECALL_RESPONSIBILITY', 'SECOND', 'ARCHIVIST'),
  ('RECEIVE_CUSTODY', 'FIRST', 'RECEIVER'),
  ('RECEIVE_CUSTODY', 'FIRST', 'SUPERVISOR'),
  ('RECEIVE_CUSTODY', 'SECOND', 'RECEIVER'),
  ('RECEIVE_CUSTODY', 'SECOND', 'SUPERVISOR'),
  ('RECEIVE_HANDOVER', 'FIRST', 'CLERK'),
  ('RECEIVE_HANDOVER', 'FIRST', 'CODE'),
  ('RECEIVE_HANDOVER', 'FIRST', 'KEY'),
  ('RECEIVE_HANDOVER', 'SECOND', 'ARCHIVIST'),
  ('RECEIVE_PENDING', 'FIRST', 'CLERK'),
  ('RECEIVE_PENDING', 'FIRST', 'CODE'),
  ('RECEIVE_PENDING', 'FIRST', 'KEY'),
  ('RECEIVE_RESPONSIBILITY', 'FIRST', 'CLERK'),
  ('RECEIVE_RESPONSIBILITY', 'SECOND', 'ARCHIVIST'),
  ('REJECT_HANDOVER', 'FIRST', 'CLERK'),
  ('REJECT_HANDOVER', 'SECOND', 'ARCHIVIST'),
  ('SEND_HANDOVER', 'FIRST', 'CLERK'),
  ('SEND_HANDOVER', 'FIRST', 'CODE'),
  ('SEND_HANDOVER', 'FIRST', 'KEY'),
  ('SEND_HANDOVER', 'SECOND', 'ARCHIVIST'),
  ('SEND_PENDING', 'FIRST', 'CLERK'),
  ('SEND_PENDING', 'FIRST', 'OFFICER'),
  ('SEND_RESPONSIBILITY', 'FIRST', 'CLERK'),
  ('SEND_RESPONSIBILITY', 'SECOND', 'ARCHIVIST'),
  ('TAKE_BACK', 'FIRST', 'CLERK'),
  ('TAKE_BACK', 'FIRST', 'CODE'),
  ('TAKE_BACK', 'FIRST', 'KEY'),
  ('TAKE_BACK', 'SECOND', 'ARCHIVIST'),
  ('TAKE_BACK_PENDING', 'FIRST', 'CLERK'),
  ('TAKE_BACK_PENDING', 'FIRST', 'OFFICER'),
  ('TRANSFER_LOANS', 'FIRST', 'PROPOSER'),
  ('TRANSFER_LOANS', 'FIRST', 'SECOND'),
  ('TRANSFER_LOANS', 'SECOND', 'PROPOSER'),
  ('TRANSFER_LOANS', 'SECOND', 'SECOND');

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'CHECKED_OUT', 'ADD_HANDOVER_LINES', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'RECALL_RESPONSIBILITY', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'RECEIVE_CUSTODY', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'RECEIVE_RESPONSIBILITY', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'REJECT_HANDOVER', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'REMOVE_HANDOVER_LINES', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'SEND_RESPONSIBILITY', 'CHECKED_OUT', '–'),
  ('FIRST', 'IN_TRANSIT', 'RECALL_RESPONSIBILITY', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_TRANSIT', 'RECEIVE_HANDOVER', 'IN_VAULT', 'F10'),
  ('FIRST', 'IN_TRANSIT', 'RECEIVE_PENDING', 'PENDING_INTAKE', 'F10'),
  ('FIRST', 'IN_TRANSIT', 'REJECT_HANDOVER', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_TRANSIT', 'REMOVE_HANDOVER_LINES', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_TRANSIT', 'TAKE_BACK', 'IN_VAULT', 'F10'),
  ('FIRST', 'IN_TRANSIT', 'TAKE_BACK_PENDING', 'PENDING_INTAKE', 'F10'),
  ('FIRST', 'IN_VAULT', 'ADD_HANDOVER_LINES', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'RECALL_RESPONSIBILITY', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'RECEIVE_CUSTODY', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'RECEIVE_RESPONSIBILITY', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'REJECT_HANDOVER', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'REMOVE_HANDOVER_LINES', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'SEND_HANDOVER', 'IN_TRANSIT', 'F10'),
  ('FIRST', 'IN_VAULT', 'SEND_RESPONSIBILITY', 'IN_VAULT', '–'),
  ('FIRST', 'MISSING', 'RECALL_RESPONSIBILITY', 'MISSING', '–'),
  ('FIRST', 'MISSING', 'REJECT_HANDOVER', 'MISSING', '–'),
  ('FIRST', 'MISSING', 'REMOVE_HANDOVER_LINES', 'MISSING', '–'),
  ('FIRST', 'PENDING_INTAKE', 'ADD_HANDOVER_LINES', 'PENDING_INTAKE', '–'),
  ('FIRST', 'PENDING_INTAKE', 'RECALL_RESPONSIBILITY', 'PENDING_INTAKE', '–'),
  ('FIRST', 'PENDING_INTAKE', 'RECEIVE_CUSTODY', 'PENDING_INTAKE', '–'),
  ('FIRST', 'PENDING_INTAKE', 'RECEIVE_RESPONSIBILITY', 'PENDING_INTAKE', '–'),
  ('FIRST', 'PENDING_INTAKE', 'REJECT_HANDOVER', 'PENDING_INTAKE', '–'),
  ('FIRST', 'PENDING_INTAKE', 'REMOVE_HANDOVER_LINES', 'PENDING_INTAKE', '–'),
  ('FIRST', 'PENDING_INTAKE', 'SEND_PENDING', 'IN_TRANSIT', 'F10'),
  ('FIRST', 'PENDING_INTAKE', 'SEND_RESPONSIBILITY', 'PENDING_INTAKE', '–'),
  ('FIRST', 'RESERVED', 'ADD_HANDOVER_LINES', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'RECALL_RESPONSIBILITY', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'RECEIVE_CUSTODY', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'RECEIVE_RESPONSIBILITY', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'REJECT_HANDOVER', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'REMOVE_HANDOVER_LINES', 'RESERVED', '–'),
  ('FIRST', 'RESERVED', 'SEND_RESPONSIBILITY', 'RESERVED', '–'),
  ('FIRST', 'RETURN_PENDING', 'ADD_HANDOVER_LINES', 'RETURN_PENDING', '–'),
  ('FIRST', 'RETURN_PENDING', 'RECALL_RESPONSIBILITY', 'RETURN_PENDING', '–'),
  ('FIRST', 'RETURN_PENDING', 'RECEIVE_CUSTODY', 'RETURN_PENDING', '–'),
  ('FIRST', 'RETURN_PENDING', 'RECEIVE_RESPONSIBILITY', 'RETURN_PENDING', '–'),
  ('FIRST', 'RETURN_PENDING', 'REJECT_HANDOVER', 'RETURN_PENDING', '–'),
  ('FIRST', 'RETURN_PENDING', 'REMOVE_HANDOVER_LINES', 'RETURN_PENDING', '–'),
  ('FIRST', 'RETURN_PENDING', 'SEND_RESPONSIBILITY', 'RETURN_PENDING', '–'),
  ('SECOND', 'CHECKED_OUT', 'ADD_HANDOVER_LINES', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'RECALL_RESPONSIBILITY', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'RECEIVE_CUSTODY', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'RECEIVE_RESPONSIBILITY', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'REJECT_HANDOVER', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'REMOVE_HANDOVER_LINES', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'SEND_RESPONSIBILITY', 'CHECKED_OUT', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'ADD_HANDOVER_LINES', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'RECALL_RESPONSIBILITY', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'RECEIVE_CUSTODY', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'RECEIVE_RESPONSIBILITY', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'REJECT_HANDOVER', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'REMOVE_HANDOVER_LINES', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'SEND_HANDOVER', 'IN_TRANSIT', 'S7'),
  ('SECOND', 'CLOSED_VOLUME', 'SEND_RESPONSIBILITY', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'FILED', 'ADD_HANDOVER_LINES', 'FILED', '–'),
  ('SECOND', 'FILED', 'RECALL_RESPONSIBILITY', 'FILED', '–'),
  ('SECOND', 'FILED', 'RECEIVE_CUSTODY', 'FILED', '–'),
  ('SECOND', 'FILED', 'RECEIVE_RESPONSIBILITY', 'FILED', '–'),
  ('SECOND', 'FILED', 'REJECT_HANDOVER', 'FILED', '–'),
  ('SECOND', 'FILED', 'REMOVE_HANDOVER_LINES', 'FILED', '–'),
  ('SECOND', 'FILED', 'SEND_HANDOVER', 'IN_TRANSIT', 'S7'),
  ('SECOND', 'FILED', 'SEND_RESPONSIBILITY', 'FILED', '–'),
  ('SECOND', 'IN_TRANSIT', 'RECALL_RESPONSIBILITY', 'IN_TRANSIT', '–'),
  ('SECOND', 'IN_TRANSIT', 'RECEIVE_HANDOVER', 'ARCHIVED', 'S7'),
  ('SECOND', 'IN_TRANSIT', 'RECEIVE_HANDOVER', 'CLOSED_VOLUME', 'S7'),
  ('SECOND', 'IN_TRANSIT', 'RECEIVE_HANDOVER', 'FILED', 'S7'),
  ('SECOND', 'IN_TRANSIT', 'REJECT_HANDOVER', 'IN_TRANSIT', '–'),
  ('SECOND', 'IN_TRANSIT', 'REMOVE_HANDOVER_LINES', 'IN_TRANSIT', '–'),
  ('SECOND', 'IN_TRANSIT', 'TAKE_BACK', 'CLOSED_VOLUME', 'S7'),
  ('SECOND', 'IN_TRANSIT', 'TAKE_BACK', 'FILED', 'S7'),
  ('SECOND', 'MISSING', 'RECALL_RESPONSIBILITY', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'REJECT_HANDOVER', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'REMOVE_HANDOVER_LINES', 'MISSING', '–'),
  ('SECOND', 'READING', 'ADD_HANDOVER_LINES', 'READING', '–'),
  ('SECOND', 'READING', 'RECALL_RESPONSIBILITY', 'READING', '–'),
  ('SECOND', 'READING', 'RECEIVE_CUSTODY', 'READING', '–'),
  ('SECOND', 'READING', 'RECEIVE_RESPONSIBILITY', 'READING', '–'),
  ('SECOND', 'READING', 'REJECT_HANDOVER', 'READING', '–'),
  ('SECOND', 'READING', 'REMOVE_HANDOVER_LINES', 'READING', '–'),
  ('SECOND', 'READING', 'SEND_RESPONSIBILITY', 'READING', '–'),
  ('SECOND', 'RESERVED', 'ADD_HANDOVER_LINES', 'RESERVED', '–'),
  ('SECOND', 'RESERVED', 'RECALL_RESPONSIBILITY', 'RESERVED', '–'),
  ('SECOND', 'RESERVED', 'RECEIVE_CUSTODY', 'RESERVED', '–'),
  ('SECOND', 'RESERVED', 'RECEIVE_RESPONSIBILITY', 'RESERVED', '–'),
  ('SECOND', 'RESERVED', 'REJECT_HANDOVER', 'RESERVED', '–'),
  ('SECOND', 'RESERVED', 'REMOVE_HANDOVER_LINES', 'RESERVED', '–'),
  ('SECOND', 'RESERVED', 'SEND_RESPONSIBILITY', 'RESERVED', '–'),
  ('SECOND', 'RETURN_PENDING', 'ADD_HANDOVER_LINES', 'RETURN_PENDING', '–'),
  ('SECOND', 'RETURN_PENDING', 'RECALL_RESPONSIBILITY', 'RETURN_PENDING', '–'),
  ('SECOND', 'RETURN_PENDING', 'RECEIVE_CUSTODY', 'RETURN_PENDING', '–'),
  ('SECOND', 'RETURN_PENDING', 'RECEIVE_RESPONSIBILITY', 'RETURN_PENDING', '–'),
  ('SECOND', 'RETURN_PENDING', 'REJECT_HANDOVER', 'RETURN_PENDING', '–'),
  ('SECOND', 'RETURN_PENDING', 'REMOVE_HANDOVER_LINES', 'RETURN_PENDING', '–'),
  ('SECOND', 'RETURN_PENDING', 'SEND_RESPONSIBILITY', 'RETURN_PENDING', '–'),
  ('SECOND', 'SUBMITTED', 'ADD_HANDOVER_LINES', 'SUBMITTED', '–'),
  ('SECOND', 'SUBMITTED', 'RECALL_RESPONSIBILITY', 'SUBMITTED', '–'),
  ('SECOND', 'SUBMITTED', 'RECEIVE_CUSTODY', 'SUBMITTED', '–'),
  ('SECOND', 'SUBMITTED', 'RECEIVE_RESPONSIBILITY', 'SUBMITTED', '–'),
  ('SECOND', 'SUBMITTED', 'REJECT_HANDOVER', 'SUBMITTED', '–'),
  ('SECOND', 'SUBMITTED', 'REMOVE_HANDOVER_LINES', 'SUBMITTED', '–'),
  ('SECOND', 'SUBMITTED', 'SEND_RESPONSIBILITY', 'SUBMITTED', '–');

CREATE TABLE handovers (
    id UUID DEFAULT uuidv7() NOT NULL, 
    org_id UUID NOT NULL, 
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL, 
    kind TEXT NOT NULL, 
    to_org_id UUID NOT NULL, 
    giver_id UUID, 
    taker_id UUID, 
    in_town BOOLEAN NOT NULL, 
    reason TEXT, 
    state TEXT DEFAULT 'DRAFT' NOT NULL, 
    created_by UUID NOT NULL, 
    version BIGINT DEFAULT 1 NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
    CONSTRAINT pk_handovers PRIMARY KEY (id), 
    CONSTRAINT ck_handovers_kind CHECK (kind in ('BETWEEN_UNITS', 'TO_ARCHIVE', 'CUSTODIAN')), 
    CONSTRAINT ck_handovers_state CHECK (state in ('DRAFT', 'SENT', 'PARTLY_ACKNOWLEDGED', 'CLOSED', 'RECALLED')), 
    CONSTRAINT ck_handovers_c31_two_sides CHECK ((kind = 'CUSTODIAN') = (org_id = to_org_id)), 
    CONSTRAINT ck_handovers_c32_two_custodians CHECK ((kind = 'CUSTODIAN') = (num_nonnulls(giver_id, taker_id) = 2) and (giver_id is null or giver_id <> taker_id)), 
    CONSTRAINT fk_handovers_org_id FOREIGN KEY(org_id) REFERENCES org_units (id), 
    CONSTRAINT fk_handovers_to_org_id FOREIGN KEY(to_org_id) REFERENCES org_units (id), 
    CONSTRAINT fk_handovers_giver_id FOREIGN KEY(giver_id) REFERENCES staff (id), 
    CONSTRAINT fk_handovers_taker_id FOREIGN KEY(taker_id) REFERENCES staff (id), 
    CONSTRAINT fk_handovers_created_by FOREIGN KEY(created_by) REFERENCES staff (id)
);
CREATE INDEX ix_handovers_created_at ON handovers (created_at, id);
CREATE INDEX ix_handovers_org_id ON handovers (org_id);
CREATE INDEX ix_handovers_seen_1 ON handovers ((visible_to[1]));
CREATE INDEX ix_handovers_seen_2 ON handovers ((visible_to[2]));
CREATE INDEX ix_handovers_seen_3 ON handovers ((visible_to[3]));
CREATE INDEX ix_handovers_seen_4 ON handovers ((visible_to[4]));
CREATE INDEX ix_handovers_to_org_id ON handovers (to_org_id);
CREATE INDEX ix_handovers_updated_at ON handovers (updated_at);
COMMENT ON TABLE handovers IS 'Handovers of papers between units, to the archive department, or from one custodian to the next (移交).';
COMMENT ON COLUMN handovers.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN handovers.org_id IS 'The unit that gives.';
COMMENT ON COLUMN handovers.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN handovers.kind IS 'What passes.';
COMMENT ON COLUMN handovers.to_org_id IS 'The unit that takes; the same for a change of custodian.';
COMMENT ON COLUMN handovers.giver_id IS 'The custodian who leaves; change of custodian only (C32).';
COMMENT ON COLUMN handovers.taker_id IS 'The custodian who follows; change of custodian only (C32).';
COMMENT ON COLUMN handovers.in_town IS 'Whether both are in one town: the limit of a transit depends on it (C33).';
COMMENT ON COLUMN handovers.reason IS 'In words.';
COMMENT ON COLUMN handovers.state IS 'Life cycle; follows from its lines, kept by a trigger.';
COMMENT ON COLUMN handovers.created_by IS 'Who opened it.';
COMMENT ON COLUMN handovers.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN handovers.created_at IS 'When the row was made.';
COMMENT ON COLUMN handovers.updated_at IS 'Last change; kept by a trigger.';
CREATE TABLE shipments (
    id UUID DEFAULT uuidv7() NOT NULL, 
    org_id UUID NOT NULL, 
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL, 
    handover_id UUID NOT NULL, 
    operation_id UUID NOT NULL, 
    tier TEXT NOT NULL, 
    seal_no TEXT NOT NULL, 
    lines INTEGER NOT NULL, 
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    due_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    version BIGINT DEFAULT 1 NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
    CONSTRAINT pk_shipments PRIMARY KEY (id), 
    CONSTRAINT ck_shipments_tier CHECK (tier in ('FIRST', 'SECOND')), 
    CONSTRAINT uq_shipments_c7_seal UNIQUE (seal_no), 
    CONSTRAINT uq_shipments_operation_id UNIQUE (operation_id), 
    CONSTRAINT ck_shipments_c33_due CHECK (due_at > sent_at), 
    CONSTRAINT ck_shipments_c33_lines CHECK (lines between 1 and 500), 
    CONSTRAINT fk_shipments_org_id FOREIGN KEY(org_id) REFERENCES org_units (id), 
    CONSTRAINT fk_shipments_handover_id FOREIGN KEY(handover_id) REFERENCES handovers (id), 
    CONSTRAINT fk_shipments_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id)
);
CREATE INDEX ix_shipments_handover_id ON shipments (handover_id);
CREATE INDEX ix_shipments_org_id ON shipments (org_id);
CREATE INDEX ix_shipments_updated_at ON shipments (updated_at);
COMMENT ON TABLE shipments IS 'What went on its way together: up to 500 lines of one vault or shelf, under a seal of its own (C33).';
COMMENT ON COLUMN shipments.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN shipments.org_id IS 'The unit that gives.';
COMMENT ON COLUMN shipments.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN shipments.handover_id IS 'The handover.';
COMMENT ON COLUMN shipments.operation_id IS 'The operation that sent it.';
COMMENT ON COLUMN shipments.tier IS 'Tier of its records.';
COMMENT ON COLUMN shipments.seal_no IS 'Seal of the box or bag; never used twice.';
COMMENT ON COLUMN shipments.lines IS 'How many lines it carries.';
COMMENT ON COLUMN shipments.sent_at IS 'When it left.';
COMMENT ON COLUMN shipments.due_at IS 'When it must have arrived (C33).';
COMMENT ON COLUMN shipments.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN shipments.created_at IS 'When the row was made.';
COMMENT ON COLUMN shipments.updated_at IS 'Last change; kept by a trigger.';
CREATE TABLE handover_lines (
    id UUID DEFAULT uuidv7() NOT NULL, 
    org_id UUID NOT NULL, 
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL, 
    handover_id UUID NOT NULL, 
    record_id UUID NOT NULL, 
    shipment_id UUID, 
    tier TEXT NOT NULL, 
    archive_no TEXT NOT NULL, 
    barcode TEXT NOT NULL, 
    copies INTEGER NOT NULL, 
    pages INTEGER NOT NULL, 
    is_original BOOLEAN NOT NULL, 
    seal_no TEXT, 
    stood_as TEXT NOT NULL, 
    state TEXT DEFAULT 'LISTED' NOT NULL, 
    sent_operation_id UUID, 
    decided_operation_id UUID, 
    back_operation_id UUID, 
    decided_at TIMESTAMP WITH TIME ZONE, 
    reasons TEXT, 
    version BIGINT DEFAULT 1 NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
    CONSTRAINT pk_handover_lines PRIMARY KEY (id), 
    CONSTRAINT ck_handover_lines_tier CHECK (tier in ('FIRST', 'SECOND')), 
    CONSTRAINT ck_handover_lines_stood_as CHECK (stood_as in ('AWAITED', 'PENDING_INTAKE', 'IN_VAULT', 'COLLECTING', 'SUBMITTED', 'FILED', 'READING', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'MISSING', 'LOST', 'REPLACED', 'RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'CLOSED_LOST', 'DESTROYED')), 
    CONSTRAINT ck_handover_lines_state CHECK (state in ('LISTED', 'SENT', 'ACKNOWLEDGED', 'RESPONSIBILITY_ONLY', 'REJECTED', 'RECALLED')), 
    CONSTRAINT uq_handover_lines_handover_id_record_id UNIQUE (handover_id, record_id), 
    CONSTRAINT ck_handover_lines_c30_complete CHECK (copies > 0 and pages > 0 and (tier = 'SECOND' or seal_no is not null)), 
    CONSTRAINT ck_handover_lines_c31_rejected_with_reasons CHECK ((state = 'REJECTED') = (reasons is not null)), 
    CONSTRAINT ck_handover_lines_c31_sent_by_operation CHECK ((state = 'LISTED') = (sent_operation_id is null)), 
    CONSTRAINT ck_handover_lines_c31_decided_by_operation CHECK ((state in ('LISTED', 'SENT')) = (decided_operation_id is null)), 
    CONSTRAINT fk_handover_lines_org_id FOREIGN KEY(org_id) REFERENCES org_units (id), 
    CONSTRAINT fk_handover_lines_handover_id FOREIGN KEY(handover_id) REFERENCES handovers (id), 
    CONSTRAINT fk_handover_lines_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id), 
    CONSTRAINT fk_handover_lines_shipment_id FOREIGN KEY(shipment_id) REFERENCES shipments (id), 
    CONSTRAINT fk_handover_lines_sent_operation_id FOREIGN KEY(sent_operation_id) REFERENCES operations (id), 
    CONSTRAINT fk_handover_lines_decided_operation_id FOREIGN KEY(decided_operation_id) REFERENCES operations (id), 
    CONSTRAINT fk_handover_lines_back_operation_id FOREIGN KEY(back_operation_id) REFERENCES operations (id)
);
CREATE INDEX ix_handover_lines_decided_operation_id ON handover_lines (decided_operation_id);
CREATE INDEX ix_handover_lines_org_id ON handover_lines (org_id);
CREATE INDEX ix_handover_lines_record_id ON handover_lines (record_id);
CREATE INDEX ix_handover_lines_sent_operation_id ON handover_lines (sent_operation_id);
CREATE INDEX ix_handover_lines_shipment_id ON handover_lines (shipment_id);
CREATE INDEX ix_handover_lines_updated_at ON handover_lines (updated_at);
CREATE UNIQUE INDEX uq_handover_lines_c31_one_open ON handover_lines (record_id) WHERE state = 'SENT';
COMMENT ON TABLE handover_lines IS 'Lines of a handover''s list: number, copies, pages, original or copy and seal, taken from the rows by a trigger (C30).';
COMMENT ON COLUMN handover_lines.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN handover_lines.org_id IS 'The unit that gives.';
COMMENT ON COLUMN handover_lines.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN handover_lines.handover_id IS 'The handover.';
COMMENT ON COLUMN handover_lines.record_id IS 'The paper or volume.';
COMMENT ON COLUMN handover_lines.shipment_id IS 'With what it was sent; null while listed, and for what did not move.';
COMMENT ON COLUMN handover_lines.tier IS 'Tier.';
COMMENT ON COLUMN handover_lines.archive_no IS 'Number.';
COMMENT ON COLUMN handover_lines.barcode IS 'Label.';
COMMENT ON COLUMN handover_lines.copies IS 'How many papers: one, or those in the volume.';
COMMENT ON COLUMN handover_lines.pages IS 'Pages of all of them.';
COMMENT ON COLUMN handover_lines.is_original IS 'Whether all are originals.';
COMMENT ON COLUMN handover_lines.seal_no IS 'Seal of the envelope; first tier.';
COMMENT ON COLUMN handover_lines.stood_as IS 'State of the record when it was listed; where it goes back to.';
COMMENT ON COLUMN handover_lines.state IS 'Life cycle.';
COMMENT ON COLUMN handover_lines.sent_operation_id IS 'The operation by which the giver let it go (C31).';
COMMENT ON COLUMN handover_lines.decided_operation_id IS 'The operation that took, rejected or recalled it (C31).';
COMMENT ON COLUMN handover_lines.back_operation_id IS 'The operation that took a rejected one back.';
COMMENT ON COLUMN handover_lines.decided_at IS 'When it was taken, rejected or recalled.';
COMMENT ON COLUMN handover_lines.reasons IS 'Why it was rejected.';
COMMENT ON COLUMN handover_lines.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN handover_lines.created_at IS 'When the row was made.';
COMMENT ON COLUMN handover_lines.updated_at IS 'Last change; kept by a trigger.';

alter table org_units add column closed_at timestamptz;
comment on column org_units.closed_at is 'When it was closed; nothing new belongs to it from then on (C32).';
alter table chains add column transferred_at timestamptz;
comment on column chains.transferred_at is 'When the loan came from another unit; its older events were written there.';

create trigger tg_touch before update on handovers for each row execute function tg_touch();
create trigger tg_touch before update on shipments for each row execute function tg_touch();
create trigger tg_touch before update on handover_lines for each row execute function tg_touch();
create trigger tg_row_version after insert or update or delete on handovers for each row execute function tg_row_version();
create trigger tg_row_version after insert or update or delete on shipments for each row execute function tg_row_version();
create trigger tg_row_version after insert or update or delete on handover_lines for each row execute function tg_row_version();

-- Who sees a handover: both parties. ---------------------------------------------------------------------------------
create function tg_handovers_visible_to() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(array[new.org_id, new.to_org_id]);
  new.state := 'DRAFT';
  return new;
end $$;
create trigger tg_handovers_visible_to before insert on handovers for each row execute function tg_handovers_visible_to();
create function tg_shipments_visible_to() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  select h.org_id, h.visible_to into new.org_id, new.visible_to from handovers h where h.id = new.handover_id;
  return new;
end $$;
create trigger tg_shipments_visible_to before insert on shipments for each row execute function tg_shipments_visible_to();
do $$ declare name text; begin
  foreach name in array array['handovers', 'shipments', 'handover_lines'] loop
    execute format('create policy branch on %I using (case when (select app_everywhere()) then true
      when visible_to && (select app_branches()) then true else false end)', name);
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
  end loop;
end $$;
grant select on handovers, shipments, handover_lines to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
grant insert (org_id, kind, to_org_id, giver_id, taker_id, in_town, reason, created_by) on handovers to loanfile_app;
grant insert (id, org_id, handover_id, operation_id, tier, seal_no, lines, sent_at, due_at) on shipments to loanfile_app;
grant insert (handover_id, record_id) on handover_lines to loanfile_app;
grant update (state, shipment_id, sent_operation_id, decided_operation_id, back_operation_id, decided_at, reasons) on handover_lines to loanfile_app;
grant delete on handover_lines to loanfile_app;
grant update (state) on handovers to loanfile_registrar;

-- A record is seen by both parties of an open line, too.
create or replace function tg_records_visible_to() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(array[new.org_id, new.custody_org_id, (select org_id from collateral where id = new.collateral_id)]
    || (select array_agg(u) from handover_lines l, unnest(l.visible_to) u where l.record_id = new.id
        and (l.state = 'SENT' or l.state = 'REJECTED' and l.shipment_id is not null and l.back_operation_id is null)));
  return new;
end $$;

-- C30: a line says what the rows say, whoever writes it. --------------------------------------------------------------
create function handover_line_of(record uuid) returns table (
    tier text, archive_no text, barcode text, copies integer, pages integer, is_original boolean, seal_no text, stood_as text, kept_by uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.tier, r.archive_no, r.barcode, case when r.tier = 'FIRST' then 1 else i.copies end,
         case when r.tier = 'FIRST' then greatest(r.pages, 1) else i.pages end, case when r.tier = 'FIRST' then true else i.originals end,
         e.seal_no, r.state, r.custody_org_id
  from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
  cross join lateral (select count(*)::integer copies, coalesce(sum(f.pages), 0)::integer pages, coalesce(bool_and(f.is_original), true) originals
                      from file_items f where f.record_id = r.id) i
  where r.id = record $$;

create function tg_handover_lines_c30_from_rows() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare h handovers; keeper uuid; begin
  select * into h from handovers where id = new.handover_id;
  select l.tier, l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.seal_no, l.stood_as, l.kept_by
    into new.tier, new.archive_no, new.barcode, new.copies, new.pages, new.is_original, new.seal_no, new.stood_as, keeper
    from handover_line_of(new.record_id) l;
  new.org_id := h.org_id;
  new.visible_to := h.visible_to;
  if h.state <> 'DRAFT' then perform broken('tg_handover_lines_c31_draft'); end if;
  if keeper <> h.org_id then perform broken('tg_handover_lines_c31_keeper'); end if;
  return new;
end $$;
create trigger tg_handover_lines_c30_from_rows before insert on handover_lines
  for each row execute function tg_handover_lines_c30_from_rows();

create function tg_handover_lines_c31_listed() returns trigger language plpgsql as $$ begin
  if old.state <> 'LISTED' then perform broken('tg_handover_lines_c31_step'); end if;
  return old;
end $$;
create trigger tg_handover_lines_c31_listed before delete on handover_lines for each row execute function tg_handover_lines_c31_listed();

-- C30, C31, C33: the steps of a line; nothing is sent that the list does not describe as it is.
create function tg_handover_lines_c31_step() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare h handovers; begin
  if not ((old.state, new.state) in (('LISTED', 'SENT'), ('SENT', 'ACKNOWLEDGED'), ('SENT', 'RESPONSIBILITY_ONLY'), ('SENT', 'REJECTED'),
                                     ('SENT', 'RECALLED')))
     or new.state = 'RESPONSIBILITY_ONLY' and new.shipment_id is not null or new.state = 'ACKNOWLEDGED' and new.shipment_id is null then
    perform broken('tg_handover_lines_c31_step'); end if;
  if new.state <> 'SENT' then return new; end if;
  select * into h from handovers where id = new.handover_id;
  if not exists (select from handover_line_of(new.record_id) l where (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as)
                 = (new.archive_no, new.barcode, new.copies, new.pages, new.is_original, new.stood_as)
                 and l.seal_no is not distinct from new.seal_no) then
    perform broken('tg_handover_lines_c30_list_is_true'); end if;
  if h.kind <> 'CUSTODIAN' and new.shipment_id is null and new.stood_as not in ('CHECKED_OUT', 'READING') then
    perform broken('tg_handover_lines_c31_moves'); end if;
  if h.kind = 'TO_ARCHIVE' and not exists (select from archive_records r where r.id = new.record_id and r.state = 'CLOSED_VOLUME'
                                           and r.retention_class in ('TWENTY_YEARS', 'PERMANENT')) then
    perform broken('tg_handover_lines_c45_for_archive'); end if;
  if new.tier = 'FIRST' and not exists (select from org_units o where o.id = h.to_org_id and o.has_vault) then
    perform broken('tg_handover_lines_c33_vault'); end if;
  return new;
end $$;
create trigger tg_handover_lines_c31_step before update of state on handover_lines
  for each row when (old.state <> new.state) execute function tg_handover_lines_c31_step();
create function tg_handover_lines_c48_once() returns trigger language plpgsql as $$ begin
  if old.sent_operation_id is not null and (new.sent_operation_id, new.shipment_id) is distinct from (old.sent_operation_id, old.shipment_id)
     or old.decided_operation_id is not null and (new.decided_operation_id, new.decided_at, new.reasons)
        is distinct from (old.decided_operation_id, old.decided_at, old.reasons)
     or old.back_operation_id is not null and new.back_operation_id is distinct from old.back_operation_id then
    perform broken('tg_handover_lines_c48_once'); end if;
  return new;
end $$;
create trigger tg_handover_lines_c48_once before update on handover_lines for each row execute function tg_handover_lines_c48_once();

-- C31: each step of a line is an operation of the side whose step it is.
create function ct_handover_lines_c31_both_sides() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare h handovers; o operations; side uuid; wanted text[]; which uuid; begin
  select * into h from handovers where id = new.handover_id;
  which := case when new.back_operation_id is distinct from old.back_operation_id then new.back_operation_id
                when new.state = 'SENT' then new.sent_operation_id else new.decided_operation_id end;
  side := case when new.state in ('SENT', 'RECALLED') or new.back_operation_id is distinct from old.back_operation_id
               then h.org_id else h.to_org_id end;
  wanted := case when new.back_operation_id is distinct from old.back_operation_id then array['TAKE_BACK', 'TAKE_BACK_PENDING']
    when new.state = 'SENT' then array['SEND_HANDOVER', 'SEND_PENDING', 'SEND_RESPONSIBILITY']
    when new.state = 'REJECTED' then array['REJECT_HANDOVER']
    when new.state = 'RECALLED' then array['TAKE_BACK', 'TAKE_BACK_PENDING', 'RECALL_RESPONSIBILITY']
    when h.kind = 'CUSTODIAN' then array['RECEIVE_CUSTODY']
    when new.state = 'RESPONSIBILITY_ONLY' then array['RECEIVE_RESPONSIBILITY']
    else array['RECEIVE_HANDOVER', 'RECEIVE_PENDING'] end;
  select * into o from operations where id = which;
  if o.state is distinct from 'DONE' or not o.action = any (wanted) or not new.record_id = any (o.record_ids)
     or exists (select from storage_locations v where v.id = o.vault_id and v.org_id <> side)
     or exists (select from operation_seats s join staff p on p.id = s.staff_id
                where s.operation_id = o.id and s.seat <> 'SUPERVISOR' and p.org_id <> side)
     or h.kind = 'CUSTODIAN' and o.action = 'RECEIVE_CUSTODY' and not exists (
          select from operation_seats s where s.operation_id = o.id and s.seat = 'RECEIVER' and s.staff_id = h.taker_id) then
    perform broken('ct_handover_lines_c31_both_sides'); end if;
  return null;
end $$;
create constraint trigger ct_handover_lines_c31_both_sides after update of state, back_operation_id on handover_lines
  deferrable initially deferred for each row
  when (old.state <> new.state or old.back_operation_id is distinct from new.back_operation_id)
  execute function ct_handover_lines_c31_both_sides();

-- C31: the keeper of a record changes by an acknowledged line and by nothing else.
create function ct_archive_records_c31_acknowledged() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from handover_lines l join handovers h on h.id = l.handover_id join operations o on o.id = l.decided_operation_id
                 where l.record_id = new.id and l.state in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY') and h.to_org_id = new.custody_org_id
                 and h.org_id = old.custody_org_id and o.done_in = pg_current_xact_id()) then
    perform broken('ct_archive_records_c31_acknowledged'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c31_acknowledged after update of custody_org_id on archive_records
  deferrable initially deferred for each row when (old.custody_org_id <> new.custody_org_id)
  execute function ct_archive_records_c31_acknowledged();

-- The envelope goes with its papers.
create function tg_archive_records_custody_passed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  update sealed_envelopes set org_id = new.custody_org_id, visible_to = distinct_ids(new.visible_to || new.custody_org_id)
  where id = new.envelope_id and org_id <> new.custody_org_id;
  return null;
end $$;
create trigger tg_archive_records_custody_passed after update of custody_org_id on archive_records
  for each row when (old.custody_org_id <> new.custody_org_id and new.envelope_id is not null)
  execute function tg_archive_records_custody_passed();
grant update (org_id) on sealed_envelopes to loanfile_registrar;

-- C32: what a leaving custodian keeps and the list does not name.
create function uncounted(which uuid) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::integer from handovers h join archive_records r on r.custodian_id = h.giver_id
      or r.tier = 'FIRST' and r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING') and r.vault_id in (
        select d.vault_id from keeper_duties d where d.staff_id = h.giver_id and d.during @> clock_timestamp())
  where h.id = which and h.kind = 'CUSTODIAN' and r.custody_org_id = h.org_id
    and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED', 'ARCHIVED')
    and not exists (select from handover_lines l where l.handover_id = h.id and l.record_id = r.id) $$;

create function handover_state_of(which uuid) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select case when bool_and(state = 'LISTED') or count(*) = 0 then 'DRAFT'
              when bool_or(state in ('LISTED', 'SENT') or state = 'REJECTED' and shipment_id is not null and back_operation_id is null
                         and exists (select from archive_records r where r.id = record_id and r.state = 'IN_TRANSIT'))
                then case when bool_or(state in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY', 'REJECTED')) then 'PARTLY_ACKNOWLEDGED' else 'SENT' end
              when bool_or(state in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY', 'REJECTED')) then 'CLOSED'
              else 'RECALLED' end
  from handover_lines where handover_id = which $$;

-- What follows from lines: the state of their handover, who sees their records, and the duties of a custodian who has left.
create function tg_handover_lines_spread() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare touched uuid[]; refreshed uuid[]; h handovers; begin
  if tg_op = 'DELETE' then
    select array_agg(distinct handover_id) into touched from was;
  else
    select array_agg(distinct n.handover_id), array_agg(n.record_id) filter (where cardinality(n.visible_to) > 1
             and n.state not in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY'))  -- of those the change of keeper says it
      into touched, refreshed from is_now n join was o using (id)
      where n.state <> o.state or n.back_operation_id is distinct from o.back_operation_id;
    for h in select * from handovers x where x.id = any (touched) and x.kind = 'CUSTODIAN' loop
      if exists (select from is_now n join was o using (id) where n.handover_id = h.id and o.state = 'LISTED' and n.state = 'SENT')
         and uncounted(h.id) > 0 then perform broken('tg_handover_lines_c32_full_count'); end if;
    end loop;
    update archive_records set org_id = org_id where id = any (refreshed);
    update sealed_envelopes e set visible_to = distinct_ids(e.org_id || r.visible_to) from archive_records r
      where r.id = any (refreshed) and e.id = r.envelope_id and e.collateral_id is null
        and e.visible_to is distinct from distinct_ids(e.org_id || r.visible_to);
  end if;
  update handovers x set state = handover_state_of(x.id) where x.id = any (touched) and x.state <> handover_state_of(x.id);
  return null;
end $$;
create trigger tg_handover_lines_spread after update on handover_lines referencing old table as was new table as is_now
  for each statement execute function tg_handover_lines_spread();
create trigger tg_handover_lines_spread_deleted after delete on handover_lines referencing old table as was
  for each statement execute function tg_handover_lines_spread();

create function tg_handovers_c32_duties_end() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare now timestamptz := clock_timestamp(); begin
  update keeper_duties d set during = case when lower(d.during) < now then tstzrange(lower(d.during), now) else 'empty' end
  where d.staff_id = new.giver_id and upper(d.during) > now;
  return null;
end $$;
create trigger tg_handovers_c32_duties_end after update of state on handovers
  for each row when (new.kind = 'CUSTODIAN' and new.state = 'CLOSED' and old.state <> 'CLOSED') execute function tg_handovers_c32_duties_end();

-- C8: what is on its way is outside, with all that lies in its envelope.
create or replace function ct_archive_records_c8_together() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (select count(distinct x.state in ('IN_VAULT', 'RESERVED')) from archive_records x
      where x.envelope_id = new.envelope_id and x.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT')) > 1 then
    perform broken('ct_archive_records_c8_together'); end if;
  return null;
end $$;

-- A paper that waits for its first vault leaves no vault: its transit has an operation of its own kind.
create or replace function ct_movements_c1_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.exit_operation_id is not null and not exists (select from operations o join acts a using (action)
      where o.id = new.exit_operation_id and o.state = 'DONE' and (a.is_exit or new.kind = 'TRANSIT' and o.action = 'SEND_PENDING')
      and (o.request_id = new.request_id or new.kind = 'TRANSIT') and new.record_id = any (o.record_ids))
  or new.entry_operation_id is not null and not exists (select from operations o where o.id = new.entry_operation_id and o.state = 'DONE'
      and new.record_id = any (o.record_ids)) then
    perform broken('ct_movements_c1_done'); end if;
  return null;
end $$;

-- Facts: one row a record, of every branch.
create function handover_facts(which uuid, ids uuid[], the_vault uuid, the_seal text, at timestamptz) returns table (
    record_id uuid, kind text, state text, from_org uuid, to_org uuid, to_has_vault boolean, giver uuid, taker uuid, line text, stood_as text,
    shipped boolean, back boolean, complete boolean, is_current boolean, elsewhere boolean, kept_by_giver boolean, fit_for_archive boolean,
    late boolean, seal_used boolean, not_counted integer, keys uuid[], codes uuid[])
language sql volatile security definer set search_path = public, pg_temp as $$
  select r.id, h.kind, h.state, h.org_id, h.to_org_id, o.has_vault, h.giver_id, h.taker_id, l.state, l.stood_as,
         l.shipment_id is not null, l.back_operation_id is not null,
         coalesce(f.copies > 0 and f.pages > 0 and (r.tier = 'SECOND' or f.seal_no is not null), false),
         coalesce((f.archive_no, f.barcode, f.copies, f.pages, f.is_original, f.stood_as)
           = (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as) and f.seal_no is not distinct from l.seal_no, false),
         exists (select from handover_lines x where x.record_id = r.id and x.handover_id <> h.id and x.state = 'SENT'),
         r.custody_org_id = h.org_id and (h.kind <> 'CUSTODIAN' or r.tier = 'FIRST' or r.custodian_id = h.giver_id),
         h.kind <> 'TO_ARCHIVE' or r.state = 'CLOSED_VOLUME' and coalesce(r.retention_class in ('TWENTY_YEARS', 'PERMANENT'), false),
         s.late, s.used, s.not_counted, d.keys, d.codes
  from handovers h join org_units o on o.id = h.to_org_id join archive_records r on r.id = any (ids)
  left join handover_lines l on l.handover_id = h.id and l.record_id = r.id
  left join lateral handover_line_of(r.id) f on true
  cross join (select exists (select from shipments p join handover_lines x on x.shipment_id = p.id and x.state = 'SENT'
                             where p.handover_id = which and p.due_at < at) late,
                     exists (select from shipments p where p.seal_no = the_seal) or exists (select from seals e where e.seal_no = the_seal) used,
                     uncounted(which) not_counted) s
  cross join (select array_agg(k.staff_id) filter (where k.seat = 'KEY') keys, array_agg(k.staff_id) filter (where k.seat = 'CODE') codes
              from keeper_duties k where k.vault_id = the_vault and k.during @> at) d
  where h.id = which $$;

create function unit_facts(a uuid, b uuid) returns table (a_open boolean, b_open boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select (select closed_at is null from org_units where id = a), (select closed_at is null from org_units where id = b) $$;

-- Loans that go to another unit; units that close. ---------------------------------------------------------------------
create or replace function is_administration(action text) returns boolean language sql immutable as $$
  select action in ('CREATE_ORG_UNIT', 'REGISTER_STAFF', 'GRANT_ROLE', 'REVOKE_ROLE', 'DELEGATE', 'ASSIGN_DUTY', 'HAND_OVER_DUTY',
                    'DECLARE_RELATION', 'DEACTIVATE_STAFF', 'CREATE_LOCATIONS', 'PROPOSE_POLICY', 'GRANT_READING', 'TRANSFER_LOANS',
                    'CLOSE_ORG_UNIT') $$;

create function loans_to_transfer(change jsonb) returns uuid[]
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(array_agg(l.id order by l.id), '{}') from loans l where l.org_id = (change->>'unit')::uuid
    and (change->'loans' is null or l.id in (select i::uuid from jsonb_array_elements_text(change->'loans') i)) $$;

create function unit_is_clear(unit uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select not (exists (select from loans l where l.org_id = unit)
    or exists (select from archive_records r where (r.custody_org_id = unit or r.org_id = unit) and r.state not in
         ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED'))
    or exists (select from handovers h where unit in (h.org_id, h.to_org_id) and h.state in ('SENT', 'PARTLY_ACKNOWLEDGED'))
    or exists (select from staff s where s.org_id = unit and s.active)
    or exists (select from org_units o where o.parent_id = unit and o.closed_at is null)) $$;

create function administer_units(act text, change jsonb, who uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  now timestamptz := clock_timestamp(); unit uuid := (change->>'unit')::uuid; receiver uuid := (change->>'receiver')::uuid;
  moved uuid[]; papers uuid[]; touched integer; begin
  if act = 'CLOSE_ORG_UNIT' then
    update org_units set closed_at = now where id = unit and closed_at is null;
    get diagnostics touched = row_count;
    if touched = 0 then perform broken('administer_nothing_to_change'); end if;
    return;
  end if;
  moved := loans_to_transfer(change);
  if cardinality(moved) <> (change->>'expected')::integer then perform broken('administer_count_changed'); end if;
  if cardinality(moved) not between 1 and 3000 then perform broken('administer_too_many'); end if;
  if not exists (select from org_units o where o.id = receiver and o.id <> unit and o.closed_at is null) then
    perform broken('administer_unit_closed'); end if;
  -- The receiving unit knows the borrower and the owner by rows of its own.
  insert into customers (org_id, party_id, name, district, identity_index, identity_cipher, identity_number_masked, phone_index, phone_cipher,
                         phone_masked, address_cipher, address_masked, key_epoch)
  select receiver, c.party_id, c.name, c.district, c.identity_index, c.identity_cipher, c.identity_number_masked, c.phone_index, c.phone_cipher,
         c.phone_masked, c.address_cipher, c.address_masked, c.key_epoch
  from customers c where c.id in (select l.customer_id from loans l where l.id = any (moved)
    union select a.owner_id from collateral a join loan_collateral x on x.collateral_id = a.id where x.loan_id = any (moved))
  on conflict (org_id, identity_index) do nothing;
  update loans l set org_id = receiver, customer_id = n.id from customers c join customers n on n.org_id = receiver and n.identity_index = c.identity_index
    where l.id = any (moved) and c.id = l.customer_id;
  update chains set org_id = receiver, transferred_at = now where id = any (moved);
  update loan_positions set org_id = receiver where loan_id = any (moved);
  update loan_contracts set org_id = receiver where loan_id = any (moved);
  update contracts k set org_id = receiver where k.org_id = unit and k.id in (select contract_id from loan_contracts where loan_id = any (moved))
    and not exists (select from loan_contracts x join loans l on l.id = x.loan_id where x.contract_id = k.id and l.org_id <> receiver);
  update loan_collateral set org_id = receiver where loan_id = any (moved);
  -- What secures only loans that have gone goes with them; owner and unit are the receiving unit's.
  update collateral a set org_id = receiver, owner_id = (select n.id from customers c join customers n on n.org_id = receiver
      and n.identity_index = c.identity_index where c.id = a.owner_id)
    where a.org_id = unit and a.id in (select collateral_id from loan_collateral where loan_id = any (moved))
    and not exists (select from loan_collateral x join loans l on l.id = x.loan_id where x.collateral_id = a.id and l.org_id <> receiver);
  select array_agg(r.id) into papers from archive_records r where r.primary_loan_id = any (moved);
  update archive_records set org_id = receiver where id = any (papers);
  perform refresh_collateral(x.collateral_id) from loan_collateral x where x.loan_id = any (moved);
  -- History belongs to the unit that owns the loan now; a former one keeps what it did itself.
  update access_requests q set visible_to = distinct_ids(q.visible_to || receiver)
    where q.id in (select request_id from request_lines where record_id = any (papers)) and not receiver = any (q.visible_to);
  update operations o set visible_to = distinct_ids(o.visible_to || receiver) where not receiver = any (o.visible_to) and o.id in (
    select exit_operation_id from movements where record_id = any (papers) union select entry_operation_id from movements where record_id = any (papers)
    union select operation_id from off_balance_entries where record_id = any (papers));
end $$;
revoke execute on function administer_units(text, jsonb, uuid) from public;

create or replace function rehearse(act text, change jsonb, who uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if act in ('TRANSFER_LOANS', 'CLOSE_ORG_UNIT') then perform administer_units(act, change, who);
  else perform administer(act, change, who); end if;
  raise exception 'rehearsed' using errcode = 'LF001';
end $$;
create or replace function tg_operations_administer() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare second uuid := (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'); begin
  if new.action in ('TRANSFER_LOANS', 'CLOSE_ORG_UNIT') then perform administer_units(new.action, new.ask->'change', second);
  else perform administer(new.action, new.ask->'change', second); end if;
  return null;
end $$;

create function tg_org_units_c32_clear() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not unit_is_clear(new.id) then perform broken('tg_org_units_c32_clear'); end if;
  return new;
end $$;
create trigger tg_org_units_c32_clear before update of closed_at on org_units
  for each row when (old.closed_at is null and new.closed_at is not null) execute function tg_org_units_c32_clear();

-- A closed unit gets nothing new.
create function tg_c32_unit_is_open() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare unit uuid := coalesce((to_jsonb(new)->>'to_org_id')::uuid, (to_jsonb(new)->>'org_id')::uuid); begin
  if exists (select from org_units o where o.id = unit and o.closed_at is not null) then perform broken('tg_c32_unit_is_open'); end if;
  return new;
end $$;
create trigger tg_c32_unit_is_open before insert or update of org_id on loans for each row execute function tg_c32_unit_is_open();
create trigger tg_c32_unit_is_open before insert or update of org_id on staff for each row execute function tg_c32_unit_is_open();
create trigger tg_c32_unit_is_open before insert on handovers for each row execute function tg_c32_unit_is_open();

-- Positions are the bank's words: the unit that owns the loan is not one of them.
drop trigger tg_append_only_c48_update on loan_positions;
create trigger tg_append_only_c48_update before update on loan_positions for each row
  when ((to_jsonb(new) - 'org_id') is distinct from (to_jsonb(old) - 'org_id')) execute function tg_append_only_c48();

alter policy branch_reads on events using (case when (select app_everywhere()) then true
  when org_id = any ((select app_branches())::uuid[]) then true
  when record_id is not null and coalesce((select true from archive_records r where r.id = record_id), false) then true
  else coalesce((select true from chains c where c.id = chain_id and c.transferred_at is not null
                 and c.org_id = any ((select app_branches())::uuid[])), false) end);

grant insert on customers to loanfile_registrar;
grant update (org_id, customer_id) on loans to loanfile_registrar;
grant update (org_id) on loan_positions, loan_contracts, contracts, loan_collateral, archive_records to loanfile_registrar;
grant update (org_id, owner_id) on collateral to loanfile_registrar;
grant update (visible_to) on operations to loanfile_registrar;
grant update (closed_at) on org_units to loanfile_registrar;
do $$ declare f text; begin
  foreach f in array array['tg_handovers_visible_to()', 'tg_shipments_visible_to()', 'tg_archive_records_custody_passed()',
      'tg_handover_lines_spread()', 'tg_handovers_c32_duties_end()', 'administer_units(text, jsonb, uuid)',
      'tg_handover_lines_c30_from_rows()'] loop
    execute format('alter function %s owner to loanfile_registrar', f);
  end loop;
  foreach f in array array['handover_line_of(uuid)', 'tg_handover_lines_c31_step()', 'ct_handover_lines_c31_both_sides()',
      'ct_archive_records_c31_acknowledged()', 'uncounted(uuid)', 'handover_state_of(uuid)',
      'handover_facts(uuid, uuid[], uuid, text, timestamptz)', 'unit_facts(uuid, uuid)', 'loans_to_transfer(jsonb)', 'unit_is_clear(uuid)',
      'tg_org_units_c32_clear()', 'tg_c32_unit_is_open()'] loop
    execute format('alter function %s owner to loanfile_judge', f);
  end loop;
end $$;
