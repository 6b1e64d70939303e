-- Search over names and numbers, and every code that was ever printed on a label.
do $$ begin
  if not exists (select from pg_roles where rolname = 'loanfile_search') or not has_schema_privilege('loanfile_search', 'public', 'create') then
    raise exception 'loanfile_search may not own functions yet: run storage/embedded/roles.sql as an administrator first';
  end if;
end $$;

-- What people type and what stands on paper, made alike: full width to half, capitals, no brackets, blanks or points.
create function search_plain(shown text) returns text language sql immutable strict parallel safe
  return regexp_replace(upper(normalize(shown, NFKC) collate "C"), '[\s!-/:-@\[-`{-~·、。〈〉《》「」『』【】〔〕〖〗“”‘’…—～№]+', '', 'g');
-- The same without the zeros that lead a number.
create function search_bare(plain text) returns text language sql immutable strict parallel safe
  return regexp_replace(plain, '(^|[^0-9])0+(?=[0-9])', '\1', 'g');
-- What is looked for: three digits or letters at a time, since two stand in every tenth number; of all else, pairs.
create function search_grams(plain text) returns text[] language sql immutable strict parallel safe
  return array(select case when three then substr(plain, n, 3) else substr(plain, n, 2) end
    from generate_series(1, length(plain) - 1) n, lateral (select substr(plain, n, 3) collate "C" ~ '^[0-9A-Z]{3}$' as three) t
    where three or n = 1 or substr(plain, n - 1, 3) collate "C" !~ '^[0-9A-Z]{3}$');
-- A pair of characters of one kind of thing in one unit, as one number: so one index answers for the unit alone.
create function search_seed(org uuid, kind text) returns bigint language sql immutable strict parallel safe
  return hashtextextended(kind collate "C", uuid_hash_extended(org, 0));
-- PL/pgSQL, since it runs for each row that is written: 4 µs against 35 as SQL.
create function search_tokens(org uuid, kind text, shown text) returns bigint[] language plpgsql immutable strict parallel safe as $$
declare plain text := search_plain(shown); bare text := search_bare(plain); seed bigint := search_seed(org, kind); made bigint[] := '{}'; begin
  foreach plain in array case when bare = plain then array[plain] else array[plain, bare] end loop
    for n in 1 .. length(plain) - 1 loop
      made := made || hashtextextended(substr(plain, n, 2) collate "C", seed);
      if substr(plain, n, 3) collate "C" ~ '^[0-9A-Z]{3}$' then
        made := made || hashtextextended(substr(plain, n, 3) collate "C", seed);
      end if;
    end loop;
  end loop;
  return made;
end $$;

create table search_terms (
  subject_id uuid not null,
  org_id uuid not null,
  kind text not null,
  shown text not null,
  plain text collate "C" generated always as (search_plain(shown)) stored not null,
  bare text collate "C" generated always as (search_bare(search_plain(shown))) stored not null,
  tokens bigint[] generated always as (search_tokens(org_id, kind, shown)) stored not null,
  constraint pk_search_terms primary key (subject_id, org_id, shown)
);
create index ix_search_terms_plain on search_terms (org_id, kind, plain);
create index ix_search_terms_tokens on search_terms using gin (tokens) with (gin_pending_list_limit = 512);
comment on table search_terms is 'What search finds: one row for each text of a thing and each unit that may see it; kept by triggers.';
comment on column search_terms.subject_id is 'The thing.';
comment on column search_terms.org_id is 'A unit that may see it.';
comment on column search_terms.kind is 'Prefix of its global id.';
comment on column search_terms.shown is 'The text as it stands on the thing.';
comment on column search_terms.plain is 'The text as it is compared.';
comment on column search_terms.bare is 'The same without leading zeros.';
comment on column search_terms.tokens is 'Its pairs of characters and its runs of three digits or letters, hashed with unit and kind.';

