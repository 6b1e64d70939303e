-- A loan file as it was: what holds from a day on, and what was known of it when.

-- Valid time: from which day a value or grade holds, as it is known now; what was known before stands in row_versions.
create table collateral_valuations (
  id uuid default uuidv7() not null,
  collateral_id uuid not null,
  during daterange not null,
  amount numeric(18, 2) not null,
  currency text default 'CNY' not null,
  recorded_by uuid,
  reason text,
  version bigint default 1 not null,
  created_at timestamptz default clock_timestamp() not null,
  updated_at timestamptz default clock_timestamp() not null,
  constraint pk_collateral_valuations primary key (id),
  constraint uq_collateral_valuations_during unique (collateral_id, during without overlaps),
  constraint fk_collateral_valuations_collateral_id foreign key (collateral_id) references collateral (id),
  constraint fk_collateral_valuations_recorded_by foreign key (recorded_by) references staff (id),
  constraint ck_collateral_valuations_amount check (amount >= 0),
  constraint ck_collateral_valuations_during check (not lower_inf(during))
);
create index ix_collateral_valuations_updated_at on collateral_valuations (updated_at);
comment on table collateral_valuations is 'What a collateral is worth from a day on, where that was told; before the first the column of the collateral tells.';
comment on column collateral_valuations.id is 'Opaque id, UUIDv7.';
comment on column collateral_valuations.collateral_id is 'The collateral.';
comment on column collateral_valuations.during is 'From the day of the valuation until the next.';
comment on column collateral_valuations.amount is 'Value.';
comment on column collateral_valuations.currency is 'ISO 4217 code of the amounts in the row.';
comment on column collateral_valuations.recorded_by is 'Who recorded it.';
comment on column collateral_valuations.reason is 'Why, in words.';
comment on column collateral_valuations.version is 'Rises with each change; kept by a trigger.';
comment on column collateral_valuations.created_at is 'When the row was made.';
comment on column collateral_valuations.updated_at is 'Last change; kept by a trigger.';

create table loan_classifications (
  id uuid default uuidv7() not null,
  loan_id uuid not null,
  during daterange not null,
  classification text not null,
  recorded_by uuid,
  reason text,
  version bigint default 1 not null,
  created_at timestamptz default clock_timestamp() not null,
  updated_at timestamptz default clock_timestamp() not null,
  constraint pk_loan_classifications primary key (id),
  constraint uq_loan_classifications_during unique (loan_id, during without overlaps),
  constraint fk_loan_classifications_loan_id foreign key (loan_id) references loans (id),
  constraint fk_loan_classifications_recorded_by foreign key (recorded_by) references staff (id),
  constraint ck_loan_classifications_classification
    check (classification in ('PASS', 'SPECIAL_MENTION', 'SUBSTANDARD', 'DOUBTFUL', 'LOSS')),
  constraint ck_loan_classifications_during check (not lower_inf(during))
);
create index ix_loan_classifications_updated_at on loan_classifications (updated_at);
comment on table loan_classifications is 'The grade of a loan from a day on, where that was told; before the first the column of the loan tells.';
comment on column loan_classifications.id is 'Opaque id, UUIDv7.';
comment on column loan_classifications.loan_id is 'The loan.';
comment on column loan_classifications.during is 'From the day on which the grade holds until the next.';
comment on column loan_classifications.classification is 'Five-grade classification.';
comment on column loan_classifications.recorded_by is 'Who recorded it.';
comment on column loan_classifications.reason is 'Why, in words.';
comment on column loan_classifications.version is 'Rises with each change; kept by a trigger.';
comment on column loan_classifications.created_at is 'When the row was made.';
comment on column loan_classifications.updated_at is 'Last change; kept by a trigger.';

do $$ declare name text; begin
  foreach name in array array['collateral_valuations', 'loan_classifications'] loop
    execute format('create trigger tg_touch before update on %I for each row execute function tg_touch()', name);
    execute format('create trigger tg_row_version after insert or update or delete on %I for each row execute function tg_row_version()', name);
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
    execute format('grant select on %I to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar', name);
    execute format('grant insert, update on %I to loanfile_registrar', name);
  end loop;
end $$;
create policy branch on collateral_valuations using (exists (select from collateral p where p.id = collateral_id));
create policy branch on loan_classifications using (exists (select from loans p where p.id = loan_id));
grant update (value_amount, valued_on, currency) on collateral to loanfile_registrar;
grant update (classification) on loans to loanfile_registrar;

