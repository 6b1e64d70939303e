-- Tables, constraints, indexes and comments of the first migration; kept as it was when it was made.

CREATE TABLE transitions (
    tier TEXT NOT NULL,
    start TEXT NOT NULL,
    action TEXT NOT NULL,
    finish TEXT NOT NULL,
    code TEXT NOT NULL,
    CONSTRAINT pk_transitions PRIMARY KEY (tier, start, action),
    CONSTRAINT ck_transitions_tier CHECK (tier in ('FIRST', 'SECOND')),
    CONSTRAINT ck_transitions_start CHECK (start in ('AWAITED', 'PENDING_INTAKE', 'IN_VAULT', 'COLLECTING', 'SUBMITTED', 'FILED', 'READING', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'MISSING', 'LOST', 'REPLACED', 'RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'CLOSED_LOST', 'DESTROYED')),
    CONSTRAINT ck_transitions_finish CHECK (finish in ('AWAITED', 'PENDING_INTAKE', 'IN_VAULT', 'COLLECTING', 'SUBMITTED', 'FILED', 'READING', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'MISSING', 'LOST', 'REPLACED', 'RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'CLOSED_LOST', 'DESTROYED')),
    CONSTRAINT ck_transitions_action CHECK (action in ('REGISTER', 'INTAKE', 'SUBMIT_VOLUME', 'ACCEPT_VOLUME', 'REQUEST_CHECKOUT', 'REQUEST_READING', 'REQUEST_EXTENSION', 'APPROVE', 'RESERVE', 'EXTEND', 'REJECT', 'CANCEL', 'LAPSE', 'CHECK_OUT', 'CONFIRM', 'WITHDRAW', 'PRESENT_RETURN', 'ACCEPT_RETURN', 'REJECT_RETURN', 'RETURN_MISSING', 'START_READING', 'END_READING', 'PLACE_HOLD', 'LIFT_HOLD', 'REPORT_MISSING'))
);
COMMENT ON TABLE transitions IS 'The state machines of domain section 3; loaded from server/custody/transitions.py.';
COMMENT ON COLUMN transitions.tier IS 'Tier.';
COMMENT ON COLUMN transitions.start IS 'State before.';
COMMENT ON COLUMN transitions.action IS 'The act.';
COMMENT ON COLUMN transitions.finish IS 'State after.';
COMMENT ON COLUMN transitions.code IS 'Row of the specification, F5 or S4.';

CREATE TABLE purposes (
    tier TEXT NOT NULL,
    purpose TEXT NOT NULL,
    CONSTRAINT pk_purposes PRIMARY KEY (tier, purpose),
    CONSTRAINT ck_purposes_tier CHECK (tier in ('FIRST', 'SECOND')),
    CONSTRAINT ck_purposes_purpose CHECK (purpose in ('EXTENSION_REREGISTRATION', 'CERTIFICATE_CHANGE', 'AUDIT_READING', 'LITIGATION_RESTRUCTURE_WRITEOFF', 'CERTIFICATE_REISSUE', 'AUDIT', 'LITIGATION', 'OTHER'))
);
COMMENT ON TABLE purposes IS 'Which purposes a tier allows (C13).';
COMMENT ON COLUMN purposes.tier IS 'Tier.';
COMMENT ON COLUMN purposes.purpose IS 'Purpose.';

CREATE TABLE approval_ranks (
    tier TEXT NOT NULL,
    purpose TEXT NOT NULL,
    role TEXT NOT NULL,
    CONSTRAINT pk_approval_ranks PRIMARY KEY (tier, purpose, role),
    CONSTRAINT ck_approval_ranks_role CHECK (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE', 'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM'))
);
COMMENT ON TABLE approval_ranks IS 'Who must approve, per tier and purpose (C5).';
COMMENT ON COLUMN approval_ranks.tier IS 'Tier.';
COMMENT ON COLUMN approval_ranks.purpose IS 'Purpose.';
COMMENT ON COLUMN approval_ranks.role IS 'A rank that must approve.';

CREATE TABLE pending_events (
    event_id UUID NOT NULL,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_pending_events PRIMARY KEY (event_id)
);
COMMENT ON TABLE pending_events IS 'Events that no checkpoint has sealed yet; written by a trigger in the transaction of the event.';
COMMENT ON COLUMN pending_events.event_id IS 'The event.';
COMMENT ON COLUMN pending_events.transaction_id IS 'Transaction that wrote it.';
COMMENT ON COLUMN pending_events.hash IS 'Hash of the event.';

CREATE TABLE row_versions (
    id BIGSERIAL NOT NULL,
    table_name TEXT NOT NULL,
    row_id UUID NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    operation TEXT NOT NULL,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    content JSONB NOT NULL,
    CONSTRAINT pk_row_versions PRIMARY KEY (id),
    CONSTRAINT ck_row_versions_operation CHECK (operation in ('I', 'U', 'D'))
);
CREATE INDEX ix_row_versions_row ON row_versions (table_name, row_id, recorded_at);
COMMENT ON TABLE row_versions IS 'Every version of every row that has a history; written by triggers since the first migration.';
COMMENT ON COLUMN row_versions.id IS 'Order of recording.';
COMMENT ON COLUMN row_versions.table_name IS 'Which table.';
COMMENT ON COLUMN row_versions.row_id IS 'Which row.';
COMMENT ON COLUMN row_versions.recorded_at IS 'Since when this version holds.';
COMMENT ON COLUMN row_versions.operation IS 'I, U or D.';
COMMENT ON COLUMN row_versions.transaction_id IS 'Transaction that wrote it.';
COMMENT ON COLUMN row_versions.content IS 'The row; ciphertext stays ciphertext.';

CREATE TABLE parties (
    id UUID DEFAULT uuidv7() NOT NULL,
    identity_index BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_parties PRIMARY KEY (id),
    CONSTRAINT uq_parties_identity_index UNIQUE (identity_index)
);
COMMENT ON TABLE parties IS 'One person or company bank-wide; links the customer rows of several branches.';
COMMENT ON COLUMN parties.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN parties.identity_index IS 'Blind index of the identity number (HMAC-SHA-256).';
COMMENT ON COLUMN parties.created_at IS 'When the row was made.';

CREATE TABLE dealers (
    id UUID DEFAULT uuidv7() NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    unified_credit_code TEXT NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_dealers PRIMARY KEY (id),
    CONSTRAINT uq_dealers_code UNIQUE (code)
);
CREATE INDEX ix_dealers_updated_at ON dealers (updated_at);
COMMENT ON TABLE dealers IS 'Car dealers (经销商).';
COMMENT ON COLUMN dealers.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN dealers.code IS 'Business code.';
COMMENT ON COLUMN dealers.name IS 'Name.';
COMMENT ON COLUMN dealers.unified_credit_code IS 'Unified social credit code.';
COMMENT ON COLUMN dealers.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN dealers.created_at IS 'When the row was made.';
COMMENT ON COLUMN dealers.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE loan_products (
    id UUID DEFAULT uuidv7() NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_loan_products PRIMARY KEY (id),
    CONSTRAINT uq_loan_products_code UNIQUE (code)
);
CREATE INDEX ix_loan_products_updated_at ON loan_products (updated_at);
COMMENT ON TABLE loan_products IS 'Loan products (贷款品种).';
COMMENT ON COLUMN loan_products.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN loan_products.code IS 'Business code.';
COMMENT ON COLUMN loan_products.name IS 'Name.';
COMMENT ON COLUMN loan_products.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN loan_products.created_at IS 'When the row was made.';
COMMENT ON COLUMN loan_products.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE org_units (
    id UUID DEFAULT uuidv7() NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    level TEXT NOT NULL,
    parent_id UUID,
    has_vault BOOLEAN DEFAULT false NOT NULL,
    president_in_charge_id UUID,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_org_units PRIMARY KEY (id),
    CONSTRAINT uq_org_units_code UNIQUE (code),
    CONSTRAINT ck_org_units_level CHECK (level in ('HEAD_OFFICE', 'BRANCH', 'SUB_BRANCH')),
    CONSTRAINT ck_org_units_head_office_has_no_parent CHECK ((parent_id is null) = (level = 'HEAD_OFFICE')),
    CONSTRAINT fk_org_units_parent_id FOREIGN KEY(parent_id) REFERENCES org_units (id)
);
CREATE INDEX ix_org_units_parent_id ON org_units (parent_id);
CREATE INDEX ix_org_units_updated_at ON org_units (updated_at);
COMMENT ON TABLE org_units IS 'Head office, branches and sub-branches (机构).';
COMMENT ON COLUMN org_units.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN org_units.code IS 'Business code.';
COMMENT ON COLUMN org_units.name IS 'Name.';
COMMENT ON COLUMN org_units.level IS 'Level.';
COMMENT ON COLUMN org_units.parent_id IS 'The unit above.';
COMMENT ON COLUMN org_units.has_vault IS 'Whether it may keep first-tier papers overnight (C33).';
COMMENT ON COLUMN org_units.president_in_charge_id IS 'President in charge (主管行长).';
COMMENT ON COLUMN org_units.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN org_units.created_at IS 'When the row was made.';
COMMENT ON COLUMN org_units.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE holidays (
    day DATE NOT NULL,
    is_working BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT pk_holidays PRIMARY KEY (day)
);
COMMENT ON TABLE holidays IS 'Days that differ from Monday to Friday: holidays and swapped working days.';
COMMENT ON COLUMN holidays.day IS 'The day.';
COMMENT ON COLUMN holidays.is_working IS 'True for a weekend that is worked.';
COMMENT ON COLUMN holidays.name IS 'Its name.';
COMMENT ON COLUMN holidays.source IS 'Where the row came from.';

CREATE TABLE data_keys (
    epoch INTEGER NOT NULL,
    wrapped BYTEA NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_data_keys PRIMARY KEY (epoch)
);
COMMENT ON TABLE data_keys IS 'Keys of personal data, one per epoch, wrapped by the key of the settings: that one may change, the ciphertexts stay.';
COMMENT ON COLUMN data_keys.epoch IS 'Epoch, from 1.';
COMMENT ON COLUMN data_keys.wrapped IS 'The key, AES-256-GCM under the key of the settings.';
COMMENT ON COLUMN data_keys.made_at IS 'When it was made.';

CREATE TABLE ticket_counters (
    org_id UUID NOT NULL,
    last_no BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_ticket_counters PRIMARY KEY (org_id),
    CONSTRAINT fk_ticket_counters_org_id FOREIGN KEY(org_id) REFERENCES org_units (id)
);
COMMENT ON TABLE ticket_counters IS 'The last ticket number of each unit; only the numbering trigger writes it.';
COMMENT ON COLUMN ticket_counters.org_id IS 'Whose sequence.';
COMMENT ON COLUMN ticket_counters.last_no IS 'The last number given.';

CREATE TABLE chains (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    org_id UUID NOT NULL,
    seq BIGINT DEFAULT 0 NOT NULL,
    head BYTEA DEFAULT '\x'::bytea NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE DEFAULT 'epoch'::timestamptz NOT NULL,
    CONSTRAINT pk_chains PRIMARY KEY (id),
    CONSTRAINT ck_chains_kind CHECK (kind in ('LOAN', 'ORG_UNIT')),
    CONSTRAINT fk_chains_org_id FOREIGN KEY(org_id) REFERENCES org_units (id)
);
CREATE INDEX ix_chains_org_id ON chains (org_id);
COMMENT ON TABLE chains IS 'Heads of the hash chains: one per loan, and one per org unit for what has no loan.';
COMMENT ON COLUMN chains.id IS 'Id of the loan or org unit.';
COMMENT ON COLUMN chains.kind IS 'Whether it belongs to a loan or a unit.';
COMMENT ON COLUMN chains.org_id IS 'The unit that owns the history now.';
COMMENT ON COLUMN chains.seq IS 'Number of the last event.';
COMMENT ON COLUMN chains.head IS 'Hash of the last event.';
COMMENT ON COLUMN chains.last_at IS 'Time of the last event.';

CREATE TABLE customers (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    party_id UUID NOT NULL,
    name TEXT NOT NULL,
    district TEXT DEFAULT '' NOT NULL,
    identity_index BYTEA NOT NULL,
    identity_cipher BYTEA NOT NULL,
    identity_number_masked TEXT NOT NULL,
    phone_index BYTEA,
    phone_cipher BYTEA,
    phone_masked TEXT,
    address_cipher BYTEA,
    address_masked TEXT,
    key_epoch INTEGER DEFAULT 1 NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_customers PRIMARY KEY (id),
    CONSTRAINT uq_customers_org_id_identity_index UNIQUE (org_id, identity_index),
    CONSTRAINT fk_customers_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_customers_party_id FOREIGN KEY(party_id) REFERENCES parties (id)
);
CREATE INDEX ix_customers_org_id_name ON customers (org_id, name, id);
CREATE INDEX ix_customers_party_id ON customers (party_id);
CREATE INDEX ix_customers_updated_at ON customers (updated_at);
COMMENT ON TABLE customers IS 'A borrower, mortgagor or guarantor as one branch knows them (客户).';
COMMENT ON COLUMN customers.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN customers.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN customers.party_id IS 'The same person in all branches.';
COMMENT ON COLUMN customers.name IS 'Name; in clear by decision, people search by it.';
COMMENT ON COLUMN customers.district IS 'District of the address; in clear.';
COMMENT ON COLUMN customers.identity_index IS 'Blind index of the identity number.';
COMMENT ON COLUMN customers.identity_cipher IS 'Identity number, AES-256-GCM.';
COMMENT ON COLUMN customers.identity_number_masked IS 'Identity number, masked.';
COMMENT ON COLUMN customers.phone_index IS 'Blind index of the phone number.';
COMMENT ON COLUMN customers.phone_cipher IS 'Phone number, AES-256-GCM.';
COMMENT ON COLUMN customers.phone_masked IS 'Phone number, masked.';
COMMENT ON COLUMN customers.address_cipher IS 'Address detail, AES-256-GCM.';
COMMENT ON COLUMN customers.address_masked IS 'Address, masked to the district.';
COMMENT ON COLUMN customers.key_epoch IS 'Epoch of the data key.';
COMMENT ON COLUMN customers.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN customers.created_at IS 'When the row was made.';
COMMENT ON COLUMN customers.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE contracts (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    signed_on DATE NOT NULL,
    amount NUMERIC(18, 2) NOT NULL,
    currency TEXT DEFAULT 'CNY' NOT NULL,
    is_maximum_amount BOOLEAN DEFAULT false NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_contracts PRIMARY KEY (id),
    CONSTRAINT uq_contracts_number UNIQUE (number),
    CONSTRAINT ck_contracts_kind CHECK (kind in ('LOAN', 'MORTGAGE', 'PLEDGE', 'GUARANTEE', 'DEALER')),
    CONSTRAINT fk_contracts_org_id FOREIGN KEY(org_id) REFERENCES org_units (id)
);
CREATE INDEX ix_contracts_org_id_number ON contracts (org_id, number, id);
CREATE INDEX ix_contracts_updated_at ON contracts (updated_at);
COMMENT ON TABLE contracts IS 'Contracts (合同).';
COMMENT ON COLUMN contracts.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN contracts.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN contracts.number IS 'Business number.';
COMMENT ON COLUMN contracts.kind IS 'Kind.';
COMMENT ON COLUMN contracts.signed_on IS 'Day of signature.';
COMMENT ON COLUMN contracts.amount IS 'Amount.';
COMMENT ON COLUMN contracts.currency IS 'ISO 4217 code of the amounts in the row.';
COMMENT ON COLUMN contracts.is_maximum_amount IS 'Whether it secures several loans up to an amount (最高额).';
COMMENT ON COLUMN contracts.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN contracts.created_at IS 'When the row was made.';
COMMENT ON COLUMN contracts.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE staff (
    id UUID DEFAULT uuidv7() NOT NULL,
    staff_no TEXT NOT NULL,
    username TEXT NOT NULL,
    name TEXT NOT NULL,
    org_id UUID NOT NULL,
    kind TEXT DEFAULT 'PERSON' NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    principal_version BIGINT DEFAULT 1 NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_staff PRIMARY KEY (id),
    CONSTRAINT uq_staff_staff_no UNIQUE (staff_no),
    CONSTRAINT uq_staff_username UNIQUE (username),
    CONSTRAINT ck_staff_kind CHECK (kind in ('PERSON', 'SERVICE')),
    CONSTRAINT fk_staff_org_id FOREIGN KEY(org_id) REFERENCES org_units (id)
);
CREATE INDEX ix_staff_org_id ON staff (org_id);
CREATE INDEX ix_staff_updated_at ON staff (updated_at);
COMMENT ON TABLE staff IS 'People and services of the bank (员工).';
COMMENT ON COLUMN staff.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN staff.staff_no IS 'Business number.';
COMMENT ON COLUMN staff.username IS 'Subject of the person''s token.';
COMMENT ON COLUMN staff.name IS 'Name.';
COMMENT ON COLUMN staff.org_id IS 'The unit the person works in.';
COMMENT ON COLUMN staff.kind IS 'Person or service.';
COMMENT ON COLUMN staff.active IS 'False once the person has left.';
COMMENT ON COLUMN staff.principal_version IS 'Rises when roles, unit or activity change; kept by triggers.';
COMMENT ON COLUMN staff.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN staff.created_at IS 'When the row was made.';
COMMENT ON COLUMN staff.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE storage_locations (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    parent_id UUID,
    vault_id UUID,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_storage_locations PRIMARY KEY (id),
    CONSTRAINT uq_storage_locations_code UNIQUE (code),
    CONSTRAINT ck_storage_locations_kind CHECK (kind in ('VAULT', 'ROOM', 'CABINET', 'SLOT')),
    CONSTRAINT fk_storage_locations_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_storage_locations_parent_id FOREIGN KEY(parent_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_storage_locations_vault_id FOREIGN KEY(vault_id) REFERENCES storage_locations (id)
);
CREATE INDEX ix_storage_locations_org_id ON storage_locations (org_id);
CREATE INDEX ix_storage_locations_parent_id ON storage_locations (parent_id);
CREATE INDEX ix_storage_locations_updated_at ON storage_locations (updated_at);
COMMENT ON TABLE storage_locations IS 'Vaults, rooms, cabinets and slots (库位).';
COMMENT ON COLUMN storage_locations.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN storage_locations.org_id IS 'The unit that runs the place.';
COMMENT ON COLUMN storage_locations.kind IS 'Level.';
COMMENT ON COLUMN storage_locations.code IS 'Code on the label.';
COMMENT ON COLUMN storage_locations.parent_id IS 'What it lies in.';
COMMENT ON COLUMN storage_locations.vault_id IS 'The vault it belongs to; null outside a vault.';
COMMENT ON COLUMN storage_locations.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN storage_locations.created_at IS 'When the row was made.';
COMMENT ON COLUMN storage_locations.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE collateral (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    kind TEXT NOT NULL,
    description TEXT NOT NULL,
    vin TEXT,
    engine_no TEXT,
    plate_no TEXT,
    value_amount NUMERIC(18, 2),
    valued_on DATE,
    currency TEXT DEFAULT 'CNY' NOT NULL,
    owner_id UUID,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_collateral PRIMARY KEY (id),
    CONSTRAINT ck_collateral_kind CHECK (kind in ('VEHICLE', 'REAL_ESTATE', 'INVENTORY', 'DEPOSIT')),
    CONSTRAINT ck_collateral_vehicle_has_vin CHECK (kind <> 'VEHICLE' or vin is not null),
    CONSTRAINT fk_collateral_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_collateral_owner_id FOREIGN KEY(owner_id) REFERENCES customers (id)
);
CREATE INDEX ix_collateral_org_id ON collateral (org_id);
CREATE INDEX ix_collateral_owner_id ON collateral (owner_id);
CREATE INDEX ix_collateral_updated_at ON collateral (updated_at);
CREATE INDEX ix_collateral_vin ON collateral (vin);
CREATE INDEX ix_collateral_visible_to ON collateral USING gin (visible_to);
COMMENT ON TABLE collateral IS 'Collateral (抵押物), mostly cars.';
COMMENT ON COLUMN collateral.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN collateral.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN collateral.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN collateral.kind IS 'Kind.';
COMMENT ON COLUMN collateral.description IS 'Make and model, or what it is.';
COMMENT ON COLUMN collateral.vin IS 'Vehicle identification number.';
COMMENT ON COLUMN collateral.engine_no IS 'Engine number.';
COMMENT ON COLUMN collateral.plate_no IS 'Number plate.';
COMMENT ON COLUMN collateral.value_amount IS 'Value at the last valuation.';
COMMENT ON COLUMN collateral.valued_on IS 'Day of the last valuation.';
COMMENT ON COLUMN collateral.currency IS 'ISO 4217 code of the amounts in the row.';
COMMENT ON COLUMN collateral.owner_id IS 'Owner or mortgagor (抵押人).';
COMMENT ON COLUMN collateral.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN collateral.created_at IS 'When the row was made.';
COMMENT ON COLUMN collateral.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE access_requests (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    kind TEXT NOT NULL,
    tier TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reason TEXT,
    applicant_id UUID NOT NULL,
    reader_id UUID NOT NULL,
    state TEXT DEFAULT 'SUBMITTED' NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    lapses_at TIMESTAMP WITH TIME ZONE,
    decision_reason TEXT,
    extends_id UUID,
    extends_until TIMESTAMP WITH TIME ZONE,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_access_requests PRIMARY KEY (id),
    CONSTRAINT ck_access_requests_kind CHECK (kind in ('CHECKOUT', 'READ_ON_SITE', 'RELEASE', 'SUBSTITUTION', 'EXTENSION')),
    CONSTRAINT ck_access_requests_tier CHECK (tier in ('FIRST', 'SECOND')),
    CONSTRAINT ck_access_requests_state CHECK (state in ('SUBMITTED', 'WAITING', 'APPROVED', 'FULFILLED', 'REJECTED', 'CANCELLED', 'LAPSED')),
    CONSTRAINT fk_access_requests_c13_purpose FOREIGN KEY(tier, purpose) REFERENCES purposes (tier, purpose),
    CONSTRAINT uq_access_requests_for_c3 UNIQUE (id, applicant_id),
    CONSTRAINT ck_access_requests_c13_other_in_words CHECK (purpose <> 'OTHER' or coalesce(length(trim(reason)), 0) > 0),
    CONSTRAINT ck_access_requests_extension_names_checkout CHECK ((kind = 'EXTENSION') = (extends_id is not null and extends_until is not null)),
    CONSTRAINT fk_access_requests_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_access_requests_applicant_id FOREIGN KEY(applicant_id) REFERENCES staff (id),
    CONSTRAINT fk_access_requests_reader_id FOREIGN KEY(reader_id) REFERENCES staff (id)
);
CREATE INDEX ix_access_requests_applicant_id ON access_requests (applicant_id);
CREATE INDEX ix_access_requests_extends_id ON access_requests (extends_id);
CREATE INDEX ix_access_requests_org_id ON access_requests (org_id);
CREATE INDEX ix_access_requests_reader_id ON access_requests (reader_id);
CREATE INDEX ix_access_requests_state ON access_requests (state, id);
CREATE INDEX ix_access_requests_updated_at ON access_requests (updated_at);
CREATE INDEX ix_access_requests_visible_to ON access_requests USING gin (visible_to);
COMMENT ON TABLE access_requests IS 'Requests to take a record out or read it (调阅申请).';
COMMENT ON COLUMN access_requests.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN access_requests.org_id IS 'Unit of the applicant.';
COMMENT ON COLUMN access_requests.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN access_requests.kind IS 'What is asked for.';
COMMENT ON COLUMN access_requests.tier IS 'Tier of all its records.';
COMMENT ON COLUMN access_requests.purpose IS 'Why (C13).';
COMMENT ON COLUMN access_requests.reason IS 'In words.';
COMMENT ON COLUMN access_requests.applicant_id IS 'Who asks.';
COMMENT ON COLUMN access_requests.reader_id IS 'Who will hold or read the papers (C19).';
COMMENT ON COLUMN access_requests.state IS 'Life cycle.';
COMMENT ON COLUMN access_requests.submitted_at IS 'When it was made.';
COMMENT ON COLUMN access_requests.decided_at IS 'When the last approval, the rejection or the cancellation came.';
COMMENT ON COLUMN access_requests.lapses_at IS 'End of the reservation (C20).';
COMMENT ON COLUMN access_requests.decision_reason IS 'Why it was rejected or cancelled.';
COMMENT ON COLUMN access_requests.extends_id IS 'The checkout that an EXTENSION prolongs.';
COMMENT ON COLUMN access_requests.extends_until IS 'The due instant that an EXTENSION asks for.';
COMMENT ON COLUMN access_requests.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN access_requests.created_at IS 'When the row was made.';
COMMENT ON COLUMN access_requests.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE idempotency_keys (
    caller_id UUID NOT NULL,
    mutation TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    input_hash BYTEA NOT NULL,
    outcome JSONB,
    spent_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (caller_id, mutation, idempotency_key),
    CONSTRAINT fk_idempotency_keys_caller_id FOREIGN KEY(caller_id) REFERENCES staff (id)
);
COMMENT ON TABLE idempotency_keys IS 'Keys that were spent by an effect, kept for ever (C51).';
COMMENT ON COLUMN idempotency_keys.caller_id IS 'Who sent it.';
COMMENT ON COLUMN idempotency_keys.mutation IS 'Which mutation.';
COMMENT ON COLUMN idempotency_keys.idempotency_key IS 'The client''s key.';
COMMENT ON COLUMN idempotency_keys.input_hash IS 'SHA-256 of the canonical input.';
COMMENT ON COLUMN idempotency_keys.outcome IS 'Ids of what was made.';
COMMENT ON COLUMN idempotency_keys.spent_at IS 'When.';

CREATE TABLE access_log (
    id UUID DEFAULT uuidv7() NOT NULL,
    logged_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    staff_id UUID NOT NULL,
    org_id UUID NOT NULL,
    action TEXT NOT NULL,
    result TEXT NOT NULL,
    purpose TEXT,
    subject_ids UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    detail JSONB DEFAULT '{}'::jsonb NOT NULL,
    request_id TEXT,
    CONSTRAINT pk_access_log PRIMARY KEY (id),
    CONSTRAINT ck_access_log_result CHECK (result in ('GRANTED', 'DENIED', 'REFUSED')),
    CONSTRAINT fk_access_log_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT fk_access_log_org_id FOREIGN KEY(org_id) REFERENCES org_units (id)
);
CREATE INDEX ix_access_log_logged_at ON access_log (logged_at, id);
CREATE INDEX ix_access_log_org_id ON access_log (org_id);
CREATE INDEX ix_access_log_staff_id ON access_log (staff_id);
CREATE INDEX ix_access_log_subject_ids ON access_log USING gin (subject_ids);
COMMENT ON TABLE access_log IS 'Sensitive reads, grants and refusals, append-only (C48, C49).';
COMMENT ON COLUMN access_log.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN access_log.logged_at IS 'When.';
COMMENT ON COLUMN access_log.staff_id IS 'Who.';
COMMENT ON COLUMN access_log.org_id IS 'Unit of the caller.';
COMMENT ON COLUMN access_log.action IS 'What was tried, e.g. checkOut or issueScanLink.';
COMMENT ON COLUMN access_log.result IS 'Granted, denied, or refused by a rule.';
COMMENT ON COLUMN access_log.purpose IS 'Why, as the caller said.';
COMMENT ON COLUMN access_log.subject_ids IS 'What it was about: records, request, scan, contract.';
COMMENT ON COLUMN access_log.detail IS 'Rules that refused, fields that were read.';
COMMENT ON COLUMN access_log.request_id IS 'Id of the HTTP request.';

CREATE TABLE loans (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    number TEXT NOT NULL,
    customer_id UUID NOT NULL,
    product_id UUID NOT NULL,
    manager_id UUID,
    dealer_id UUID,
    principal_amount NUMERIC(18, 2) NOT NULL,
    currency TEXT DEFAULT 'CNY' NOT NULL,
    term_months INTEGER NOT NULL,
    annual_rate NUMERIC(9, 6),
    instalment_amount NUMERIC(18, 2),
    starts_on DATE NOT NULL,
    matures_on DATE NOT NULL,
    status TEXT DEFAULT 'ACTIVE' NOT NULL,
    classification TEXT DEFAULT 'PASS' NOT NULL,
    source TEXT DEFAULT 'loanfile' NOT NULL,
    source_key TEXT,
    source_hash BYTEA,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_loans PRIMARY KEY (id),
    CONSTRAINT uq_loans_number UNIQUE (number),
    CONSTRAINT uq_loans_source_source_key UNIQUE (source, source_key),
    CONSTRAINT ck_loans_status CHECK (status in ('ACTIVE', 'SETTLED', 'WRITTEN_OFF')),
    CONSTRAINT ck_loans_classification CHECK (classification in ('PASS', 'SPECIAL_MENTION', 'SUBSTANDARD', 'DOUBTFUL', 'LOSS')),
    CONSTRAINT ck_loans_principal_positive CHECK (principal_amount > 0),
    CONSTRAINT ck_loans_term_months CHECK (term_months between 1 and 600),
    CONSTRAINT ck_loans_matures_after_start CHECK (matures_on >= starts_on),
    CONSTRAINT fk_loans_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_loans_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT fk_loans_product_id FOREIGN KEY(product_id) REFERENCES loan_products (id),
    CONSTRAINT fk_loans_manager_id FOREIGN KEY(manager_id) REFERENCES staff (id),
    CONSTRAINT fk_loans_dealer_id FOREIGN KEY(dealer_id) REFERENCES dealers (id)
);
CREATE INDEX ix_loans_customer_id ON loans (customer_id);
CREATE INDEX ix_loans_dealer_id ON loans (dealer_id);
CREATE INDEX ix_loans_manager_id ON loans (manager_id);
CREATE INDEX ix_loans_org_id_id ON loans (org_id, id);
CREATE INDEX ix_loans_org_id_number ON loans (org_id, number, id);
CREATE INDEX ix_loans_updated_at ON loans (updated_at);
COMMENT ON TABLE loans IS 'Loans (贷款); core banking is the truth for their balances.';
COMMENT ON COLUMN loans.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN loans.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN loans.number IS 'Business number.';
COMMENT ON COLUMN loans.customer_id IS 'The borrower.';
COMMENT ON COLUMN loans.product_id IS 'The product.';
COMMENT ON COLUMN loans.manager_id IS 'The account manager (C4).';
COMMENT ON COLUMN loans.dealer_id IS 'The dealer that sold the car.';
COMMENT ON COLUMN loans.principal_amount IS 'Principal at the start.';
COMMENT ON COLUMN loans.currency IS 'ISO 4217 code of the amounts in the row.';
COMMENT ON COLUMN loans.term_months IS 'Term in months.';
COMMENT ON COLUMN loans.annual_rate IS 'Annual interest rate in per cent.';
COMMENT ON COLUMN loans.instalment_amount IS 'Instalment of a month.';
COMMENT ON COLUMN loans.starts_on IS 'First day.';
COMMENT ON COLUMN loans.matures_on IS 'Last day.';
COMMENT ON COLUMN loans.status IS 'Life cycle.';
COMMENT ON COLUMN loans.classification IS 'Five-grade classification.';
COMMENT ON COLUMN loans.source IS 'System the loan came from.';
COMMENT ON COLUMN loans.source_key IS 'Its key in that system.';
COMMENT ON COLUMN loans.source_hash IS 'SHA-256 of the imported fields; same hash, nothing to do.';
COMMENT ON COLUMN loans.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN loans.created_at IS 'When the row was made.';
COMMENT ON COLUMN loans.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE staff_roles (
    id UUID DEFAULT uuidv7() NOT NULL,
    staff_id UUID NOT NULL,
    role TEXT NOT NULL,
    granted_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    granted_by UUID,
    CONSTRAINT pk_staff_roles PRIMARY KEY (id),
    CONSTRAINT uq_staff_roles_staff_id_role UNIQUE (staff_id, role),
    CONSTRAINT ck_staff_roles_role CHECK (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE', 'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')),
    CONSTRAINT fk_staff_roles_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT fk_staff_roles_granted_by FOREIGN KEY(granted_by) REFERENCES staff (id)
);
COMMENT ON TABLE staff_roles IS 'Roles granted to staff.';
COMMENT ON COLUMN staff_roles.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN staff_roles.staff_id IS 'Who.';
COMMENT ON COLUMN staff_roles.role IS 'Which role.';
COMMENT ON COLUMN staff_roles.granted_at IS 'Since when.';
COMMENT ON COLUMN staff_roles.granted_by IS 'Who granted it.';

CREATE TABLE delegations (
    id UUID DEFAULT uuidv7() NOT NULL,
    from_staff_id UUID NOT NULL,
    to_staff_id UUID NOT NULL,
    role TEXT NOT NULL,
    org_id UUID NOT NULL,
    during TSTZRANGE NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_delegations PRIMARY KEY (id),
    CONSTRAINT ck_delegations_role CHECK (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE', 'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')),
    CONSTRAINT ck_delegations_c3_to_another CHECK (from_staff_id <> to_staff_id),
    CONSTRAINT fk_delegations_from_staff_id FOREIGN KEY(from_staff_id) REFERENCES staff (id),
    CONSTRAINT fk_delegations_to_staff_id FOREIGN KEY(to_staff_id) REFERENCES staff (id),
    CONSTRAINT fk_delegations_org_id FOREIGN KEY(org_id) REFERENCES org_units (id)
);
CREATE INDEX ix_delegations_from_staff_id ON delegations (from_staff_id);
CREATE INDEX ix_delegations_to_staff_id ON delegations (to_staff_id);
CREATE INDEX ix_delegations_updated_at ON delegations (updated_at);
COMMENT ON TABLE delegations IS 'One person acts in another''s role for a time (授权).';
COMMENT ON COLUMN delegations.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN delegations.from_staff_id IS 'Whose role it is.';
COMMENT ON COLUMN delegations.to_staff_id IS 'Who acts.';
COMMENT ON COLUMN delegations.role IS 'Which role.';
COMMENT ON COLUMN delegations.org_id IS 'Where it holds.';
COMMENT ON COLUMN delegations.during IS 'When it holds.';
COMMENT ON COLUMN delegations.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN delegations.created_at IS 'When the row was made.';
COMMENT ON COLUMN delegations.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE staff_relations (
    id UUID DEFAULT uuidv7() NOT NULL,
    staff_id UUID NOT NULL,
    party_id UUID NOT NULL,
    kind TEXT NOT NULL,
    declared_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_staff_relations PRIMARY KEY (id),
    CONSTRAINT uq_staff_relations_staff_id_party_id UNIQUE (staff_id, party_id),
    CONSTRAINT fk_staff_relations_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT fk_staff_relations_party_id FOREIGN KEY(party_id) REFERENCES parties (id)
);
CREATE INDEX ix_staff_relations_party_id ON staff_relations (party_id);
COMMENT ON TABLE staff_relations IS 'Declared relations of staff to customers'' parties (C4).';
COMMENT ON COLUMN staff_relations.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN staff_relations.staff_id IS 'Who declared it.';
COMMENT ON COLUMN staff_relations.party_id IS 'To whom.';
COMMENT ON COLUMN staff_relations.kind IS 'Kind of relation, e.g. SPOUSE.';
COMMENT ON COLUMN staff_relations.declared_at IS 'When it was declared.';

CREATE TABLE keeper_duties (
    id UUID DEFAULT uuidv7() NOT NULL,
    vault_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    seat TEXT NOT NULL,
    during TSTZRANGE NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_keeper_duties PRIMARY KEY (id),
    CONSTRAINT ck_keeper_duties_c1_seat CHECK (seat in ('KEY', 'CODE')),
    CONSTRAINT ex_keeper_duties_c2_one_seat_per_keeper EXCLUDE USING gist (vault_id WITH =, staff_id WITH =, during WITH &&),
    CONSTRAINT fk_keeper_duties_vault_id FOREIGN KEY(vault_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_keeper_duties_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id)
);
CREATE INDEX ix_keeper_duties_staff_id ON keeper_duties (staff_id);
CREATE INDEX ix_keeper_duties_updated_at ON keeper_duties (updated_at);
CREATE INDEX ix_keeper_duties_vault_id ON keeper_duties (vault_id);
COMMENT ON TABLE keeper_duties IS 'Who keeps the key and who the code of a vault, and when (C1, C2).';
COMMENT ON COLUMN keeper_duties.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN keeper_duties.vault_id IS 'Which vault.';
COMMENT ON COLUMN keeper_duties.staff_id IS 'Which keeper.';
COMMENT ON COLUMN keeper_duties.seat IS 'KEY or CODE.';
COMMENT ON COLUMN keeper_duties.during IS 'When the duty holds.';
COMMENT ON COLUMN keeper_duties.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN keeper_duties.created_at IS 'When the row was made.';
COMMENT ON COLUMN keeper_duties.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE policy_parameters (
    id UUID DEFAULT uuidv7() NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    org_id UUID,
    effective_from TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by UUID,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_policy_parameters PRIMARY KEY (id),
    CONSTRAINT fk_policy_parameters_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_policy_parameters_approved_by FOREIGN KEY(approved_by) REFERENCES staff (id)
);
CREATE UNIQUE INDEX uq_policy_parameters_key_scope_from ON policy_parameters (key, org_id, effective_from) NULLS NOT DISTINCT;
COMMENT ON TABLE policy_parameters IS 'Day counts, ranks and limits that each head office sets for itself, versioned.';
COMMENT ON COLUMN policy_parameters.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN policy_parameters.key IS 'Name of the parameter.';
COMMENT ON COLUMN policy_parameters.value IS 'Its value, as JSON.';
COMMENT ON COLUMN policy_parameters.org_id IS 'Where it holds; null: everywhere.';
COMMENT ON COLUMN policy_parameters.effective_from IS 'Since when.';
COMMENT ON COLUMN policy_parameters.approved_by IS 'Who approved it; null: the default.';
COMMENT ON COLUMN policy_parameters.recorded_at IS 'When the row was made.';

CREATE TABLE loan_collateral (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    loan_id UUID NOT NULL,
    collateral_id UUID NOT NULL,
    rank INTEGER DEFAULT 1 NOT NULL,
    amount NUMERIC(18, 2) NOT NULL,
    currency TEXT DEFAULT 'CNY' NOT NULL,
    CONSTRAINT pk_loan_collateral PRIMARY KEY (id),
    CONSTRAINT uq_loan_collateral_loan_id_collateral_id UNIQUE (loan_id, collateral_id),
    CONSTRAINT fk_loan_collateral_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_loan_collateral_loan_id FOREIGN KEY(loan_id) REFERENCES loans (id),
    CONSTRAINT fk_loan_collateral_collateral_id FOREIGN KEY(collateral_id) REFERENCES collateral (id)
);
CREATE INDEX ix_loan_collateral_collateral_id ON loan_collateral (collateral_id);
COMMENT ON TABLE loan_collateral IS 'Which collateral secures which loans (n:m, 最高额).';
COMMENT ON COLUMN loan_collateral.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN loan_collateral.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN loan_collateral.loan_id IS 'The loan.';
COMMENT ON COLUMN loan_collateral.collateral_id IS 'The collateral.';
COMMENT ON COLUMN loan_collateral.rank IS 'Rank of the mortgage, 1 first.';
COMMENT ON COLUMN loan_collateral.amount IS 'Secured amount.';
COMMENT ON COLUMN loan_collateral.currency IS 'ISO 4217 code of the amounts in the row.';

CREATE TABLE collateral_certificates (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    collateral_id UUID NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    issuer TEXT NOT NULL,
    issued_on DATE NOT NULL,
    expires_on DATE,
    right_amount NUMERIC(18, 2),
    currency TEXT DEFAULT 'CNY' NOT NULL,
    registration_no TEXT,
    is_electronic BOOLEAN DEFAULT false NOT NULL,
    registry_reference TEXT,
    replaces_id UUID,
    is_live BOOLEAN DEFAULT true NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_collateral_certificates PRIMARY KEY (id),
    CONSTRAINT ck_collateral_certificates_kind CHECK (kind in ('VEHICLE_TITLE', 'OTHER_RIGHT', 'REAL_ESTATE_TITLE')),
    CONSTRAINT fk_collateral_certificates_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_collateral_certificates_collateral_id FOREIGN KEY(collateral_id) REFERENCES collateral (id),
    CONSTRAINT fk_collateral_certificates_replaces_id FOREIGN KEY(replaces_id) REFERENCES collateral_certificates (id)
);
CREATE INDEX ix_collateral_certificates_collateral_id ON collateral_certificates (collateral_id);
CREATE INDEX ix_collateral_certificates_org_id ON collateral_certificates (org_id);
CREATE INDEX ix_collateral_certificates_updated_at ON collateral_certificates (updated_at);
CREATE INDEX ix_collateral_certificates_visible_to ON collateral_certificates USING gin (visible_to);
CREATE UNIQUE INDEX uq_collateral_certificates_c12_number ON collateral_certificates (number) WHERE is_live;
COMMENT ON TABLE collateral_certificates IS 'Title and other-right certificates (权证, 他项权证).';
COMMENT ON COLUMN collateral_certificates.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN collateral_certificates.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN collateral_certificates.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN collateral_certificates.collateral_id IS 'What it proves.';
COMMENT ON COLUMN collateral_certificates.number IS 'Number on the certificate.';
COMMENT ON COLUMN collateral_certificates.kind IS 'Kind.';
COMMENT ON COLUMN collateral_certificates.issuer IS 'Registration authority.';
COMMENT ON COLUMN collateral_certificates.issued_on IS 'Day of issue.';
COMMENT ON COLUMN collateral_certificates.expires_on IS 'Last day of validity.';
COMMENT ON COLUMN collateral_certificates.right_amount IS 'Registered amount.';
COMMENT ON COLUMN collateral_certificates.currency IS 'ISO 4217 code of the amounts in the row.';
COMMENT ON COLUMN collateral_certificates.registration_no IS 'Number of the mortgage entry.';
COMMENT ON COLUMN collateral_certificates.is_electronic IS 'Whether it exists only in the registry.';
COMMENT ON COLUMN collateral_certificates.registry_reference IS 'Reference in the registry (C55).';
COMMENT ON COLUMN collateral_certificates.replaces_id IS 'The certificate that this one replaced.';
COMMENT ON COLUMN collateral_certificates.is_live IS 'False once void or replaced.';
COMMENT ON COLUMN collateral_certificates.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN collateral_certificates.created_at IS 'When the row was made.';
COMMENT ON COLUMN collateral_certificates.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE approvals (
    id UUID DEFAULT uuidv7() NOT NULL,
    request_id UUID NOT NULL,
    rank TEXT NOT NULL,
    approver_id UUID NOT NULL,
    applicant_id UUID NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    comment TEXT,
    CONSTRAINT pk_approvals PRIMARY KEY (id),
    CONSTRAINT ck_approvals_rank CHECK (rank in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE', 'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')),
    CONSTRAINT uq_approvals_c5_one_per_rank UNIQUE (request_id, rank),
    CONSTRAINT uq_approvals_c3_one_each UNIQUE (request_id, approver_id),
    CONSTRAINT ck_approvals_c3_not_applicant CHECK (approver_id <> applicant_id),
    CONSTRAINT fk_approvals_c3_applicant FOREIGN KEY(request_id, applicant_id) REFERENCES access_requests (id, applicant_id),
    CONSTRAINT fk_approvals_approver_id FOREIGN KEY(approver_id) REFERENCES staff (id)
);
CREATE INDEX ix_approvals_approver_id ON approvals (approver_id);
COMMENT ON TABLE approvals IS 'Approvals of requests, append-only (C48).';
COMMENT ON COLUMN approvals.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN approvals.request_id IS 'The request.';
COMMENT ON COLUMN approvals.rank IS 'The rank that approved.';
COMMENT ON COLUMN approvals.approver_id IS 'Who approved.';
COMMENT ON COLUMN approvals.applicant_id IS 'The request''s applicant, for C3.';
COMMENT ON COLUMN approvals.approved_at IS 'When.';
COMMENT ON COLUMN approvals.comment IS 'In words.';

CREATE TABLE operations (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    action TEXT NOT NULL,
    tier TEXT NOT NULL,
    vault_id UUID,
    request_id UUID,
    record_ids UUID[] NOT NULL,
    required_seats TEXT[] NOT NULL,
    ask JSONB NOT NULL,
    state TEXT DEFAULT 'PENDING' NOT NULL,
    opened_by UUID NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    emergency_reason TEXT,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_operations PRIMARY KEY (id),
    CONSTRAINT ck_operations_action CHECK (action in ('REGISTER', 'INTAKE', 'SUBMIT_VOLUME', 'ACCEPT_VOLUME', 'REQUEST_CHECKOUT', 'REQUEST_READING', 'REQUEST_EXTENSION', 'APPROVE', 'RESERVE', 'EXTEND', 'REJECT', 'CANCEL', 'LAPSE', 'CHECK_OUT', 'CONFIRM', 'WITHDRAW', 'PRESENT_RETURN', 'ACCEPT_RETURN', 'REJECT_RETURN', 'RETURN_MISSING', 'START_READING', 'END_READING', 'PLACE_HOLD', 'LIFT_HOLD', 'REPORT_MISSING')),
    CONSTRAINT ck_operations_tier CHECK (tier in ('FIRST', 'SECOND')),
    CONSTRAINT ck_operations_state CHECK (state in ('PENDING', 'DONE', 'EXPIRED', 'WITHDRAWN')),
    CONSTRAINT ck_operations_done_at CHECK ((state = 'DONE') = (done_at is not null)),
    CONSTRAINT ck_operations_c1_in_time CHECK (done_at is null or done_at <= expires_at),
    CONSTRAINT fk_operations_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_operations_vault_id FOREIGN KEY(vault_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_operations_request_id FOREIGN KEY(request_id) REFERENCES access_requests (id),
    CONSTRAINT fk_operations_opened_by FOREIGN KEY(opened_by) REFERENCES staff (id)
);
CREATE INDEX ix_operations_org_id ON operations (org_id);
CREATE INDEX ix_operations_pending ON operations (expires_at) WHERE state = 'PENDING';
CREATE INDEX ix_operations_request_id ON operations (request_id);
CREATE INDEX ix_operations_updated_at ON operations (updated_at);
CREATE INDEX ix_operations_visible_to ON operations USING gin (visible_to);
COMMENT ON TABLE operations IS 'Acts that need more than one person; the payload is the ask, asked again by each seat.';
COMMENT ON COLUMN operations.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN operations.org_id IS 'Unit of whoever opened it.';
COMMENT ON COLUMN operations.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN operations.action IS 'Which act.';
COMMENT ON COLUMN operations.tier IS 'Tier of its records.';
COMMENT ON COLUMN operations.vault_id IS 'The vault; first tier.';
COMMENT ON COLUMN operations.request_id IS 'The request it fulfils.';
COMMENT ON COLUMN operations.record_ids IS 'Its records; the set is fixed when it opens.';
COMMENT ON COLUMN operations.required_seats IS 'Seats that must be taken.';
COMMENT ON COLUMN operations.ask IS 'What was asked, as stored and asked again.';
COMMENT ON COLUMN operations.state IS 'Life cycle.';
COMMENT ON COLUMN operations.opened_by IS 'Who opened it.';
COMMENT ON COLUMN operations.opened_at IS 'When it was opened.';
COMMENT ON COLUMN operations.expires_at IS 'End of the confirmation window.';
COMMENT ON COLUMN operations.done_at IS 'When the last seat was taken.';
COMMENT ON COLUMN operations.emergency_reason IS 'Why substitutes took the seats (C1).';
COMMENT ON COLUMN operations.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN operations.created_at IS 'When the row was made.';
COMMENT ON COLUMN operations.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE loan_positions (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    loan_id UUID NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    principal_amount NUMERIC(18, 2) NOT NULL,
    interest_amount NUMERIC(18, 2) NOT NULL,
    fees_amount NUMERIC(18, 2) NOT NULL,
    overdue_amount NUMERIC(18, 2) NOT NULL,
    days_overdue INTEGER DEFAULT 0 NOT NULL,
    currency TEXT DEFAULT 'CNY' NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    payoff_kind TEXT,
    payoff_cleared_at TIMESTAMP WITH TIME ZONE,
    reversal_of_id UUID,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_loan_positions PRIMARY KEY (id),
    CONSTRAINT ck_loan_positions_payoff_kind CHECK (payoff_kind in ('CASH', 'TRANSFER', 'CHEQUE', 'DEALER', 'INSURER')),
    CONSTRAINT fk_loan_positions_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_loan_positions_loan_id FOREIGN KEY(loan_id) REFERENCES loans (id),
    CONSTRAINT fk_loan_positions_reversal_of_id FOREIGN KEY(reversal_of_id) REFERENCES loan_positions (id)
);
CREATE UNIQUE INDEX uq_loan_positions_loan_id_as_of ON loan_positions (loan_id, as_of);
COMMENT ON TABLE loan_positions IS 'Balances from core banking, append-only; the newest as_of counts.';
COMMENT ON COLUMN loan_positions.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN loan_positions.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN loan_positions.loan_id IS 'The loan.';
COMMENT ON COLUMN loan_positions.as_of IS 'When core banking said so.';
COMMENT ON COLUMN loan_positions.principal_amount IS 'Principal still owed.';
COMMENT ON COLUMN loan_positions.interest_amount IS 'Interest still owed.';
COMMENT ON COLUMN loan_positions.fees_amount IS 'Fees still owed.';
COMMENT ON COLUMN loan_positions.overdue_amount IS 'Part of it that is past due.';
COMMENT ON COLUMN loan_positions.days_overdue IS 'Age of the oldest unpaid instalment in days.';
COMMENT ON COLUMN loan_positions.currency IS 'ISO 4217 code of the amounts in the row.';
COMMENT ON COLUMN loan_positions.settled_at IS 'When it was paid off.';
COMMENT ON COLUMN loan_positions.payoff_kind IS 'How it was paid off.';
COMMENT ON COLUMN loan_positions.payoff_cleared_at IS 'When clearing was confirmed.';
COMMENT ON COLUMN loan_positions.reversal_of_id IS 'The position that this one reverses.';
COMMENT ON COLUMN loan_positions.recorded_at IS 'When it arrived here.';

CREATE TABLE loan_contracts (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    loan_id UUID NOT NULL,
    contract_id UUID NOT NULL,
    CONSTRAINT pk_loan_contracts PRIMARY KEY (id),
    CONSTRAINT uq_loan_contracts_loan_id_contract_id UNIQUE (loan_id, contract_id),
    CONSTRAINT fk_loan_contracts_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_loan_contracts_loan_id FOREIGN KEY(loan_id) REFERENCES loans (id),
    CONSTRAINT fk_loan_contracts_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id)
);
CREATE INDEX ix_loan_contracts_contract_id ON loan_contracts (contract_id);
COMMENT ON TABLE loan_contracts IS 'Which contracts belong to which loans (n:m).';
COMMENT ON COLUMN loan_contracts.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN loan_contracts.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN loan_contracts.loan_id IS 'The loan.';
COMMENT ON COLUMN loan_contracts.contract_id IS 'The contract.';

CREATE TABLE inspection_reports (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    loan_id UUID,
    title TEXT NOT NULL,
    period_from DATE NOT NULL,
    period_to DATE NOT NULL,
    analysis TEXT NOT NULL,
    proposal TEXT NOT NULL,
    state TEXT DEFAULT 'DRAFT' NOT NULL,
    round INTEGER DEFAULT 0 NOT NULL,
    drafted_by UUID NOT NULL,
    drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_inspection_reports PRIMARY KEY (id),
    CONSTRAINT uq_inspection_reports_number UNIQUE (number),
    CONSTRAINT ck_inspection_reports_kind CHECK (kind in ('PERIODIC', 'RANDOM', 'BORROWER_TRACKING')),
    CONSTRAINT ck_inspection_reports_subject CHECK (subject in ('ARCHIVES', 'LEDGER', 'COLLATERAL', 'ACCOUNTS', 'BORROWER')),
    CONSTRAINT ck_inspection_reports_state CHECK (state in ('DRAFT', 'SUBMITTED', 'HEAD_SIGNED', 'PRESIDENT_SIGNED')),
    CONSTRAINT ck_inspection_reports_period CHECK (period_to >= period_from),
    CONSTRAINT fk_inspection_reports_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_inspection_reports_loan_id FOREIGN KEY(loan_id) REFERENCES loans (id),
    CONSTRAINT fk_inspection_reports_drafted_by FOREIGN KEY(drafted_by) REFERENCES staff (id)
);
CREATE INDEX ix_inspection_reports_loan_id ON inspection_reports (loan_id);
CREATE INDEX ix_inspection_reports_org_id ON inspection_reports (org_id);
CREATE INDEX ix_inspection_reports_org_id_number ON inspection_reports (org_id, number, id);
CREATE INDEX ix_inspection_reports_updated_at ON inspection_reports (updated_at);
COMMENT ON TABLE inspection_reports IS 'Written inspection reports (检查报告) with analysis and proposal.';
COMMENT ON COLUMN inspection_reports.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN inspection_reports.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN inspection_reports.number IS 'Business number.';
COMMENT ON COLUMN inspection_reports.kind IS 'Kind.';
COMMENT ON COLUMN inspection_reports.subject IS 'What was inspected.';
COMMENT ON COLUMN inspection_reports.loan_id IS 'The loan, when it is about one.';
COMMENT ON COLUMN inspection_reports.title IS 'Title.';
COMMENT ON COLUMN inspection_reports.period_from IS 'First day of the period.';
COMMENT ON COLUMN inspection_reports.period_to IS 'Last day of the period.';
COMMENT ON COLUMN inspection_reports.analysis IS 'What was found.';
COMMENT ON COLUMN inspection_reports.proposal IS 'What should be done.';
COMMENT ON COLUMN inspection_reports.state IS 'Life cycle.';
COMMENT ON COLUMN inspection_reports.round IS 'Rises each time it is submitted.';
COMMENT ON COLUMN inspection_reports.drafted_by IS 'Who wrote it.';
COMMENT ON COLUMN inspection_reports.drafted_at IS 'When it was drafted.';
COMMENT ON COLUMN inspection_reports.submitted_at IS 'When it was submitted last.';
COMMENT ON COLUMN inspection_reports.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN inspection_reports.created_at IS 'When the row was made.';
COMMENT ON COLUMN inspection_reports.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE sealed_envelopes (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    barcode TEXT NOT NULL,
    seal_no TEXT NOT NULL,
    collateral_id UUID,
    location_id UUID,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_sealed_envelopes PRIMARY KEY (id),
    CONSTRAINT uq_sealed_envelopes_barcode UNIQUE (barcode),
    CONSTRAINT fk_sealed_envelopes_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_sealed_envelopes_collateral_id FOREIGN KEY(collateral_id) REFERENCES collateral (id),
    CONSTRAINT fk_sealed_envelopes_location_id FOREIGN KEY(location_id) REFERENCES storage_locations (id)
);
CREATE INDEX ix_sealed_envelopes_collateral_id ON sealed_envelopes (collateral_id);
CREATE INDEX ix_sealed_envelopes_org_id ON sealed_envelopes (org_id);
CREATE INDEX ix_sealed_envelopes_updated_at ON sealed_envelopes (updated_at);
CREATE UNIQUE INDEX uq_sealed_envelopes_one_per_slot ON sealed_envelopes (location_id);
COMMENT ON TABLE sealed_envelopes IS 'Sealed envelopes (封包): first-tier papers of one collateral, one slot.';
COMMENT ON COLUMN sealed_envelopes.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN sealed_envelopes.org_id IS 'The unit that keeps it.';
COMMENT ON COLUMN sealed_envelopes.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN sealed_envelopes.barcode IS 'Label; never reused.';
COMMENT ON COLUMN sealed_envelopes.seal_no IS 'Current seal (封签号).';
COMMENT ON COLUMN sealed_envelopes.collateral_id IS 'Whose papers it holds.';
COMMENT ON COLUMN sealed_envelopes.location_id IS 'The slot it fills; null while it is out.';
COMMENT ON COLUMN sealed_envelopes.sealed_at IS 'When the current seal was put on.';
COMMENT ON COLUMN sealed_envelopes.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN sealed_envelopes.created_at IS 'When the row was made.';
COMMENT ON COLUMN sealed_envelopes.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE operation_seats (
    id UUID DEFAULT uuidv7() NOT NULL,
    operation_id UUID NOT NULL,
    seat TEXT NOT NULL,
    staff_id UUID NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_operation_seats PRIMARY KEY (id),
    CONSTRAINT ck_operation_seats_seat CHECK (seat in ('KEY', 'CODE', 'CLERK', 'RECEIVER', 'ARCHIVIST', 'PROPOSER', 'SECOND')),
    CONSTRAINT uq_operation_seats_c1_each_once UNIQUE (operation_id, seat),
    CONSTRAINT uq_operation_seats_c1_c6_one_seat_each UNIQUE (operation_id, staff_id),
    CONSTRAINT fk_operation_seats_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id),
    CONSTRAINT fk_operation_seats_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id)
);
CREATE INDEX ix_operation_seats_staff_id ON operation_seats (staff_id);
COMMENT ON TABLE operation_seats IS 'Who took which seat of an operation, append-only.';
COMMENT ON COLUMN operation_seats.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN operation_seats.operation_id IS 'The operation.';
COMMENT ON COLUMN operation_seats.seat IS 'Which seat.';
COMMENT ON COLUMN operation_seats.staff_id IS 'Who took it; of an outsider''s seat, the keeper who holds the signed receipt.';
COMMENT ON COLUMN operation_seats.taken_at IS 'When.';

CREATE TABLE tickets (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    ticket_no BIGINT NOT NULL,
    operation_id UUID,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_void BOOLEAN DEFAULT false NOT NULL,
    void_reason TEXT,
    CONSTRAINT pk_tickets PRIMARY KEY (id),
    CONSTRAINT uq_tickets_c10_number UNIQUE (org_id, ticket_no),
    CONSTRAINT uq_tickets_c10_one_per_exit UNIQUE (operation_id),
    CONSTRAINT ck_tickets_c10_void_has_reason CHECK (is_void = (void_reason is not null)),
    CONSTRAINT ck_tickets_c10_ticket_has_exit CHECK (is_void or operation_id is not null),
    CONSTRAINT fk_tickets_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_tickets_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id)
);
CREATE INDEX ix_tickets_org_id ON tickets (org_id);
COMMENT ON TABLE tickets IS 'Pre-numbered vault-out tickets (出库单), one per exit, without gaps, append-only (C10).';
COMMENT ON COLUMN tickets.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN tickets.org_id IS 'Whose sequence.';
COMMENT ON COLUMN tickets.ticket_no IS 'The next number of the unit; set by the trigger.';
COMMENT ON COLUMN tickets.operation_id IS 'The exit.';
COMMENT ON COLUMN tickets.issued_at IS 'When.';
COMMENT ON COLUMN tickets.is_void IS 'A void keeps its number.';
COMMENT ON COLUMN tickets.void_reason IS 'Why it is void.';

CREATE TABLE report_sign_offs (
    id UUID DEFAULT uuidv7() NOT NULL,
    report_id UUID NOT NULL,
    round INTEGER NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    staff_id UUID NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reasons TEXT,
    CONSTRAINT pk_report_sign_offs PRIMARY KEY (id),
    CONSTRAINT ck_report_sign_offs_kind CHECK (kind in ('SIGNED', 'RETURNED')),
    CONSTRAINT ck_report_sign_offs_role CHECK (role in ('LOAN_OFFICER', 'CREDIT_DEPT_HEAD', 'RISK_HEAD', 'OPS_HEAD', 'BRANCH_HEAD', 'VICE_PRESIDENT', 'PRESIDENT', 'PRESIDENT_OFFICE', 'ARCHIVIST', 'VAULT_KEEPER_KEY', 'VAULT_KEEPER_CODE', 'REGISTER_CLERK', 'COLLECTIONS', 'LEGAL', 'COMPLIANCE', 'AUDITOR', 'INSPECTOR', 'ADMIN', 'SYSTEM')),
    CONSTRAINT uq_report_sign_offs_one_per_rank UNIQUE (report_id, round, role),
    CONSTRAINT uq_report_sign_offs_one_each UNIQUE (report_id, round, staff_id),
    CONSTRAINT ck_report_sign_offs_returned_has_reasons CHECK ((kind = 'RETURNED') = (reasons is not null)),
    CONSTRAINT fk_report_sign_offs_report_id FOREIGN KEY(report_id) REFERENCES inspection_reports (id),
    CONSTRAINT fk_report_sign_offs_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id)
);
COMMENT ON TABLE report_sign_offs IS 'Signatures under reports, and returns with reasons; append-only.';
COMMENT ON COLUMN report_sign_offs.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN report_sign_offs.report_id IS 'The report.';
COMMENT ON COLUMN report_sign_offs.round IS 'Of which submission.';
COMMENT ON COLUMN report_sign_offs.kind IS 'Signed or returned.';
COMMENT ON COLUMN report_sign_offs.role IS 'In which role.';
COMMENT ON COLUMN report_sign_offs.staff_id IS 'Who.';
COMMENT ON COLUMN report_sign_offs.signed_at IS 'When.';
COMMENT ON COLUMN report_sign_offs.reasons IS 'Why it was returned.';

CREATE TABLE seals (
    seal_no TEXT NOT NULL,
    envelope_id UUID NOT NULL,
    applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
    broken_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_seals PRIMARY KEY (seal_no),
    CONSTRAINT fk_seals_envelope_id FOREIGN KEY(envelope_id) REFERENCES sealed_envelopes (id)
);
CREATE INDEX ix_seals_envelope_id ON seals (envelope_id);
COMMENT ON TABLE seals IS 'Every seal number ever used; none is used twice (C7).';
COMMENT ON COLUMN seals.seal_no IS 'Number on the seal.';
COMMENT ON COLUMN seals.envelope_id IS 'Where it was put.';
COMMENT ON COLUMN seals.applied_at IS 'When it was put on.';
COMMENT ON COLUMN seals.broken_at IS 'When it was broken.';

CREATE TABLE archive_records (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    archive_no TEXT NOT NULL,
    barcode TEXT NOT NULL,
    tier TEXT NOT NULL,
    kind TEXT,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    primary_loan_id UUID,
    custody_org_id UUID NOT NULL,
    collateral_id UUID,
    certificate_id UUID,
    envelope_id UUID,
    location_id UUID,
    vault_id UUID,
    custodian_id UUID,
    submitted_by UUID,
    retention_class TEXT,
    cutoff_at TIMESTAMP WITH TIME ZONE,
    expected_by DATE,
    pages INTEGER DEFAULT 0 NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_archive_records PRIMARY KEY (id),
    CONSTRAINT uq_archive_records_archive_no UNIQUE (archive_no),
    CONSTRAINT uq_archive_records_barcode UNIQUE (barcode),
    CONSTRAINT uq_archive_records_certificate_id UNIQUE (certificate_id),
    CONSTRAINT ck_archive_records_tier CHECK (tier in ('FIRST', 'SECOND')),
    CONSTRAINT ck_archive_records_state CHECK (state in ('AWAITED', 'PENDING_INTAKE', 'IN_VAULT', 'COLLECTING', 'SUBMITTED', 'FILED', 'READING', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED', 'MISSING', 'LOST', 'REPLACED', 'RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'CLOSED_LOST', 'DESTROYED')),
    CONSTRAINT ck_archive_records_kind CHECK (kind in ('CERTIFICATE', 'INSURANCE_POLICY', 'RECEIPT', 'SETTLEMENT_NOTICE', 'OTHER_TITLE')),
    CONSTRAINT ck_archive_records_retention_class CHECK (retention_class in ('FIVE_YEARS', 'TWENTY_YEARS', 'PERMANENT')),
    CONSTRAINT ck_archive_records_first_tier_has_kind CHECK ((tier = 'FIRST') = (kind is not null)),
    CONSTRAINT ck_archive_records_envelope_is_first_tier CHECK (tier = 'FIRST' or envelope_id is null),
    CONSTRAINT ck_archive_records_certificate_kind CHECK (certificate_id is null or kind = 'CERTIFICATE'),
    CONSTRAINT ck_archive_records_c15_in_vault_has_vault CHECK (state <> 'IN_VAULT' or vault_id is not null),
    CONSTRAINT fk_archive_records_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_archive_records_primary_loan_id FOREIGN KEY(primary_loan_id) REFERENCES loans (id),
    CONSTRAINT fk_archive_records_custody_org_id FOREIGN KEY(custody_org_id) REFERENCES org_units (id),
    CONSTRAINT fk_archive_records_collateral_id FOREIGN KEY(collateral_id) REFERENCES collateral (id),
    CONSTRAINT fk_archive_records_certificate_id FOREIGN KEY(certificate_id) REFERENCES collateral_certificates (id),
    CONSTRAINT fk_archive_records_envelope_id FOREIGN KEY(envelope_id) REFERENCES sealed_envelopes (id),
    CONSTRAINT fk_archive_records_location_id FOREIGN KEY(location_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_archive_records_vault_id FOREIGN KEY(vault_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_archive_records_custodian_id FOREIGN KEY(custodian_id) REFERENCES staff (id),
    CONSTRAINT fk_archive_records_submitted_by FOREIGN KEY(submitted_by) REFERENCES staff (id)
);
CREATE INDEX ix_archive_records_collateral_id ON archive_records (collateral_id);
CREATE INDEX ix_archive_records_envelope_id ON archive_records (envelope_id);
CREATE INDEX ix_archive_records_org_id ON archive_records (org_id);
CREATE INDEX ix_archive_records_org_id_archive_no ON archive_records (org_id, archive_no, id);
CREATE INDEX ix_archive_records_primary_loan_id ON archive_records (primary_loan_id);
CREATE INDEX ix_archive_records_updated_at ON archive_records (updated_at);
CREATE INDEX ix_archive_records_visible_to ON archive_records USING gin (visible_to);
COMMENT ON TABLE archive_records IS 'Papers and volumes under custody (档案); one row whatever the tier.';
COMMENT ON COLUMN archive_records.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN archive_records.org_id IS 'Branch of the primary loan; without a loan, the unit that keeps it.';
COMMENT ON COLUMN archive_records.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN archive_records.archive_no IS 'Business number.';
COMMENT ON COLUMN archive_records.barcode IS 'Label; may be replaced, never reused.';
COMMENT ON COLUMN archive_records.tier IS 'First or second tier.';
COMMENT ON COLUMN archive_records.kind IS 'What the paper is; first tier only.';
COMMENT ON COLUMN archive_records.title IS 'What it is, in words.';
COMMENT ON COLUMN archive_records.state IS 'Where it stands; written only by the desk.';
COMMENT ON COLUMN archive_records.primary_loan_id IS 'Loan that decides its branch and chain.';
COMMENT ON COLUMN archive_records.custody_org_id IS 'The unit that keeps it.';
COMMENT ON COLUMN archive_records.collateral_id IS 'Collateral it belongs to.';
COMMENT ON COLUMN archive_records.certificate_id IS 'The certificate it is.';
COMMENT ON COLUMN archive_records.envelope_id IS 'The envelope it lies in.';
COMMENT ON COLUMN archive_records.location_id IS 'Shelf of a volume; a paper''s slot is its envelope''s.';
COMMENT ON COLUMN archive_records.vault_id IS 'The vault that keeps it; first tier.';
COMMENT ON COLUMN archive_records.custodian_id IS 'The archivist who keeps it; second tier.';
COMMENT ON COLUMN archive_records.submitted_by IS 'Who handed the volume in (S2).';
COMMENT ON COLUMN archive_records.retention_class IS 'How long it is kept (C45).';
COMMENT ON COLUMN archive_records.cutoff_at IS 'When retention starts to run.';
COMMENT ON COLUMN archive_records.expected_by IS 'When an awaited paper should arrive.';
COMMENT ON COLUMN archive_records.pages IS 'Pages counted.';
COMMENT ON COLUMN archive_records.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN archive_records.created_at IS 'When the row was made.';
COMMENT ON COLUMN archive_records.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE request_lines (
    id UUID DEFAULT uuidv7() NOT NULL,
    request_id UUID NOT NULL,
    record_id UUID NOT NULL,
    CONSTRAINT pk_request_lines PRIMARY KEY (id),
    CONSTRAINT uq_request_lines_request_id_record_id UNIQUE (request_id, record_id),
    CONSTRAINT fk_request_lines_request_id FOREIGN KEY(request_id) REFERENCES access_requests (id),
    CONSTRAINT fk_request_lines_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id)
);
CREATE INDEX ix_request_lines_record_id ON request_lines (record_id);
COMMENT ON TABLE request_lines IS 'The records a request names.';
COMMENT ON COLUMN request_lines.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN request_lines.request_id IS 'The request.';
COMMENT ON COLUMN request_lines.record_id IS 'The record.';

CREATE TABLE movements (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    record_id UUID NOT NULL,
    kind TEXT NOT NULL,
    request_id UUID,
    holder_id UUID,
    on_site BOOLEAN DEFAULT false NOT NULL,
    reserved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lapses_at TIMESTAMP WITH TIME ZONE NOT NULL,
    operation_id UUID,
    exit_operation_id UUID,
    out_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    extensions INTEGER DEFAULT 0 NOT NULL,
    returned_at TIMESTAMP WITH TIME ZONE,
    returned_by UUID,
    presented_to UUID,
    claimed_at TIMESTAMP WITH TIME ZONE,
    inspection_id UUID,
    entry_operation_id UUID,
    closed_at TIMESTAMP WITH TIME ZONE,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_movements PRIMARY KEY (id),
    CONSTRAINT ck_movements_kind CHECK (kind in ('CHECKOUT', 'READING', 'ACT')),
    CONSTRAINT ck_movements_lending_names_request_and_holder CHECK (kind = 'ACT' or (request_id is not null and holder_id is not null)),
    CONSTRAINT ck_movements_act_is_never_out CHECK (kind <> 'ACT' or out_at is null),
    CONSTRAINT ck_movements_c1_exit_by_operation CHECK ((out_at is null) = (exit_operation_id is null) or kind = 'READING'),
    CONSTRAINT ck_movements_c20_before_lapse CHECK (out_at is null or out_at <= lapses_at),
    CONSTRAINT ck_movements_c21_due CHECK (out_at is null or (due_at is not null and due_at > out_at)),
    CONSTRAINT ck_movements_c22_extensions CHECK (extensions between 0 and 99),
    CONSTRAINT ck_movements_c25_holder_returns CHECK (returned_by is null or returned_by = holder_id),
    CONSTRAINT ck_movements_c27_return_after_exit CHECK (returned_at is null or (out_at is not null and returned_at >= out_at and returned_by is not null)),
    CONSTRAINT ck_movements_c26_inspected CHECK (closed_at is null or out_at is null or kind = 'READING' or (inspection_id is not null and entry_operation_id is not null)),
    CONSTRAINT ck_movements_c27_close_after_return CHECK (closed_at is null or out_at is null or (returned_at is not null and closed_at >= returned_at)),
    CONSTRAINT fk_movements_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_movements_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_movements_request_id FOREIGN KEY(request_id) REFERENCES access_requests (id),
    CONSTRAINT fk_movements_holder_id FOREIGN KEY(holder_id) REFERENCES staff (id),
    CONSTRAINT fk_movements_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id),
    CONSTRAINT fk_movements_exit_operation_id FOREIGN KEY(exit_operation_id) REFERENCES operations (id),
    CONSTRAINT fk_movements_returned_by FOREIGN KEY(returned_by) REFERENCES staff (id),
    CONSTRAINT fk_movements_presented_to FOREIGN KEY(presented_to) REFERENCES staff (id),
    CONSTRAINT fk_movements_entry_operation_id FOREIGN KEY(entry_operation_id) REFERENCES operations (id)
);
CREATE INDEX ix_movements_due ON movements (due_at, id) WHERE closed_at is null and out_at is not null;
CREATE INDEX ix_movements_open_holder ON movements (holder_id) WHERE closed_at is null;
CREATE INDEX ix_movements_operation_id ON movements (operation_id) WHERE operation_id is not null;
CREATE INDEX ix_movements_org_id ON movements (org_id);
CREATE INDEX ix_movements_record_id ON movements (record_id);
CREATE INDEX ix_movements_request_id ON movements (request_id);
CREATE INDEX ix_movements_updated_at ON movements (updated_at);
CREATE INDEX ix_movements_visible_to ON movements USING gin (visible_to);
CREATE UNIQUE INDEX uq_movements_c14_one_open ON movements (record_id) WHERE closed_at is null;
COMMENT ON TABLE movements IS 'Reservation, operation, reading, checkout and return of one record: phases of one row (Checkout in the API).';
COMMENT ON COLUMN movements.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN movements.org_id IS 'Branch of the record.';
COMMENT ON COLUMN movements.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN movements.record_id IS 'The record.';
COMMENT ON COLUMN movements.kind IS 'Lending, reading, or an act on a record nobody asked for.';
COMMENT ON COLUMN movements.request_id IS 'The request that reserved it.';
COMMENT ON COLUMN movements.holder_id IS 'Who has or will have the paper (C19).';
COMMENT ON COLUMN movements.on_site IS 'Read at the vault, due today.';
COMMENT ON COLUMN movements.reserved_at IS 'When the row was opened.';
COMMENT ON COLUMN movements.lapses_at IS 'When an unused reservation or act counts as gone (C20).';
COMMENT ON COLUMN movements.operation_id IS 'The operation that is pending on it now.';
COMMENT ON COLUMN movements.exit_operation_id IS 'The operation that handed it out.';
COMMENT ON COLUMN movements.out_at IS 'When it was handed out.';
COMMENT ON COLUMN movements.due_at IS 'When it must be back (C21).';
COMMENT ON COLUMN movements.extensions IS 'How often the due instant was moved (C22).';
COMMENT ON COLUMN movements.returned_at IS 'When it was presented; stops overdue (C27).';
COMMENT ON COLUMN movements.returned_by IS 'Who brought it (C25).';
COMMENT ON COLUMN movements.presented_to IS 'Who took it over the desk.';
COMMENT ON COLUMN movements.claimed_at IS 'When the holder said that it had been returned earlier (C25).';
COMMENT ON COLUMN movements.inspection_id IS 'The inspection that let it back in (C26).';
COMMENT ON COLUMN movements.entry_operation_id IS 'The operation that took it back.';
COMMENT ON COLUMN movements.closed_at IS 'When the movement ended.';
COMMENT ON COLUMN movements.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN movements.created_at IS 'When the row was made.';
COMMENT ON COLUMN movements.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE holds (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    record_id UUID,
    loan_id UUID,
    collateral_id UUID,
    party_id UUID,
    dealer_id UUID,
    reason TEXT NOT NULL,
    placer_id UUID NOT NULL,
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_by UUID,
    lift_reason TEXT,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_holds PRIMARY KEY (id),
    CONSTRAINT ck_holds_kind CHECK (kind in ('LEGAL', 'REGULATORY', 'AUDIT', 'RECOVERY')),
    CONSTRAINT ck_holds_subject_kind CHECK (subject_kind in ('RECORD', 'LOAN', 'COLLATERAL', 'CUSTOMER', 'DEALER')),
    CONSTRAINT ck_holds_one_subject CHECK (num_nonnulls(record_id, loan_id, collateral_id, party_id, dealer_id) = 1),
    CONSTRAINT ck_holds_c16_second_person CHECK (lifted_by is null or lifted_by <> placer_id),
    CONSTRAINT ck_holds_c16_lifted_by CHECK ((lifted_at is null) = (lifted_by is null)),
    CONSTRAINT fk_holds_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_holds_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_holds_loan_id FOREIGN KEY(loan_id) REFERENCES loans (id),
    CONSTRAINT fk_holds_collateral_id FOREIGN KEY(collateral_id) REFERENCES collateral (id),
    CONSTRAINT fk_holds_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
    CONSTRAINT fk_holds_dealer_id FOREIGN KEY(dealer_id) REFERENCES dealers (id),
    CONSTRAINT fk_holds_placer_id FOREIGN KEY(placer_id) REFERENCES staff (id),
    CONSTRAINT fk_holds_lifted_by FOREIGN KEY(lifted_by) REFERENCES staff (id)
);
CREATE INDEX ix_holds_active_collateral_id ON holds (collateral_id) WHERE lifted_at is null;
CREATE INDEX ix_holds_active_dealer_id ON holds (dealer_id) WHERE lifted_at is null;
CREATE INDEX ix_holds_active_loan_id ON holds (loan_id) WHERE lifted_at is null;
CREATE INDEX ix_holds_active_party_id ON holds (party_id) WHERE lifted_at is null;
CREATE INDEX ix_holds_active_record_id ON holds (record_id) WHERE lifted_at is null;
CREATE INDEX ix_holds_org_id ON holds (org_id);
CREATE INDEX ix_holds_updated_at ON holds (updated_at);
COMMENT ON TABLE holds IS 'Holds (冻结) on a record, loan, collateral, customer or dealer; inherited by what comes later (C16).';
COMMENT ON COLUMN holds.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN holds.org_id IS 'Unit of the placer.';
COMMENT ON COLUMN holds.kind IS 'Why.';
COMMENT ON COLUMN holds.subject_kind IS 'What it is on.';
COMMENT ON COLUMN holds.record_id IS 'The record.';
COMMENT ON COLUMN holds.loan_id IS 'The loan.';
COMMENT ON COLUMN holds.collateral_id IS 'The collateral.';
COMMENT ON COLUMN holds.party_id IS 'The customer, in every branch.';
COMMENT ON COLUMN holds.dealer_id IS 'The dealer.';
COMMENT ON COLUMN holds.reason IS 'In words; only for those who may know.';
COMMENT ON COLUMN holds.placer_id IS 'Who placed it.';
COMMENT ON COLUMN holds.placed_at IS 'When.';
COMMENT ON COLUMN holds.lifted_at IS 'When it was lifted.';
COMMENT ON COLUMN holds.lifted_by IS 'Who lifted it, another person.';
COMMENT ON COLUMN holds.lift_reason IS 'Why.';
COMMENT ON COLUMN holds.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN holds.created_at IS 'When the row was made.';
COMMENT ON COLUMN holds.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE discrepancies (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    record_id UUID NOT NULL,
    kind TEXT NOT NULL,
    state TEXT DEFAULT 'CASE' NOT NULL,
    findings TEXT NOT NULL,
    reported_by UUID NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    owner_id UUID,
    deadline_at TIMESTAMP WITH TIME ZONE NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    resolution TEXT,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_discrepancies PRIMARY KEY (id),
    CONSTRAINT ck_discrepancies_kind CHECK (kind in ('MISSING', 'EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN', 'DAMAGED')),
    CONSTRAINT ck_discrepancies_state CHECK (state in ('OPEN', 'CASE', 'RESOLVED')),
    CONSTRAINT ck_discrepancies_resolved_at CHECK ((state = 'RESOLVED') = (resolved_at is not null)),
    CONSTRAINT fk_discrepancies_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_discrepancies_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_discrepancies_reported_by FOREIGN KEY(reported_by) REFERENCES staff (id),
    CONSTRAINT fk_discrepancies_owner_id FOREIGN KEY(owner_id) REFERENCES staff (id)
);
CREATE INDEX ix_discrepancies_org_id ON discrepancies (org_id);
CREATE INDEX ix_discrepancies_updated_at ON discrepancies (updated_at);
CREATE INDEX ix_discrepancies_visible_to ON discrepancies USING gin (visible_to);
CREATE UNIQUE INDEX uq_discrepancies_c43_one_open ON discrepancies (record_id, kind) WHERE resolved_at is null;
COMMENT ON TABLE discrepancies IS 'Where the shelf differs from the list; an open one freezes the record (C43).';
COMMENT ON COLUMN discrepancies.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN discrepancies.org_id IS 'Branch of the record.';
COMMENT ON COLUMN discrepancies.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN discrepancies.record_id IS 'The record.';
COMMENT ON COLUMN discrepancies.kind IS 'How it differs.';
COMMENT ON COLUMN discrepancies.state IS 'Life cycle.';
COMMENT ON COLUMN discrepancies.findings IS 'In words.';
COMMENT ON COLUMN discrepancies.reported_by IS 'Who reported it.';
COMMENT ON COLUMN discrepancies.reported_at IS 'When.';
COMMENT ON COLUMN discrepancies.owner_id IS 'Who must solve it.';
COMMENT ON COLUMN discrepancies.deadline_at IS 'Until when.';
COMMENT ON COLUMN discrepancies.resolved_at IS 'When it was solved.';
COMMENT ON COLUMN discrepancies.resolution IS 'How.';
COMMENT ON COLUMN discrepancies.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN discrepancies.created_at IS 'When the row was made.';
COMMENT ON COLUMN discrepancies.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE off_balance_entries (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    record_id UUID NOT NULL,
    operation_id UUID NOT NULL,
    direction TEXT NOT NULL,
    state TEXT DEFAULT 'PENDING' NOT NULL,
    serial_no TEXT,
    queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    booked_at TIMESTAMP WITH TIME ZONE,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_off_balance_entries PRIMARY KEY (id),
    CONSTRAINT ck_off_balance_entries_direction CHECK (direction in ('IN', 'OUT')),
    CONSTRAINT ck_off_balance_entries_state CHECK (state in ('PENDING', 'BOOKED', 'FAILED')),
    CONSTRAINT uq_off_balance_entries_c11_one_each UNIQUE (operation_id, record_id),
    CONSTRAINT fk_off_balance_entries_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_off_balance_entries_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_off_balance_entries_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id)
);
CREATE INDEX ix_off_balance_entries_open ON off_balance_entries (queued_at) WHERE state <> 'BOOKED';
CREATE INDEX ix_off_balance_entries_org_id ON off_balance_entries (org_id);
CREATE INDEX ix_off_balance_entries_record_id ON off_balance_entries (record_id);
CREATE INDEX ix_off_balance_entries_updated_at ON off_balance_entries (updated_at);
COMMENT ON TABLE off_balance_entries IS 'Outbox to core banking''s off-balance register (表外登记), one per first-tier entry and exit (C11).';
COMMENT ON COLUMN off_balance_entries.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN off_balance_entries.org_id IS 'The unit whose vault it is.';
COMMENT ON COLUMN off_balance_entries.record_id IS 'The record.';
COMMENT ON COLUMN off_balance_entries.operation_id IS 'The entry or exit.';
COMMENT ON COLUMN off_balance_entries.direction IS 'In or out.';
COMMENT ON COLUMN off_balance_entries.state IS 'What core banking has said.';
COMMENT ON COLUMN off_balance_entries.serial_no IS 'Serial of core banking.';
COMMENT ON COLUMN off_balance_entries.queued_at IS 'When it was queued.';
COMMENT ON COLUMN off_balance_entries.booked_at IS 'When it was booked.';
COMMENT ON COLUMN off_balance_entries.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN off_balance_entries.created_at IS 'When the row was made.';
COMMENT ON COLUMN off_balance_entries.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE events (
    chain_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    tag TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    record_id UUID,
    actor_id UUID NOT NULL,
    org_id UUID NOT NULL,
    cause_id UUID,
    canonical BYTEA NOT NULL,
    prev_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (chain_id, seq),
    CONSTRAINT uq_events_id UNIQUE (id),
    CONSTRAINT ck_events_c48_hash CHECK (hash = sha256(prev_hash || canonical)),
    CONSTRAINT ck_events_seq_positive CHECK (seq > 0),
    CONSTRAINT fk_events_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_events_actor_id FOREIGN KEY(actor_id) REFERENCES staff (id),
    CONSTRAINT fk_events_org_id FOREIGN KEY(org_id) REFERENCES org_units (id)
);
CREATE INDEX ix_events_happened_at ON events (happened_at, id);
CREATE INDEX ix_events_org_id ON events (org_id);
CREATE INDEX ix_events_record_id ON events (record_id);
CREATE INDEX ix_events_subject_id ON events (subject_id);
COMMENT ON TABLE events IS 'What changed, append-only: canonical bytes linked by hash (C48).';
COMMENT ON COLUMN events.chain_id IS 'The chain.';
COMMENT ON COLUMN events.seq IS 'Number in the chain, from 1, without gaps.';
COMMENT ON COLUMN events.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN events.happened_at IS 'Event time; rises strictly along a chain.';
COMMENT ON COLUMN events.tag IS 'subject:action:outcome, from a closed list.';
COMMENT ON COLUMN events.subject_kind IS 'Kind of the subject.';
COMMENT ON COLUMN events.subject_id IS 'Id of the subject.';
COMMENT ON COLUMN events.record_id IS 'The record, when the subject is one.';
COMMENT ON COLUMN events.actor_id IS 'Who did it.';
COMMENT ON COLUMN events.org_id IS 'The unit whose chain it is in, when it happened.';
COMMENT ON COLUMN events.cause_id IS 'The event that brought it about, in another chain.';
COMMENT ON COLUMN events.canonical IS 'Canonical bytes, version 1.';
COMMENT ON COLUMN events.prev_hash IS 'Hash of the event before; empty for the first.';
COMMENT ON COLUMN events.hash IS 'SHA-256 of prev_hash and canonical.';
COMMENT ON COLUMN events.transaction_id IS 'Transaction that wrote it; readers stay below the snapshot.';

CREATE TABLE scans (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    record_id UUID,
    scan_version INTEGER NOT NULL,
    supersedes_id UUID,
    title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    size_bytes BIGINT NOT NULL,
    pages INTEGER NOT NULL,
    status TEXT DEFAULT 'REGISTERED' NOT NULL,
    uploaded_by UUID NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    upload_expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE,
    object_key TEXT,
    object_version_id TEXT,
    lock_until TIMESTAMP WITH TIME ZONE,
    legal_hold BOOLEAN DEFAULT false NOT NULL,
    reject_code TEXT,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_scans PRIMARY KEY (id),
    CONSTRAINT ck_scans_subject_kind CHECK (subject_kind in ('FILE_ITEM', 'RECORD', 'REQUEST', 'OPERATION', 'CASE')),
    CONSTRAINT ck_scans_media_type CHECK (media_type in ('application/pdf', 'image/tiff', 'image/jpeg', 'image/png')),
    CONSTRAINT ck_scans_status CHECK (status in ('REGISTERED', 'STORED', 'REJECTED', 'EXPIRED')),
    CONSTRAINT uq_scans_subject_id_scan_version UNIQUE (subject_id, scan_version),
    CONSTRAINT ck_scans_sha256 CHECK (octet_length(sha256) = 32),
    CONSTRAINT ck_scans_size_positive CHECK (size_bytes > 0),
    CONSTRAINT ck_scans_c49_stored_is_pinned_and_locked CHECK (status <> 'STORED' or num_nonnulls(stored_at, object_key, object_version_id, lock_until) = 4),
    CONSTRAINT fk_scans_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_scans_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_scans_supersedes_id FOREIGN KEY(supersedes_id) REFERENCES scans (id),
    CONSTRAINT fk_scans_uploaded_by FOREIGN KEY(uploaded_by) REFERENCES staff (id)
);
CREATE INDEX ix_scans_org_id ON scans (org_id);
CREATE INDEX ix_scans_record_id ON scans (record_id);
CREATE INDEX ix_scans_unfinished ON scans (upload_expires_at) WHERE status = 'REGISTERED';
CREATE INDEX ix_scans_updated_at ON scans (updated_at);
CREATE INDEX ix_scans_visible_to ON scans USING gin (visible_to);
COMMENT ON TABLE scans IS 'Scans of papers (扫描件): the row; the bytes lie in the locked bucket.';
COMMENT ON COLUMN scans.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN scans.org_id IS 'Branch of the subject.';
COMMENT ON COLUMN scans.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN scans.subject_kind IS 'What it shows.';
COMMENT ON COLUMN scans.subject_id IS 'Id of what it shows.';
COMMENT ON COLUMN scans.record_id IS 'The record it belongs to.';
COMMENT ON COLUMN scans.scan_version IS '1 first; a new scan supersedes, never replaces.';
COMMENT ON COLUMN scans.supersedes_id IS 'The version before.';
COMMENT ON COLUMN scans.title IS 'Title.';
COMMENT ON COLUMN scans.media_type IS 'Media type.';
COMMENT ON COLUMN scans.sha256 IS 'SHA-256 of the bytes.';
COMMENT ON COLUMN scans.size_bytes IS 'Size in bytes.';
COMMENT ON COLUMN scans.pages IS 'Pages.';
COMMENT ON COLUMN scans.status IS 'Life cycle.';
COMMENT ON COLUMN scans.uploaded_by IS 'Who uploads it.';
COMMENT ON COLUMN scans.registered_at IS 'When it was registered.';
COMMENT ON COLUMN scans.upload_expires_at IS 'Until when the bytes may come.';
COMMENT ON COLUMN scans.stored_at IS 'When the bytes were verified and locked.';
COMMENT ON COLUMN scans.object_key IS 'Key in the locked bucket; carries no personal data.';
COMMENT ON COLUMN scans.object_version_id IS 'Pinned version of the object.';
COMMENT ON COLUMN scans.lock_until IS 'Compliance lock of the object.';
COMMENT ON COLUMN scans.legal_hold IS 'Legal hold of the object.';
COMMENT ON COLUMN scans.reject_code IS 'Why the bytes were refused.';
COMMENT ON COLUMN scans.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN scans.created_at IS 'When the row was made.';
COMMENT ON COLUMN scans.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE file_items (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    visible_to UUID[] DEFAULT '{}'::uuid[] NOT NULL,
    record_id UUID NOT NULL,
    position INTEGER NOT NULL,
    document_type TEXT NOT NULL,
    title TEXT NOT NULL,
    is_original BOOLEAN DEFAULT true NOT NULL,
    pages INTEGER NOT NULL,
    contract_id UUID,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_file_items PRIMARY KEY (id),
    CONSTRAINT uq_file_items_record_id_position UNIQUE (record_id, position),
    CONSTRAINT ck_file_items_document_type CHECK (document_type in ('APPLICATION', 'IDENTITY', 'INCOME_PROOF', 'CREDIT_REPORT', 'CONTRACT', 'PURCHASE_AGREEMENT', 'INVOICE', 'APPROVAL', 'INSPECTION', 'COLLECTION_LETTER', 'OTHER')),
    CONSTRAINT ck_file_items_pages_positive CHECK (pages > 0),
    CONSTRAINT fk_file_items_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_file_items_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_file_items_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id)
);
CREATE INDEX ix_file_items_contract_id ON file_items (contract_id);
CREATE INDEX ix_file_items_org_id ON file_items (org_id);
CREATE INDEX ix_file_items_updated_at ON file_items (updated_at);
COMMENT ON TABLE file_items IS 'Papers in a second-tier volume (卷内文件).';
COMMENT ON COLUMN file_items.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN file_items.org_id IS 'The unit that the row belongs to.';
COMMENT ON COLUMN file_items.visible_to IS 'Units that may see the row; kept by triggers.';
COMMENT ON COLUMN file_items.record_id IS 'The volume.';
COMMENT ON COLUMN file_items.position IS 'Place in the volume, 1 first.';
COMMENT ON COLUMN file_items.document_type IS 'What it is.';
COMMENT ON COLUMN file_items.title IS 'Title.';
COMMENT ON COLUMN file_items.is_original IS 'Original or copy.';
COMMENT ON COLUMN file_items.pages IS 'Pages.';
COMMENT ON COLUMN file_items.contract_id IS 'The contract it is.';
COMMENT ON COLUMN file_items.added_at IS 'When it was put in.';
COMMENT ON COLUMN file_items.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN file_items.created_at IS 'When the row was made.';
COMMENT ON COLUMN file_items.updated_at IS 'Last change; kept by a trigger.';

CREATE TABLE return_inspections (
    id UUID DEFAULT uuidv7() NOT NULL,
    movement_id UUID NOT NULL,
    record_id UUID NOT NULL,
    operation_id UUID,
    inspected_by UUID NOT NULL,
    inspected_at TIMESTAMP WITH TIME ZONE NOT NULL,
    numbers_match BOOLEAN NOT NULL,
    pages_match BOOLEAN NOT NULL,
    seal_intact BOOLEAN NOT NULL,
    no_alterations BOOLEAN NOT NULL,
    no_damage BOOLEAN NOT NULL,
    pages_counted INTEGER NOT NULL,
    findings TEXT,
    passed BOOLEAN NOT NULL,
    CONSTRAINT pk_return_inspections PRIMARY KEY (id),
    CONSTRAINT ck_return_inspections_c26_passed CHECK (not passed or (numbers_match and pages_match and seal_intact and no_alterations and no_damage)),
    CONSTRAINT ck_return_inspections_c28_findings CHECK (passed or findings is not null),
    CONSTRAINT fk_return_inspections_movement_id FOREIGN KEY(movement_id) REFERENCES movements (id),
    CONSTRAINT fk_return_inspections_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_return_inspections_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id),
    CONSTRAINT fk_return_inspections_inspected_by FOREIGN KEY(inspected_by) REFERENCES staff (id)
);
CREATE INDEX ix_return_inspections_movement_id ON return_inspections (movement_id);
CREATE INDEX ix_return_inspections_record_id ON return_inspections (record_id);
COMMENT ON TABLE return_inspections IS 'What was found when a record came back, append-only (C26).';
COMMENT ON COLUMN return_inspections.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN return_inspections.movement_id IS 'Of which checkout.';
COMMENT ON COLUMN return_inspections.record_id IS 'Of which record.';
COMMENT ON COLUMN return_inspections.operation_id IS 'The operation in which it was made.';
COMMENT ON COLUMN return_inspections.inspected_by IS 'Who inspected.';
COMMENT ON COLUMN return_inspections.inspected_at IS 'When.';
COMMENT ON COLUMN return_inspections.numbers_match IS 'Numbers on the paper match the register.';
COMMENT ON COLUMN return_inspections.pages_match IS 'All pages are there.';
COMMENT ON COLUMN return_inspections.seal_intact IS 'The seal is whole, or none was put on.';
COMMENT ON COLUMN return_inspections.no_alterations IS 'Nothing was altered.';
COMMENT ON COLUMN return_inspections.no_damage IS 'Nothing is damaged.';
COMMENT ON COLUMN return_inspections.pages_counted IS 'Pages counted.';
COMMENT ON COLUMN return_inspections.findings IS 'In words.';
COMMENT ON COLUMN return_inspections.passed IS 'Whether it may go back.';

ALTER TABLE movements ADD CONSTRAINT fk_movements_inspection_id FOREIGN KEY(inspection_id) REFERENCES return_inspections (id);
ALTER TABLE access_requests ADD CONSTRAINT fk_access_requests_extends_id FOREIGN KEY(extends_id) REFERENCES movements (id);
ALTER TABLE org_units ADD CONSTRAINT fk_org_units_president_in_charge_id FOREIGN KEY(president_in_charge_id) REFERENCES staff (id);