create table barcodes (
  code text not null,
  kind text not null,
  subject_id uuid not null,
  issued_at timestamptz not null default clock_timestamp(),
  retired_at timestamptz,
  constraint pk_barcodes primary key (code),
  constraint ck_barcodes_kind check (kind in ('PAPER', 'VOLUME', 'ENVELOPE')),
  constraint ck_barcodes_period check (retired_at >= issued_at)
);
create index ix_barcodes_subject_id on barcodes (subject_id);
comment on table barcodes is 'Every label that was ever printed, the retired ones too: none is used twice.';
comment on column barcodes.code is 'Prefix of the kind, number, check character (ISO 7064 MOD 37,36).';
comment on column barcodes.kind is 'What it was printed for.';
comment on column barcodes.subject_id is 'The paper, volume or envelope.';
comment on column barcodes.issued_at is 'When it was put on.';
comment on column barcodes.retired_at is 'When another label took its place.';
create sequence barcode_numbers start 10000001;
grant usage on sequence barcode_numbers to loanfile_app;

-- ISO 7064 MOD 37,36 over digits and capitals: with one character wrong it is never a code.
create function is_well_read(code text) returns boolean language plpgsql immutable strict parallel safe as $$
declare alphabet constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'; sum int := 18; value int; begin
  if code !~ '^[0-9A-Z]{2,}$' then return false; end if;
  foreach value in array array(select strpos(alphabet, c) - 1 from unnest(string_to_array(code, null)) c) loop
    sum := (case sum when 0 then 36 else sum end * 2 % 37 + value) % 36;
  end loop;
  return sum = 1;
end $$;

create function tg_barcodes_issue() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare kind text; begin
  kind := case when tg_table_name = 'sealed_envelopes' then 'ENVELOPE' when to_jsonb(new)->>'tier' = 'FIRST' then 'PAPER' else 'VOLUME' end;
  if left(new.barcode, 1) <> left(kind, 1) or not is_well_read(new.barcode) then
    raise exception 'label % is not one of a %', new.barcode, lower(kind) using errcode = 'check_violation', constraint = 'tg_barcodes_issue';
  end if;
  if tg_op = 'UPDATE' then update barcodes set retired_at = clock_timestamp() where code = old.barcode and retired_at is null; end if;
  insert into barcodes (code, kind, subject_id) values (new.barcode, kind, new.id);
  return null;