create function bank_day(instant timestamptz) returns date language sql stable as $$ select (instant at time zone 'Asia/Shanghai')::date $$;

-- What is told holds from its day until the next day of which something was told; the column holds what holds today.
create function value_collateral(asset uuid, worth numeric, in_currency text, from_day date, why text) returns uuid
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare old collateral_valuations; until date; made uuid; today date := bank_day(clock_timestamp()); begin
  perform from collateral c where c.id = asset and (app_everywhere() or c.org_id = any (app_branches())) for update;
  if not found then return null; end if;
  if from_day > today then perform broken('valid_from_ahead'); end if;
  select * into old from collateral_valuations v where v.collateral_id = asset and v.during @> from_day;
  if lower(old.during) = from_day then
    update collateral_valuations set amount = worth, currency = in_currency, recorded_by = app_staff(), reason = why where id = old.id;
    made := old.id; until := upper(old.during);
  else
    select min(lower(v.during)) into until from collateral_valuations v where v.collateral_id = asset and lower(v.during) > from_day;
    update collateral_valuations set during = daterange(lower(during), from_day) where id = old.id;
    insert into collateral_valuations (collateral_id, during, amount, currency, recorded_by, reason)
    values (asset, daterange(from_day, until), worth, in_currency, app_staff(), why) returning id into made;
  end if;
  if until is null then
    update collateral set value_amount = worth, currency = in_currency, valued_on = from_day
    where id = asset and (value_amount, currency, valued_on) is distinct from (worth, in_currency, from_day);
  end if;
  return made;
end $$;

create function classify_loan(loan uuid, grade text, from_day date, why text) returns uuid
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare old loan_classifications; until date; made uuid; today date := bank_day(clock_timestamp()); begin
  perform from loans l where l.id = loan and (app_everywhere() or l.org_id = any (app_branches())) for update;
  if not found then return null; end if;
  if from_day > today then perform broken('valid_from_ahead'); end if;
  select * into old from loan_classifications v where v.loan_id = loan and v.during @> from_day;
  if lower(old.during) = from_day then
    update loan_classifications set classification = grade, recorded_by = app_staff(), reason = why where id = old.id;
    made := old.id; until := upper(old.during);
  else
    select min(lower(v.during)) into until from loan_classifications v where v.loan_id = loan and lower(v.during) > from_day;
    update loan_classifications set during = daterange(lower(during), from_day) where id = old.id;
    insert into loan_classifications (loan_id, during, classification, recorded_by, reason)
    values (loan, daterange(from_day, until), grade, app_staff(), why) returning id into made;
  end if;
  if until is null then
    update loans set classification = grade where id = loan and classification <> grade;
  end if;
  return made;
end $$;

-- Whoever changes the grade of a loan otherwise, an import, changes it from today on.
create function tg_loans_classified() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare old_one loan_classifications; today date := bank_day(clock_timestamp()); begin
  select * into old_one from loan_classifications v where v.loan_id = new.id and v.during @> today;
  if old_one.classification = new.classification then return null; end if;
  if lower(old_one.during) = today then
    update loan_classifications set classification = new.classification, recorded_by = app_staff(), reason = null where id = old_one.id;
  else
    update loan_classifications set during = daterange(lower(during), today) where id = old_one.id;
    insert into loan_classifications (loan_id, during, classification, recorded_by)
    values (new.id, daterange(today, null), new.classification, app_staff());
  end if;
  return null;
end $$;
create trigger tg_loans_classified after update of classification on loans
  for each row when (old.classification is distinct from new.classification) execute function tg_loans_classified();

do $$ declare name text; begin
  foreach name in array array['value_collateral(uuid, numeric, text, date, text)', 'classify_loan(uuid, text, date, text)',
                              'tg_loans_classified()'] loop
    execute format('alter function %s owner to loanfile_registrar', name);
    execute format('revoke execute on function %s from public', name);
  end loop;
end $$;
grant execute on function value_collateral(uuid, numeric, text, date, text), classify_loan(uuid, text, date, text) to loanfile_app;

