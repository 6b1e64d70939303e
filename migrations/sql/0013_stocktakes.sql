-- Stocktakes (盘库): C17, C41 to C43, C55. The list is taken by a trigger, so nobody writes a list; the counts are appended by the
-- counters alone; the comparison is one function, which the desk reads and the trigger stores.
CREATE TABLE stocktakes (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    place_id UUID NOT NULL,
    state TEXT DEFAULT 'OPEN' NOT NULL,
    freeze_hours INTEGER NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    opened_by UUID NOT NULL,
    first_counter_id UUID NOT NULL,
    second_counter_id UUID NOT NULL,
    compared_at TIMESTAMP WITH TIME ZONE,
    compared_by UUID,
    signed_at TIMESTAMP WITH TIME ZONE,
    signed_by UUID,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_stocktakes PRIMARY KEY (id),
    CONSTRAINT ck_stocktakes_state CHECK (state in ('OPEN', 'COUNTING', 'COMPARED', 'SIGNED')),
    CONSTRAINT ck_stocktakes_c17_freeze_hours CHECK (freeze_hours between 1 and 24),
    CONSTRAINT ck_stocktakes_c41_two_counters CHECK (first_counter_id <> second_counter_id),
    CONSTRAINT ck_stocktakes_c41_signer CHECK (coalesce(compared_by not in (first_counter_id, second_counter_id), true) and coalesce(signed_by not in (first_counter_id, second_counter_id), true)),
    CONSTRAINT ck_stocktakes_compared CHECK ((state in ('COMPARED', 'SIGNED')) = (compared_at is not null and compared_by is not null)),
    CONSTRAINT ck_stocktakes_signed CHECK ((state = 'SIGNED') = (signed_at is not null and signed_by is not null)),
    CONSTRAINT fk_stocktakes_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_stocktakes_place_id FOREIGN KEY(place_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_stocktakes_opened_by FOREIGN KEY(opened_by) REFERENCES staff (id),
    CONSTRAINT fk_stocktakes_first_counter_id FOREIGN KEY(first_counter_id) REFERENCES staff (id),
    CONSTRAINT fk_stocktakes_second_counter_id FOREIGN KEY(second_counter_id) REFERENCES staff (id),
    CONSTRAINT fk_stocktakes_compared_by FOREIGN KEY(compared_by) REFERENCES staff (id),
    CONSTRAINT fk_stocktakes_signed_by FOREIGN KEY(signed_by) REFERENCES staff (id)
);
CREATE INDEX ix_stocktakes_as_of ON stocktakes (as_of, id);
CREATE INDEX ix_stocktakes_first_counter_id ON stocktakes (first_counter_id);
CREATE INDEX ix_stocktakes_open ON stocktakes (id) WHERE state in ('OPEN', 'COUNTING');
CREATE INDEX ix_stocktakes_opened_by ON stocktakes (opened_by);
CREATE INDEX ix_stocktakes_org_id ON stocktakes (org_id);
CREATE INDEX ix_stocktakes_place_id ON stocktakes (place_id);
CREATE INDEX ix_stocktakes_second_counter_id ON stocktakes (second_counter_id);
CREATE INDEX ix_stocktakes_updated_at ON stocktakes (updated_at);
COMMENT ON TABLE stocktakes IS 'Blind double counts of a cabinet or a vault (盘库), C41 to C43.';
COMMENT ON COLUMN stocktakes.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN stocktakes.org_id IS 'The unit that runs the place.';
COMMENT ON COLUMN stocktakes.place_id IS 'The cabinet or vault.';
COMMENT ON COLUMN stocktakes.state IS 'Life cycle.';
COMMENT ON COLUMN stocktakes.freeze_hours IS 'How long a cabinet is frozen for its count at most (C17).';
COMMENT ON COLUMN stocktakes.as_of IS 'Instant of the frame: the list that is compared with.';
COMMENT ON COLUMN stocktakes.opened_by IS 'Who opened it.';
COMMENT ON COLUMN stocktakes.first_counter_id IS 'One counter.';
COMMENT ON COLUMN stocktakes.second_counter_id IS 'The other counter.';
COMMENT ON COLUMN stocktakes.compared_at IS 'When the counts were compared with the list.';
COMMENT ON COLUMN stocktakes.compared_by IS 'Who compared.';
COMMENT ON COLUMN stocktakes.signed_at IS 'When it was signed.';
COMMENT ON COLUMN stocktakes.signed_by IS 'Who signed; neither counter.';
COMMENT ON COLUMN stocktakes.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN stocktakes.created_at IS 'When the row was made.';
COMMENT ON COLUMN stocktakes.updated_at IS 'Last change; kept by a trigger.';
CREATE TABLE stocktake_places (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    stocktake_id UUID NOT NULL,
    location_id UUID NOT NULL,
    cabinet_id UUID NOT NULL,
    round INTEGER DEFAULT 1 NOT NULL,
    frozen_until TIMESTAMP WITH TIME ZONE,
    first_counted_at TIMESTAMP WITH TIME ZONE,
    second_counted_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_stocktake_places PRIMARY KEY (id),
    CONSTRAINT uq_stocktake_places_stocktake_id_location_id UNIQUE (stocktake_id, location_id),
    CONSTRAINT fk_stocktake_places_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_stocktake_places_stocktake_id FOREIGN KEY(stocktake_id) REFERENCES stocktakes (id),
    CONSTRAINT fk_stocktake_places_location_id FOREIGN KEY(location_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_stocktake_places_cabinet_id FOREIGN KEY(cabinet_id) REFERENCES storage_locations (id)
);
CREATE INDEX ix_stocktake_places_org_id ON stocktake_places (org_id);
CREATE UNIQUE INDEX uq_stocktake_places_c17_one_count ON stocktake_places (location_id) WHERE closed_at is null;
COMMENT ON TABLE stocktake_places IS 'Slots and shelves that a stocktake counts; written by triggers alone.';
COMMENT ON COLUMN stocktake_places.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN stocktake_places.org_id IS 'The unit that runs the place.';
COMMENT ON COLUMN stocktake_places.stocktake_id IS 'The stocktake.';
COMMENT ON COLUMN stocktake_places.location_id IS 'The slot or shelf.';
COMMENT ON COLUMN stocktake_places.cabinet_id IS 'The cabinet that it is part of; counted, and frozen, as one.';
COMMENT ON COLUMN stocktake_places.round IS 'Rises when the two counts differ and both count again.';
COMMENT ON COLUMN stocktake_places.frozen_until IS 'Nothing moves in or out until then, unless the count ends before (C17).';
COMMENT ON COLUMN stocktake_places.first_counted_at IS 'When one counter had counted it in this round.';
COMMENT ON COLUMN stocktake_places.second_counted_at IS 'When the other had.';
COMMENT ON COLUMN stocktake_places.closed_at IS 'When the stocktake was compared.';
CREATE TABLE stocktake_lines (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    stocktake_id UUID NOT NULL,
    expectation TEXT NOT NULL,
    location_id UUID,
    envelope_id UUID,
    record_id UUID,
    barcode TEXT,
    seal_no TEXT,
    result TEXT,
    found_location_id UUID,
    found_seal_no TEXT,
    CONSTRAINT pk_stocktake_lines PRIMARY KEY (id),
    CONSTRAINT ck_stocktake_lines_expectation CHECK (expectation in ('PRESENT', 'OUT', 'REGISTRY', 'NOTHING')),
    CONSTRAINT ck_stocktake_lines_result CHECK (result in ('MATCHED', 'OUT_WITH_TICKET', 'MOVED_SINCE', 'TO_RECHECK', 'MISSING', 'EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN')),
    CONSTRAINT ck_stocktake_lines_one_thing CHECK (num_nonnulls(envelope_id, record_id) <= 1),
    CONSTRAINT ck_stocktake_lines_names_a_thing CHECK (expectation = 'NOTHING' or num_nonnulls(envelope_id, record_id) = 1),
    CONSTRAINT fk_stocktake_lines_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_stocktake_lines_stocktake_id FOREIGN KEY(stocktake_id) REFERENCES stocktakes (id),
    CONSTRAINT fk_stocktake_lines_location_id FOREIGN KEY(location_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_stocktake_lines_envelope_id FOREIGN KEY(envelope_id) REFERENCES sealed_envelopes (id),
    CONSTRAINT fk_stocktake_lines_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id),
    CONSTRAINT fk_stocktake_lines_found_location_id FOREIGN KEY(found_location_id) REFERENCES storage_locations (id)
);
CREATE INDEX ix_stocktake_lines_envelope_id ON stocktake_lines (envelope_id);
CREATE INDEX ix_stocktake_lines_location_id ON stocktake_lines (location_id);
CREATE INDEX ix_stocktake_lines_org_id ON stocktake_lines (org_id);
CREATE INDEX ix_stocktake_lines_record_id ON stocktake_lines (record_id);
CREATE INDEX ix_stocktake_lines_result ON stocktake_lines (stocktake_id, result, id);
CREATE INDEX ix_stocktake_lines_stocktake_id ON stocktake_lines (stocktake_id);
COMMENT ON TABLE stocktake_lines IS 'The list of a stocktake: what should lie where, then what was found; written by triggers alone.';
COMMENT ON COLUMN stocktake_lines.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN stocktake_lines.org_id IS 'The unit that runs the place.';
COMMENT ON COLUMN stocktake_lines.stocktake_id IS 'The stocktake.';
COMMENT ON COLUMN stocktake_lines.expectation IS 'What the list says.';
COMMENT ON COLUMN stocktake_lines.location_id IS 'Where it should lie; null for what is out, electronic or unexpected.';
COMMENT ON COLUMN stocktake_lines.envelope_id IS 'The envelope.';
COMMENT ON COLUMN stocktake_lines.record_id IS 'The volume or electronic certificate.';
COMMENT ON COLUMN stocktake_lines.barcode IS 'The label, as listed or, of what nobody expected, as read.';
COMMENT ON COLUMN stocktake_lines.seal_no IS 'The seal that the list names.';
COMMENT ON COLUMN stocktake_lines.result IS 'What the comparison found; null until then.';
COMMENT ON COLUMN stocktake_lines.found_location_id IS 'Where it was found.';
COMMENT ON COLUMN stocktake_lines.found_seal_no IS 'The seal that was read.';
CREATE TABLE stocktake_counts (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    stocktake_id UUID NOT NULL,
    location_id UUID NOT NULL,
    counter_id UUID NOT NULL,
    round INTEGER NOT NULL,
    barcode TEXT,
    seal_no TEXT,
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_stocktake_counts PRIMARY KEY (id),
    CONSTRAINT ck_stocktake_counts_seal_is_of_something CHECK (barcode is not null or seal_no is null),
    CONSTRAINT fk_stocktake_counts_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_stocktake_counts_stocktake_id FOREIGN KEY(stocktake_id) REFERENCES stocktakes (id),
    CONSTRAINT fk_stocktake_counts_location_id FOREIGN KEY(location_id) REFERENCES storage_locations (id),
    CONSTRAINT fk_stocktake_counts_counter_id FOREIGN KEY(counter_id) REFERENCES staff (id)
);
CREATE INDEX ix_stocktake_counts_counter_id ON stocktake_counts (counter_id);
CREATE INDEX ix_stocktake_counts_location_id ON stocktake_counts (location_id);
CREATE INDEX ix_stocktake_counts_org_id ON stocktake_counts (org_id);
CREATE UNIQUE INDEX uq_stocktake_counts_c41_once ON stocktake_counts (stocktake_id, location_id, counter_id, round, barcode) NULLS NOT DISTINCT;
COMMENT ON TABLE stocktake_counts IS 'What a counter read in a slot or on a shelf, append-only; a row without a label says that this was all.';
COMMENT ON COLUMN stocktake_counts.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN stocktake_counts.org_id IS 'The unit that runs the place.';
COMMENT ON COLUMN stocktake_counts.stocktake_id IS 'The stocktake.';
COMMENT ON COLUMN stocktake_counts.location_id IS 'The slot or shelf.';
COMMENT ON COLUMN stocktake_counts.counter_id IS 'Who counted.';
COMMENT ON COLUMN stocktake_counts.round IS 'Round of the place.';
COMMENT ON COLUMN stocktake_counts.barcode IS 'Label that was read; null: that was all.';
COMMENT ON COLUMN stocktake_counts.seal_no IS 'Seal that was read; null when there is none or it is broken.';
COMMENT ON COLUMN stocktake_counts.counted_at IS 'When it was submitted.';

alter table discrepancies alter column record_id drop not null;
alter table discrepancies add column stocktake_line_id uuid;
comment on column discrepancies.record_id is 'The record; null for a label that nobody knows.';
comment on column discrepancies.stocktake_line_id is 'The line of a stocktake that found it.';
alter table discrepancies add constraint fk_discrepancies_stocktake_line_id foreign key (stocktake_line_id) references stocktake_lines (id) not valid;
alter table discrepancies validate constraint fk_discrepancies_stocktake_line_id;
alter table discrepancies add constraint ck_discrepancies_unknown_is_extra check (record_id is not null or kind = 'EXTRA') not valid;
alter table discrepancies validate constraint ck_discrepancies_unknown_is_extra;

create trigger tg_touch before update on stocktakes for each row execute function tg_touch();
create trigger tg_row_version after insert or update or delete on stocktakes for each row execute function tg_row_version();
do $$ declare name text; begin
  foreach name in array array['stocktakes', 'stocktake_places', 'stocktake_lines', 'stocktake_counts'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
    execute format('create policy branch on %I using (case when (select app_everywhere()) then true
      when org_id = any ((select app_branches())::uuid[]) then true else false end)', name);
    execute format('grant select on %I to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar', name);
  end loop;
end $$;
grant insert on stocktakes, stocktake_counts to loanfile_app;
grant update (state, compared_at, compared_by, signed_at, signed_by) on stocktakes to loanfile_app;
grant insert on stocktake_places, stocktake_lines to loanfile_registrar;
grant update (round, frozen_until, first_counted_at, second_counted_at, closed_at) on stocktake_places to loanfile_registrar;
grant update (result, found_location_id, found_seal_no) on stocktake_lines to loanfile_registrar;
grant select on barcodes to loanfile_registrar;

-- Where there is something to count: every slot, and every shelf that holds volumes or has no slots.
create function places_to_count(place uuid) returns table (location_id uuid, cabinet_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  with recursive inside as (
    select l.id, l.kind, case when l.kind = 'CABINET' then l.id end as cabinet from storage_locations l where l.id = place
    union all
    select l.id, l.kind, case when l.kind = 'CABINET' then l.id else i.cabinet end from storage_locations l join inside i on l.parent_id = i.id)
  select i.id, coalesce(i.cabinet, (select p.id from storage_locations l join storage_locations p on p.id = l.parent_id and p.kind = 'CABINET'
                                    where l.id = i.id), i.id)
  from inside i
  where i.kind = 'SLOT' or exists (select from archive_records r where r.location_id = i.id)
     or i.kind = 'CABINET' and not exists (select from storage_locations l where l.parent_id = i.id) $$;

-- C4, C41: what the choice of a counter depends on, in every branch.
create function stocktake_team(place uuid, counters uuid[])
returns table (staff_id uuid, is_fit boolean, is_keeper boolean, is_interested boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  with places as materialized (select p.location_id from places_to_count(place) p),
  papers as materialized (
    select r.id, r.primary_loan_id, r.custodian_id from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
    where coalesce(e.location_id, r.location_id) in (select location_id from places))
  select s.id, s.active and s.kind = 'PERSON' and (
      with recursive above as (select l.org_id as id from storage_locations l where l.id = place
        union all select o.parent_id from org_units o join above a on o.id = a.id where o.parent_id is not null)
      select s.org_id in (select id from above)),
    exists (select from keeper_duties d join storage_locations l on l.id = place and d.vault_id = coalesce(l.vault_id, l.id)
            where d.staff_id = s.id and d.during @> clock_timestamp()) or exists (select from papers p where p.custodian_id = s.id),
    exists (select from papers p join loans l on l.id = p.primary_loan_id join customers c on c.id = l.customer_id
            where l.manager_id = s.id or exists (select from staff_relations x where x.staff_id = s.id and x.party_id = c.party_id))
  from staff s where s.id = any (counters) $$;

create function tg_stocktakes_c41_team() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.state <> 'OPEN' then perform broken('tg_stocktakes_c15_step'); end if;
  if (select count(*) filter (where is_fit and not is_keeper) from stocktake_team(new.place_id, array[new.first_counter_id, new.second_counter_id]))
     < 2 and new.first_counter_id <> new.second_counter_id then perform broken('tg_stocktakes_c41_team'); end if;
  if exists (select from stocktake_team(new.place_id, array[new.first_counter_id, new.second_counter_id]) where is_interested) then
    perform broken('tg_stocktakes_c4_no_interest'); end if;
  new.org_id := (select org_id from storage_locations where id = new.place_id);
  return new;
end $$;
create trigger tg_stocktakes_c41_team before insert on stocktakes for each row execute function tg_stocktakes_c41_team();

-- The frame: what the register says at this instant. A vault is frozen cabinet by cabinet, each from its first count on.
create function tg_stocktakes_frame() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare whole boolean := (select kind = 'VAULT' from storage_locations where id = new.place_id); begin
  insert into stocktake_places (org_id, stocktake_id, location_id, cabinet_id, frozen_until)
    select new.org_id, new.id, p.location_id, p.cabinet_id, case when not whole then least(new.as_of, clock_timestamp()) + make_interval(hours => new.freeze_hours) end
    from places_to_count(new.place_id) p;
  insert into stocktake_lines (org_id, stocktake_id, expectation, location_id, envelope_id, barcode, seal_no)
    select new.org_id, new.id, case when bool_or(r.state in ('IN_VAULT', 'RESERVED')) then 'PRESENT' else 'OUT' end,
           e.location_id, e.id, e.barcode, e.seal_no
    from sealed_envelopes e join archive_records r on r.envelope_id = e.id
    where r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'IN_TRANSIT', 'MISSING')
      and (e.location_id in (select location_id from stocktake_places where stocktake_id = new.id)
           or whole and e.location_id is null and r.vault_id = new.place_id)
    group by e.id;
  insert into stocktake_lines (org_id, stocktake_id, expectation, location_id, record_id, barcode)
    select new.org_id, new.id,
           case when r.state in ('FILED', 'RESERVED', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED') then 'PRESENT' else 'OUT' end,
           r.location_id, r.id, r.barcode
    from archive_records r where r.tier = 'SECOND' and r.state not in ('COLLECTING', 'SUBMITTED', 'LOST', 'CLOSED_LOST', 'DESTROYED')
      and r.location_id in (select location_id from stocktake_places where stocktake_id = new.id);
  insert into stocktake_lines (org_id, stocktake_id, expectation, record_id, barcode)
    select new.org_id, new.id, 'REGISTRY', r.id, r.barcode
    from archive_records r join collateral_certificates c on c.id = r.certificate_id
    where whole and c.is_electronic and r.vault_id = new.place_id and r.state in ('IN_VAULT', 'RESERVED');
  return null;
end $$;
create trigger tg_stocktakes_frame after insert on stocktakes for each row execute function tg_stocktakes_frame();

-- C41: only a counter counts, each place once a round, and nobody else's count is theirs to add to.
create function tg_stocktake_counts_c41_team() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare t stocktakes; p stocktake_places; begin
  select * into t from stocktakes where id = new.stocktake_id;
  if t.state not in ('OPEN', 'COUNTING') then perform broken('tg_stocktakes_c15_step'); end if;
  if new.counter_id is distinct from app_staff() or new.counter_id not in (t.first_counter_id, t.second_counter_id) then
    perform broken('tg_stocktake_counts_c41_team'); end if;
  select * into p from stocktake_places where stocktake_id = new.stocktake_id and location_id = new.location_id;
  if p.id is null or new.round <> p.round
     or (case new.counter_id when t.first_counter_id then p.first_counted_at else p.second_counted_at end) is not null
     or exists (select from stocktake_counts c join stocktake_places o on o.stocktake_id = c.stocktake_id and o.location_id = c.location_id
                and o.round = c.round where c.stocktake_id = new.stocktake_id and c.counter_id = new.counter_id and c.barcode = new.barcode
                and c.location_id <> new.location_id) then
    perform broken('tg_stocktake_counts_c41_once'); end if;
  new.org_id := t.org_id;
  return new;
end $$;
create trigger tg_stocktake_counts_c41_team before insert on stocktake_counts
  for each row execute function tg_stocktake_counts_c41_team();

-- The first label freezes the cabinet; "that was all" of both counters ends the round, or begins another when they differ.
create function tg_stocktake_counts_advance() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare t stocktakes; p stocktake_places; begin
  select * into t from stocktakes where id = new.stocktake_id;
  select * into p from stocktake_places where stocktake_id = new.stocktake_id and location_id = new.location_id for update;
  if p.frozen_until is null then
    update stocktake_places set frozen_until = least(new.counted_at, clock_timestamp()) + make_interval(hours => t.freeze_hours)
    where stocktake_id = new.stocktake_id and cabinet_id = p.cabinet_id and frozen_until is null;
  end if;
  if new.barcode is not null then return null; end if;
  if new.counter_id = t.first_counter_id then p.first_counted_at := new.counted_at; else p.second_counted_at := new.counted_at; end if;
  if p.first_counted_at is not null and p.second_counted_at is not null and exists (
      select from stocktake_counts c where c.stocktake_id = p.stocktake_id and c.location_id = p.location_id and c.round = p.round
      group by c.barcode, c.seal_no having count(*) <> 2) then
    p.round := p.round + 1; p.first_counted_at := null; p.second_counted_at := null;
  end if;
  update stocktake_places set round = p.round, first_counted_at = p.first_counted_at, second_counted_at = p.second_counted_at where id = p.id;
  if not exists (select from stocktake_places o where o.stocktake_id = p.stocktake_id and o.cabinet_id = p.cabinet_id
                 and (o.first_counted_at is null or o.second_counted_at is null)) then
    update stocktake_places set frozen_until = least(frozen_until, clock_timestamp())
    where stocktake_id = p.stocktake_id and cabinet_id = p.cabinet_id;
  end if;
  return null;
end $$;
create trigger tg_stocktake_counts_advance after insert on stocktake_counts for each row execute function tg_stocktake_counts_advance();

-- The comparison, both ways: the list against the shelf, then the shelf against the list. What moved by a ticket since the frame was
-- taken is as it should be.
create function stocktake_findings(stocktake uuid) returns table (
  line_id uuid, result text, location_id uuid, envelope_id uuid, record_id uuid, barcode text, found_location_id uuid, found_seal_no text)
language sql stable security definer set search_path = public, pg_temp as $$
  with found as materialized (
    select c.location_id as place, c.barcode as code, c.seal_no as seal, e.id as envelope, r.id as record,
           coalesce(e.location_id, r.location_id) as listed_at, e.seal_no as seal_now,
           coalesce((select bool_or(x.state in ('IN_VAULT', 'RESERVED')) from archive_records x where x.envelope_id = e.id),
                    r.state in ('FILED', 'RESERVED', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED')) as is_in
    from stocktakes t join stocktake_places p on p.stocktake_id = t.id
    join stocktake_counts c on c.stocktake_id = t.id and c.location_id = p.location_id and c.round = p.round and c.counter_id = t.first_counter_id
    left join barcodes b on b.code = c.barcode
    left join sealed_envelopes e on e.id = b.subject_id
    left join archive_records r on r.id = b.subject_id
    where t.id = stocktake and c.barcode is not null),
  listed as materialized (
    select l.*, f.place, f.code, f.seal, f.seal_now, f.is_in as found_in, f.listed_at,
      coalesce((select bool_or(x.state in ('IN_VAULT', 'RESERVED')) and e.location_id is not distinct from l.location_id
                from sealed_envelopes e join archive_records x on x.envelope_id = e.id where e.id = l.envelope_id group by e.id),
               (select x.state in ('FILED', 'RESERVED', 'CLOSED_VOLUME', 'ARCHIVED', 'DISPOSAL_PROPOSED', 'DISPOSAL_APPROVED')
                       and x.location_id is not distinct from l.location_id from archive_records x where x.id = l.record_id)) as still_there,
      exists (select from archive_records x where (x.envelope_id = l.envelope_id or x.id = l.record_id)
              and x.state in ('CHECKED_OUT', 'READING', 'RETURN_PENDING', 'IN_TRANSIT')) as is_out
    from stocktake_lines l left join lateral (
      select * from found f where f.envelope = l.envelope_id or f.record = l.record_id
      order by f.place is distinct from l.location_id, f.place limit 1) f on true
    where l.stocktake_id = stocktake and l.expectation <> 'NOTHING')
  select l.id, case
      when l.expectation = 'REGISTRY' then 'TO_RECHECK'
      when l.place is null and (l.expectation = 'OUT' or l.is_out) then 'OUT_WITH_TICKET'
      when l.place is null and not l.still_there then 'MOVED_SINCE'
      when l.place is null then 'MISSING'
      when l.expectation = 'OUT' and not coalesce(l.found_in, false) then 'EXTRA'
      when l.place = l.location_id and (l.envelope_id is null or l.seal in (l.seal_no, l.seal_now)) then 'MATCHED'
      when l.place = l.location_id then 'SEAL_BROKEN'
      when l.found_in and l.place is not distinct from l.listed_at then 'MOVED_SINCE'
      else 'WRONG_SLOT' end,
    l.location_id, l.envelope_id, l.record_id, l.barcode, l.place, l.seal
  from listed l
  union all
  select null, case when f.is_in and f.listed_at is not null then 'WRONG_SLOT' else 'EXTRA' end, null, f.envelope, f.record, f.code, f.place, f.seal
  from found f
  where not exists (select from listed l where l.envelope_id = f.envelope or l.record_id = f.record)
    and not (coalesce(f.is_in, false) and f.place is not distinct from f.listed_at) $$;

-- C15, C41, C42, C55: the steps of a stocktake, each with what must be so before it.
create function stocktake_places_open(stocktake uuid) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*) from stocktake_places p where p.stocktake_id = stocktake and (p.first_counted_at is null or p.second_counted_at is null) $$;
create function stocktake_cases_open(stocktake uuid) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*) from discrepancies d join stocktake_lines l on l.id = d.stocktake_line_id
  where l.stocktake_id = stocktake and not (d.resolved_at is not null or d.state = 'CASE' and d.owner_id is not null and d.signed_at is not null) $$;
-- The checks are a later migration's table: plpgsql looks for it when it is asked.
create function stocktake_unchecked(stocktake uuid) returns bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$ begin
  return (select count(*) from stocktake_lines l join stocktakes t on t.id = l.stocktake_id
    where l.stocktake_id = stocktake and l.expectation = 'REGISTRY'
      and not exists (select from registry_checks k where k.record_id = l.record_id and k.checked_at >= t.as_of));
end $$;

create function tg_stocktakes_c15_step() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (old.state, new.state) not in (('OPEN', 'COUNTING'), ('COUNTING', 'COMPARED'), ('COMPARED', 'SIGNED')) then
    perform broken('tg_stocktakes_c15_step'); end if;
  if new.state = 'COUNTING' and not exists (select from stocktake_counts c where c.stocktake_id = new.id) then
    perform broken('tg_stocktakes_c15_step'); end if;
  if new.state = 'COMPARED' then
    if stocktake_places_open(new.id) > 0 then perform broken('tg_stocktakes_c41_counted'); end if;
    insert into stocktake_lines (org_id, stocktake_id, expectation, envelope_id, record_id, barcode, result, found_location_id, found_seal_no)
      select new.org_id, new.id, 'NOTHING', f.envelope_id, f.record_id, f.barcode, f.result, f.found_location_id, f.found_seal_no
      from stocktake_findings(new.id) f where f.line_id is null;
    update stocktake_lines l set result = f.result, found_location_id = f.found_location_id, found_seal_no = f.found_seal_no
      from stocktake_findings(new.id) f where f.line_id = l.id;
    update stocktake_places set closed_at = clock_timestamp(), frozen_until = least(frozen_until, clock_timestamp()) where stocktake_id = new.id;
  elsif new.state = 'SIGNED' then
    if stocktake_cases_open(new.id) > 0 then perform broken('tg_stocktakes_c42_cases'); end if;
    if stocktake_unchecked(new.id) > 0 then perform broken('tg_stocktakes_c55_registry'); end if;
  end if;
  return new;
end $$;
create trigger tg_stocktakes_c15_step before update of state on stocktakes
  for each row when (old.state <> new.state) execute function tg_stocktakes_c15_step();

-- C43: whatever differs is a discrepancy before the transaction of the comparison ends.
create function ct_stocktakes_c43_discrepancies() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from stocktake_lines l where l.stocktake_id = new.id and l.result in ('MISSING', 'EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN')
             and not exists (select from discrepancies d where d.kind = l.result and (d.stocktake_line_id = l.id
               or d.resolved_at is null and d.record_id in (select r.id from archive_records r where r.id = l.record_id or r.envelope_id = l.envelope_id))))
  then perform broken('ct_stocktakes_c43_discrepancies'); end if;
  return null;
end $$;
create constraint trigger ct_stocktakes_c43_discrepancies after update of state on stocktakes deferrable initially deferred
  for each row when (new.state = 'COMPARED') execute function ct_stocktakes_c43_discrepancies();

-- A discrepancy that a stocktake found is seen where it was found too, also when the record is another unit's.
create function tg_stocktake_discrepancies() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(coalesce((select visible_to from archive_records where id = new.record_id), '{}') || new.org_id);
  return new;
end $$;
create trigger tg_follow_stocktake before insert on discrepancies
  for each row when (new.stocktake_line_id is not null) execute function tg_stocktake_discrepancies();
create function lock_found(stocktake uuid) returns table (record_id uuid, chain_id uuid)
language sql volatile security definer set search_path = public, pg_temp as $$
  select r.id, coalesce(r.primary_loan_id, r.custody_org_id) from archive_records r
  where r.id in (select x.id from stocktake_findings(stocktake) f join archive_records x on x.id = f.record_id or x.envelope_id = f.envelope_id
                 where f.result in ('EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN'))
  order by r.id for update of r $$;

-- C17: nothing moves out of a place that is being counted, nor into it.
create or replace function frozen_kinds(record uuid) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select array(select case when d.item_id is null then d.kind else 'ITEM' end from discrepancies d
      where d.record_id = record and d.resolved_at is null
    union select 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
      join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = record
    union select 'COUNT' from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
      join stocktake_places p on p.location_id = coalesce(e.location_id, r.location_id) and p.closed_at is null
        and p.frozen_until > clock_timestamp() where r.id = record order by 1) $$;
create function place_is_counted(location uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from stocktake_places p where p.location_id = location and p.closed_at is null) $$;
create function has_open_discrepancy(record uuid, kind text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from discrepancies d where d.record_id = record and d.kind = has_open_discrepancy.kind
    and d.item_id is null and d.resolved_at is null) $$;
create function is_counted(location uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from stocktake_places p where p.location_id = location and p.closed_at is null and p.frozen_until > clock_timestamp()) $$;
create function is_being_counted(record uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$ select 'COUNT' = any (frozen_kinds(record)) $$;
create function tg_movements_c17_slot_counted() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if is_being_counted(new.record_id) then perform broken('tg_movements_c17_slot_counted'); end if;
  return new;
end $$;
create trigger tg_movements_c17_slot_counted before update of closed_at on movements
  for each row when (old.closed_at is null and new.closed_at is not null and new.entry_operation_id is not null)
  execute function tg_movements_c17_slot_counted();
create function tg_sealed_envelopes_c17_slot_counted() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if is_counted(new.location_id) or is_counted(old.location_id) then perform broken('tg_sealed_envelopes_c17_slot_counted'); end if;
  return new;
end $$;
create trigger tg_sealed_envelopes_c17_slot_counted before update of location_id on sealed_envelopes
  for each row when (old.location_id is distinct from new.location_id) execute function tg_sealed_envelopes_c17_slot_counted();

-- C41, the blindness: while a place is not counted by both, its expected content is hidden from the two, whatever they read.
create function blind_places() returns uuid[]
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(array_agg(p.location_id), '{}') from stocktakes t join stocktake_places p on p.stocktake_id = t.id
  where t.state in ('OPEN', 'COUNTING') and app_staff() in (t.first_counter_id, t.second_counter_id)
    and (p.first_counted_at is null or p.second_counted_at is null) $$;
create function blind_envelopes() returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare places uuid[] := blind_places(); begin
  if cardinality(places) = 0 then return '{}'; end if;
  return array(select e.id from sealed_envelopes e where e.location_id = any (places)
    union select l.envelope_id from stocktake_lines l where l.location_id = any (places) and l.result is null and l.envelope_id is not null);
end $$;
create function blind_records() returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare places uuid[] := blind_places(); begin
  if cardinality(places) = 0 then return '{}'; end if;
  return array(select r.id from archive_records r where r.location_id = any (places)
    union select r.id from archive_records r where r.envelope_id = any (blind_envelopes())
    union select l.record_id from stocktake_lines l where l.location_id = any (places) and l.result is null and l.record_id is not null);
end $$;
create policy blind on archive_records as restrictive for select to loanfile_app, loanfile_reader
  using (case when id = any ((select blind_records())::uuid[]) then false else true end);
create policy blind on sealed_envelopes as restrictive for select to loanfile_app, loanfile_reader
  using (case when id = any ((select blind_envelopes())::uuid[]) then false else true end);
create policy blind on seals as restrictive for select to loanfile_app, loanfile_reader
  using (case when envelope_id = any ((select blind_envelopes())::uuid[]) then false else true end);
do $$ declare name text; begin
  foreach name in array array['movements', 'file_items', 'discrepancies', 'scans', 'events', 'off_balance_entries', 'return_inspections', 'loss_cases'] loop
    execute format('create policy blind on %I as restrictive for select to loanfile_app, loanfile_reader
      using (case when record_id = any ((select blind_records())::uuid[]) then false else true end)', name);
  end loop;
end $$;
create policy blind on stocktake_lines as restrictive for select to loanfile_app, loanfile_reader
  using (case when result is null and location_id = any ((select blind_places())::uuid[]) then false else true end);
-- What one has counted is not the other's to see, nor anybody's, before the counts are compared.
create function stocktakes_compared(stocktake uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from stocktakes t where t.id = stocktake and t.state in ('COMPARED', 'SIGNED')) $$;
create policy blind on stocktake_counts as restrictive for select to loanfile_app, loanfile_reader
  using (case when counter_id = (select app_staff()) then true else stocktakes_compared(stocktake_id) end);

alter function search_hits(text, text[], int) rename to search_hits_of_all;
alter function search_hits(text, text[], int, boolean) rename to search_hits_of_all;
revoke execute on function search_hits_of_all(text, text[], int), search_hits_of_all(text, text[], int, boolean) from public;
create function search_hits(asked text, kinds text[], most int)
returns table (kind text, id uuid, shown text, place text, before text, matched text, after text)
language sql stable security definer set search_path = public, pg_temp as $$
  select h.* from search_hits_of_all(asked, kinds, most) h
  where h.id <> all ((select blind_records())::uuid[]) and h.id <> all ((select blind_envelopes())::uuid[]) $$;
create function search_hits(asked text, kinds text[], most int, wide boolean)
returns table (kind text, id uuid, shown text, place text, before text, matched text, after text)
language sql stable security definer set search_path = public, pg_temp as $$
  select h.* from search_hits_of_all(asked, kinds, most, wide) h
  where h.id <> all ((select blind_records())::uuid[]) and h.id <> all ((select blind_envelopes())::uuid[]) $$;
alter function look_up(text) rename to look_up_of_all;
revoke execute on function look_up_of_all(text) from public;
create function look_up(asked text) returns table (kind text, id uuid, place text, is_retired boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select h.* from look_up_of_all(asked) h
  where h.id <> all ((select blind_records())::uuid[]) and h.id <> all ((select blind_envelopes())::uuid[]) $$;

alter function search_hits(text, text[], int) owner to loanfile_search;
alter function search_hits(text, text[], int, boolean) owner to loanfile_search;
alter function look_up(text) owner to loanfile_judge;
do $$ declare name text; begin
  foreach name in array array['places_to_count(uuid)', 'stocktake_team(uuid, uuid[])', 'tg_stocktakes_c41_team()',
      'tg_stocktake_counts_c41_team()', 'stocktake_findings(uuid)', 'stocktake_places_open(uuid)', 'stocktake_cases_open(uuid)',
      'stocktake_unchecked(uuid)', 'ct_stocktakes_c43_discrepancies()', 'frozen_kinds(uuid)', 'is_counted(uuid)', 'is_being_counted(uuid)', 'place_is_counted(uuid)',
      'has_open_discrepancy(uuid, text)',
      'tg_movements_c17_slot_counted()', 'tg_sealed_envelopes_c17_slot_counted()', 'blind_places()', 'blind_envelopes()', 'blind_records()',
      'stocktakes_compared(uuid)'] loop
    execute format('alter function %s owner to loanfile_judge', name);
  end loop;
  foreach name in array array['tg_stocktakes_frame()', 'tg_stocktake_counts_advance()', 'tg_stocktakes_c15_step()',
      'tg_stocktake_discrepancies()', 'lock_found(uuid)'] loop
    execute format('alter function %s owner to loanfile_registrar', name);
  end loop;
end $$;
insert into acts (action, is_exit, is_entry, at_desk) values
  ('COMPARE_COUNTS', false, false, false),
  ('COUNT_MISSING', false, false, false),
  ('OPEN_STOCKTAKE', false, false, false),
  ('SIGN_STOCKTAKE', false, false, false),
  ('SUBMIT_COUNT', false, false, false);

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'IN_VAULT', 'COUNT_MISSING', 'MISSING', 'F14'),
  ('FIRST', 'RESERVED', 'COUNT_MISSING', 'MISSING', 'F14'),
  ('SECOND', 'ARCHIVED', 'COUNT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'CLOSED_VOLUME', 'COUNT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'DISPOSAL_APPROVED', 'COUNT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'COUNT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'FILED', 'COUNT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'RESERVED', 'COUNT_MISSING', 'MISSING', 'S11');