end $$;
grant select, insert, update (retired_at) on barcodes to loanfile_registrar;
alter function tg_barcodes_issue() owner to loanfile_registrar;
do $$ declare name text; begin
  foreach name in array array['archive_records', 'sealed_envelopes'] loop
    execute format('create trigger tg_barcodes_issue after insert on %I for each row execute function tg_barcodes_issue()', name);
    execute format('create trigger tg_barcodes_reissue after update of barcode on %I for each row when (old.barcode <> new.barcode)
      execute function tg_barcodes_issue()', name);
  end loop;
end $$;

-- The terms follow their rows. Arguments of the triggers: kind, column of the units, columns of the texts.
create function search_insertion(kind text, units text, texts text, source text) returns text language sql immutable as $$
  select format('insert into search_terms (subject_id, org_id, kind, shown) select distinct f.id, org, %L, t
    from %s f cross join unnest(%s) org cross join unnest(array[%s]) t where search_plain(t) <> '''' on conflict do nothing',
    kind, source, case units when 'org_id' then 'array[f.org_id]' else 'f.' || units end,
    (select string_agg('f.' || c, ', ') from unnest(string_to_array(texts, ' ')) c)) $$;
create function tg_search_insert() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$ begin
  execute search_insertion(tg_argv[0], tg_argv[1], tg_argv[2], 'fresh');
  return null;
end $$;
create function tg_search_update() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$ begin
  delete from search_terms where subject_id = new.id;
  execute search_insertion(tg_argv[0], tg_argv[1], tg_argv[2], '(select ($1).*)') using new;
  return null;
end $$;
do $$ declare s record; told text; begin
  for s in select * from (values
    ('customers', 'customer', 'org_id', 'name'), ('loans', 'loan', 'org_id', 'number'), ('contracts', 'contract', 'org_id', 'number'),
    ('collateral', 'collateral', 'visible_to', 'vin engine_no plate_no'), ('collateral_certificates', 'certificate', 'visible_to', 'number'),
    ('archive_records', 'record', 'visible_to', 'archive_no barcode'), ('sealed_envelopes', 'envelope', 'visible_to', 'barcode seal_no'),
    ('scans', 'scan', 'visible_to', 'title')) s (name, kind, units, texts) loop
    told := format('(%L, %L, %L)', s.kind, s.units, s.texts);
    execute format('create trigger tg_search_insert after insert on %I referencing new table as fresh for each statement
      execute function tg_search_insert%s', s.name, told);
    execute format('create trigger tg_search_update after update of %s, %s on %I for each row when ((%s) is distinct from (%s))
      execute function tg_search_update%s', s.units, replace(s.texts, ' ', ', '), s.name,
      'old.' || replace(s.units || ' ' || s.texts, ' ', ', old.'), 'new.' || replace(s.units || ' ' || s.texts, ' ', ', new.'), told);
  end loop;
end $$;
-- Everything that is missing, from the arguments of the triggers; run once here, and after a load that went around them.
-- Labels of before keep their form: what is on paper is not made wrong by a rule of today.
create function index_everything() returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare t record; total bigint := 0; made bigint; begin
  for t in select tgrelid::regclass as source, string_to_array(encode(tgargs, 'escape'), '\000') as told
           from pg_trigger where tgfoid = 'tg_search_insert'::regproc loop
    execute search_insertion(t.told[1], t.told[2], t.told[3], t.source::text);
    get diagnostics made = row_count;
    total := total + made;
  end loop;
  insert into barcodes (code, kind, subject_id, issued_at)
    select e.barcode, 'ENVELOPE', e.id, e.created_at from sealed_envelopes e
    union all select r.barcode, case r.tier when 'FIRST' then 'PAPER' else 'VOLUME' end, r.id, r.created_at from archive_records r
    on conflict do nothing;
  return total;
end $$;
revoke all on function index_everything() from public;
grant insert on search_terms, barcodes to loanfile_judge;

-- The pattern that finds, in a text as it is shown, what was asked for in any form.
create function search_pattern(bare text) returns text language sql immutable strict parallel safe as $$
  select string_agg(case when c ~ '[0-9]' and prior !~ '[0-9]' then '[0０]*' else '' end
    || case when c ~ '[0-9A-Z]' then '[' || c || lower(c) || chr(ascii(c) + 65248) || chr(ascii(lower(c)) + 65248) || ']' else c end,
    '[\s!-/:-@\[-`{-~·、。〈〉《》「」『』【】〔〕〖〗“”‘’…—～№（），．：；！？－／]*' order by n)
  from (select n, substr(bare, n, 1) as c, substr(' ' || bare, n, 1) as prior from generate_series(1, length(bare)) n) chars $$;

-- Hits of the caller's own units, whatever is asked: exact and prefix by the tree, two characters or more anywhere by the pairs.
create function search_hits(asked text, kinds text[], most int)
returns table (kind text, id uuid, shown text, place text, before text, matched text, after text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  enough int := 3 * most;  -- a thing has at most three texts
  q text := search_plain(left(asked, 200)); b text := search_bare(q); pattern text := search_pattern(b);
  units uuid[] := case when app_everywhere() then (select array_agg(o.id order by o.id) from org_units o) else app_branches() end;
begin
  return query
  with tree as materialized (
    select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.org_id = u.org and t.kind = k.kind and t.plain >= q and t.plain < q || chr(1114111) order by t.plain limit enough) h
      order by h.plain limit enough) h
    where q <> ''),
  pairs as materialized (
    select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(search_grams(q)) g)
          and strpos(t.plain, q) > 0 limit enough) h
      limit enough) h
    where length(q) > 1 and (select count(*) from tree) < most),
  bares as materialized (
    select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(search_grams(b)) g)
          and case when q like '0%' then t.bare ~ ('(^|[^0-9])' || b) else strpos(t.bare, b) > 0 end limit enough) h
      limit enough) h
    where length(b) > 1 and q ~ '[0-9]' and (select count(*) from tree) + (select count(*) from pairs) < most),
  every as (
    select distinct on (a.rank, a.subject_id) a.*,
      case when a.plain = q or a.bare = b then 1 when starts_with(a.plain, q) or starts_with(a.bare, b) then 2 else 3 end as tier
    from (table tree union all table pairs union all table bares) a
    order by a.rank, a.subject_id, a.plain = q or a.bare = b desc, starts_with(a.plain, q) desc, a.shown),
  best as (
    select e.*, row_number() over (partition by e.tier, e.rank order by length(e.plain), e.plain, e.subject_id) as turn from every e
    order by e.tier, turn, e.rank limit most)
  select w.kind, w.subject_id, w.shown, (array['EXACT', 'PREFIX', 'CONTAINS'])[w.tier], left(w.shown, w.start - 1),
    substr(w.shown, w.start, w.stop - w.start), substr(w.shown, w.stop)
  from (select s.*, greatest(regexp_instr(s.shown, pattern), 1) as start, greatest(regexp_instr(s.shown, pattern, 1, 1, 1), 1) as stop
        from best s) w
  order by w.tier, w.turn, w.rank;
end $$;

-- Whatever a scanner or a person reads from a paper: labels (the retired ones too) and the numbers that are printed on it.
create function look_up(asked text) returns table (kind text, id uuid, place text, is_retired boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select f.kind, f.id, f.place, f.is_retired from (
    select 'record' as kind, r.id, 'BARCODE' as place, c.retired_at is not null as is_retired, r.visible_to as units
      from barcodes c join archive_records r on r.id = c.subject_id where c.code = upper(asked)
    union all select 'envelope', e.id, 'BARCODE', c.retired_at is not null, e.visible_to
      from barcodes c join sealed_envelopes e on e.id = c.subject_id where c.code = upper(asked)
    union all select 'envelope', e.id, 'SEAL', s.broken_at is not null, e.visible_to
      from seals s join sealed_envelopes e on e.id = s.envelope_id where s.seal_no = asked
    union all select 'record', r.id, 'ARCHIVE_NO', false, r.visible_to from archive_records r where r.archive_no = asked
    union all select 'certificate', c.id, 'CERTIFICATE_NO', not c.is_live, c.visible_to from collateral_certificates c where c.number = asked
    union all select 'collateral', c.id, 'VIN', false, c.visible_to from collateral c where c.vin = upper(asked)
    union all select 'loan', l.id, 'LOAN_NO', false, array[l.org_id] from loans l where l.number = asked
    union all select 'contract', c.id, 'CONTRACT_NO', false, array[c.org_id] from contracts c where c.number = asked) f
  where app_everywhere() or f.units && app_branches() order by f.is_retired, f.place, f.id limit 100 $$;

alter table search_terms enable row level security;
alter table search_terms force row level security;
create policy search_keeps_all on search_terms to loanfile_search using (true) with check (true);
create policy judge_fills on search_terms for insert to loanfile_judge with check (true);
grant select, insert, delete on search_terms to loanfile_search;
grant select on org_units to loanfile_search;
alter function tg_search_insert() owner to loanfile_search;
alter function tg_search_update() owner to loanfile_search;
alter function search_hits(text, text[], int) owner to loanfile_search;
grant select on barcodes to loanfile_judge;
alter function look_up(text) owner to loanfile_judge;
alter function index_everything() owner to loanfile_judge;
revoke all on search_terms, barcodes from loanfile_app, loanfile_reader;