-- What a row belongs to, so that all rows that ever belonged to a thing are found: it stands in an index of row_versions.
create function row_parent(of text, content jsonb) returns uuid language sql immutable parallel safe as $$
  select (case
    when of in ('loan_positions', 'loan_contracts', 'loan_collateral', 'loan_classifications') then content->>'loan_id'
    when of in ('collateral_certificates', 'collateral_valuations') then content->>'collateral_id'
    when of = 'archive_records' then content->>'primary_loan_id'
    when of in ('file_items', 'movements', 'scans', 'request_lines') then content->>'record_id'
    when of = 'approvals' then content->>'request_id'
    when of = 'holds' then coalesce(content->>'record_id', content->>'loan_id', content->>'collateral_id', content->>'party_id', content->>'dealer_id')
  end)::uuid $$;

-- Rows of a table that belonged to one of these in any version.
create function ever_of(of text, parents uuid[]) returns uuid[]
language sql stable set search_path = public, pg_temp as $$
  select coalesce(array_agg(distinct v.row_id), '{}') from unnest(parents) p, lateral (
    select row_id from row_versions x where row_parent(x.table_name, x.content) = p and x.table_name = of) v $$;

-- Every value that a column ever had in these rows.
create function ever_had(of text, rows uuid[], wanted text) returns uuid[]
language sql stable set search_path = public, pg_temp as $$
  select coalesce(array_agg(distinct (v.content->>wanted)::uuid) filter (where v.content->>wanted is not null), '{}')
  from row_versions v where v.table_name = of and v.row_id = any (rows) $$;

-- What stands in a column that a later migration added is its default, where that is a constant.
create function constants_of(of text) returns jsonb language plpgsql stable set search_path = public, pg_temp as $$
declare parts text; made jsonb; begin
  select string_agg(format('%L, %s', a.attname, pg_get_expr(d.adbin, d.adrelid)), ', ') into parts
  from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = of::regclass and a.attnotnull and not a.attisdropped and pg_get_expr(d.adbin, d.adrelid) !~ '\(';
  if parts is null then return '{}'; end if;
  execute 'select jsonb_build_object(' || parts || ')' into made;
  return made;
end $$;

-- What was mistyped counts as put right from the first, for whoever knows of the correction (C48).
create function put_right(row_id uuid, content jsonb, recorded timestamptz, known_at timestamptz) returns jsonb
language plpgsql stable set search_path = public, pg_temp as $$
declare c record; made jsonb := content; begin
  for c in
    select case x.field when 'registrationNo' then 'registration_no' when 'issuedOn' then 'issued_on' when 'signedOn' then 'signed_on'
             else x.field end as name, x.old_value, x.new_value
    from corrections x, lateral (
      select min(v.recorded_at) as moment from row_versions v
      where v.table_name = 'operations' and v.row_id = x.operation_id and v.content->>'state' = 'DONE') done
    where x.subject_id = put_right.row_id and x.subject_kind <> 'EVENT' and done.moment > recorded and done.moment <= known_at
    order by done.moment, x.id loop
    if made->>c.name is not distinct from c.old_value then made := made || jsonb_build_object(c.name, c.new_value); end if;
  end loop;
  return made;
end $$;

-- The units that a row is told to; null for what goes with the loan.
create function units_of(of text, content jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when content ? 'visible_to' then content->'visible_to'
              when of in ('contracts', 'customers') then jsonb_build_array(content->>'org_id') end $$;

-- Rows as they stood, as far as it is known; a row of several units is told to one that saw it then, or sees it now.
-- The newest by number, for a clock may be set back; `+ 0` because the index of numbers would be read from its end until the row is met.
create function rows_at(of text, ids uuid[], moment timestamptz, known_at timestamptz) returns jsonb
language sql stable set search_path = public, pg_temp as $$
  select coalesce(jsonb_agg(
    d.made || case when of in ('archive_records', 'file_items', 'collateral_certificates', 'contracts')
                   then put_right(i.id, v.content, v.recorded_at, known_at) else v.content end order by i.id), '[]')
  from (select constants_of(of) as made) d, (select distinct unnest(ids) as id) i,
  lateral (select x.content, x.operation, x.recorded_at from row_versions x
           where x.table_name = of and x.row_id = i.id and x.recorded_at <= moment order by x.id + 0 desc limit 1) v
  where v.operation <> 'D' and (app_everywhere() or units_of(of, v.content) is null
    or units_of(of, v.content) ?| (app_branches())::text[]
    or (select units_of(of, x.content) from row_versions x where x.table_name = of and x.row_id = i.id order by x.id + 0 desc limit 1)
       ?| (app_branches())::text[]) $$;

create function json_members(rows jsonb, variadic names text[]) returns uuid[] language sql immutable as $$
  select coalesce(array_agg(distinct (r->>n)::uuid) filter (where r->>n is not null), '{}') from jsonb_array_elements(rows) r, unnest(names) n $$;

create function json_without(rows jsonb, name text, hidden uuid[]) returns jsonb language sql immutable as $$
  select case when cardinality(hidden) = 0 then rows else (
    select coalesce(jsonb_agg(r), '[]') from jsonb_array_elements(rows) r where ((r->>name)::uuid = any (hidden)) is not true) end $$;

-- What holds on a day, put into rows: `during` of what was told decides, `theirs` names the row.
create function json_valid(rows jsonb, told jsonb, theirs text, day date, columns jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_agg(r || coalesce((
    select (select jsonb_object_agg(c.key, case c.value when 'from' then to_jsonb(lower((t->>'during')::daterange)) else t->c.value end)
            from jsonb_each_text(columns) c)
    from jsonb_array_elements(told) t where t->>theirs = r->>'id' and (t->>'during')::daterange @> day), '{}')), '[]')
  from jsonb_array_elements(rows) r $$;

-- Since when there is something to tell of the file; null for what the caller does not see.
create function loan_file_since(loan uuid) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
  select min(v.recorded_at) from row_versions v where v.table_name = 'loans' and v.row_id = loan
    and exists (select from loans l where l.id = loan and (app_everywhere() or l.org_id = any (app_branches()))) $$;

-- The loan file at `as_of`, as far as it was known at `known_at`: rows by table, as JSON. What is closed of personal data never leaves.
-- `holdings` are the movements by which a paper was with somebody then: their instants are valid time, like those of positions.
create function loan_file(loan uuid, as_of timestamptz, known_at timestamptz) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  moment constant timestamptz := least(as_of, known_at);
  day constant date := bank_day(as_of);
  unseen constant uuid[] := blind_records();
  it constant uuid[] := array[loan];
  assets uuid[]; papers uuid[]; moves uuid[]; requests uuid[]; borrowers uuid[]; dealers uuid[];
  found jsonb; loans_ jsonb; assets_ jsonb; papers_ jsonb; holdings_ jsonb; envelopes_ jsonb; requests_ jsonb; approvals_ jsonb; scans_ jsonb;
  people_ jsonb; begin
  if not exists (select from loans l where l.id = loan and (app_everywhere() or l.org_id = any (app_branches()))) then return null; end if;
  papers := ever_of('archive_records', it);
  assets := ever_had('loan_collateral', ever_of('loan_collateral', it), 'collateral_id') || ever_had('archive_records', papers, 'collateral_id');
  moves := ever_of('movements', papers);
  requests := ever_had('request_lines', ever_of('request_lines', papers), 'request_id');
  borrowers := ever_had('loans', it, 'customer_id');
  dealers := ever_had('loans', it, 'dealer_id');

  loans_ := json_valid(rows_at('loans', it, moment, known_at),
    rows_at('loan_classifications', ever_of('loan_classifications', it), known_at, known_at),
    'loan_id', day, '{"classification": "classification"}');
  assets_ := json_valid(rows_at('collateral', assets, moment, known_at),
    rows_at('collateral_valuations', ever_of('collateral_valuations', assets), known_at, known_at),
    'collateral_id', day, '{"value_amount": "amount", "currency": "currency", "valued_on": "from"}');
  papers_ := json_without(rows_at('archive_records', papers, moment, known_at), 'id', unseen);
  select coalesce(jsonb_agg(m), '[]') into holdings_
    from jsonb_array_elements(json_without(rows_at('movements', moves, known_at, known_at), 'record_id', unseen)) m
    where (m->>'out_at')::timestamptz <= as_of
      and coalesce((m->>'returned_at')::timestamptz, (m->>'closed_at')::timestamptz, 'infinity') > as_of;
  envelopes_ := json_without(rows_at('sealed_envelopes', ever_had('archive_records', papers, 'envelope_id'), moment, known_at), 'id', blind_envelopes());
  requests_ := json_without(rows_at('access_requests', requests, moment, known_at), 'id', blind_requests());
  approvals_ := json_without(rows_at('approvals', ever_of('approvals', requests), moment, known_at), 'request_id', blind_requests());
  scans_ := json_without(rows_at('scans', ever_of('scans', papers), moment, known_at), 'record_id', unseen);
  found := jsonb_build_object(
    'loans', loans_, 'collateral', assets_, 'archive_records', papers_, 'holdings', holdings_, 'sealed_envelopes', envelopes_,
    'access_requests', requests_, 'approvals', approvals_, 'scans', scans_,
    'loan_positions', (select coalesce(jsonb_agg(p), '[]') from jsonb_array_elements(
      rows_at('loan_positions', ever_of('loan_positions', it), known_at, known_at)) p where (p->>'as_of')::timestamptz <= as_of),
    'loan_contracts', rows_at('loan_contracts', ever_of('loan_contracts', it), moment, known_at),
    'contracts', rows_at('contracts', ever_had('loan_contracts', ever_of('loan_contracts', it), 'contract_id'), moment, known_at),
    'loan_collateral', rows_at('loan_collateral', ever_of('loan_collateral', it), moment, known_at),
    'collateral_certificates', rows_at('collateral_certificates', ever_of('collateral_certificates', assets)
      || ever_had('archive_records', papers, 'certificate_id'), moment, known_at),
    'file_items', json_without(rows_at('file_items', ever_of('file_items', papers), moment, known_at), 'record_id', unseen),
    'movements', json_without(rows_at('movements', moves, moment, known_at), 'record_id', unseen),
    'request_lines', json_without(rows_at('request_lines', ever_of('request_lines', papers), moment, known_at), 'record_id', unseen),
    'holds', json_without(rows_at('holds', ever_of('holds', papers || assets || it || dealers || ever_had('customers', borrowers, 'party_id')),
      moment, known_at), 'record_id', unseen),
    'dealers', rows_at('dealers', dealers, moment, known_at),
    'loan_products', rows_at('loan_products', ever_had('loans', it, 'product_id'), moment, known_at));
  -- The borrower goes with the loan, also as the branch knew them that had it before; an owner is told to whoever sees the row.
  select coalesce(jsonb_agg(distinct c - '{identity_index,identity_cipher,phone_index,phone_cipher,address_cipher}'::text[]), '[]') into people_
    from (select jsonb_array_elements(rows_at('customers', json_members(assets_, 'owner_id'), moment, known_at))
          union all select constants_of('customers') || x.content from unnest(borrowers) b, lateral (select v.content from row_versions v
            where v.table_name = 'customers' and v.row_id = b and v.recorded_at <= moment order by v.id + 0 desc limit 1) x) c (c);
  return found || jsonb_build_object(
    'customers', people_,
    'staff', rows_at('staff', json_members(loans_, 'manager_id') || json_members(papers_, 'custodian_id')
      || json_members(found->'movements', 'holder_id') || json_members(holdings_, 'holder_id')
      || json_members(requests_, 'applicant_id', 'reader_id') || json_members(approvals_, 'approver_id') || json_members(scans_, 'uploaded_by'),
      moment, known_at),
    'org_units', rows_at('org_units', json_members(loans_, 'org_id') || json_members(papers_, 'custody_org_id')
      || json_members(assets_, 'org_id') || json_members(requests_, 'org_id'), moment, known_at),
    'storage_locations', rows_at('storage_locations', json_members(papers_, 'location_id', 'vault_id')
      || json_members(envelopes_, 'location_id'), moment, known_at));
end $$;

-- Ids go in, rows of every branch come out: only what asks first whose the loan is may call the others.
do $$ declare name text; begin
  foreach name in array array['ever_of(text, uuid[])', 'ever_had(text, uuid[], text)', 'constants_of(text)',
      'put_right(uuid, jsonb, timestamptz, timestamptz)', 'rows_at(text, uuid[], timestamptz, timestamptz)',
      'loan_file_since(uuid)', 'loan_file(uuid, timestamptz, timestamptz)'] loop
    execute format('alter function %s owner to loanfile_judge', name);
    execute format('revoke execute on function %s from public', name);
  end loop;
end $$;
grant execute on function loan_file_since(uuid), loan_file(uuid, timestamptz, timestamptz) to loanfile_app, loanfile_reader;
