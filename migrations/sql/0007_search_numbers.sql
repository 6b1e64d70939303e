-- Search for those who see much: one posting list for a kind, whatever the unit, so that a search reads 8 of them and not 8 a unit.
-- Names are qualified in what an index or a generated column calls: a restored dump and CREATE INDEX have no search path.
create or replace function search_tokens(org uuid, kind text, shown text) returns bigint[] language plpgsql immutable strict parallel safe as $$
declare
  plain text := public.search_plain(shown); bare text := public.search_bare(plain);
  seed bigint := public.search_seed(org, kind); made bigint[] := '{}';
begin
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

-- Three and four digits or letters at a time, and the pairs that are not of digits and letters alone: each is rare in a whole bank.
create or replace function search_wide(kind text, plain text, bare text) returns bigint[] language plpgsql immutable strict parallel safe as $$
declare seed bigint := hashtextextended(kind collate "C", 0); made bigint[] := '{}'; begin
  foreach plain in array case when bare = plain then array[plain] else array[plain, bare] end loop
    for n in 1 .. length(plain) - 1 loop
      if substr(plain, n, 3) collate "C" ~ '^[0-9A-Z]{3}' then
        made := made || hashtextextended(substr(plain, n, 3) collate "C", seed);
        if substr(plain, n, 4) collate "C" ~ '^[0-9A-Z]{4}' then
          made := made || hashtextextended(substr(plain, n, 4) collate "C", seed);
        end if;
      elsif substr(plain, n, 2) collate "C" !~ '^[0-9A-Z]{2}' then
        made := made || hashtextextended(substr(plain, n, 2) collate "C", seed);
      end if;
    end loop;
  end loop;
  return made;
end $$;

-- What is looked for among them: fours that together cover each run, best where it has no two zeros, which stand in every number;
-- a run of three; all other pairs. Nothing when there is a run of two alone.
create or replace function search_wide_grams(plain text) returns text[] language sql immutable strict parallel safe
  return case when plain collate "C" ~ '(^|[^0-9A-Z])[0-9A-Z]{2}([^0-9A-Z]|$)' then '{}' else array(
    select substr(r[1], least(n, greatest(1, length(r[1]) - 3)), 4)
      from (select regexp_replace(plain, '00+', '0 0', 'g') as apart) a,
        regexp_matches(case when apart collate "C" ~ '[0-9A-Z]{4}' then apart else plain end collate "C", '[0-9A-Z]{3,}', 'g') r,
        generate_series(1, length(r[1]), 4) n
    union select substr(plain, n, 2) from generate_series(1, length(plain) - 1) n
      where substr(plain, n, 2) collate "C" !~ '^[0-9A-Z]{2}') end;

-- Whether a text has what is looked for; among texts without leading zeros, what began with one begins a number.
create or replace function search_fits(plain text, bare text, needle text, among_bare boolean, begins boolean) returns boolean
language sql immutable parallel safe
  return case when not among_bare then strpos(plain, needle) > 0
    when begins then bare ~ ('(^|[^0-9])' || needle) else strpos(bare, needle) > 0 end;

-- Texts that have it anywhere, by the index that reads less. CASE keeps the planner from asking another index for kind and unit.
create or replace function search_within(
  needle text, among_bare boolean, begins boolean, kinds text[], units uuid[], every boolean, wide boolean, enough int)
returns table (kind text, rank bigint, subject_id uuid, shown text, plain text, bare text) language plpgsql stable as $$
declare grams text[] := case when wide then search_wide_grams(needle) else '{}' end; begin
  if grams <> '{}' then
    return query select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      select t.subject_id, t.shown, t.plain, t.bare from search_terms t
      where search_wide(t.kind, t.plain, t.bare)
          @> array(select hashtextextended(g collate "C", hashtextextended(k.kind collate "C", 0)) from unnest(grams) g)
        and case when t.kind = k.kind and (every or t.org_id = any (units))
          then search_fits(t.plain, t.bare, needle, among_bare, begins) else false end
      limit 4 * enough) h;
    return;
  end if;
  grams := search_grams(needle);
  return query select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
    select h.* from unnest(units) u (org) cross join lateral (
      select t.subject_id, t.shown, t.plain, t.bare from search_terms t
      where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(grams) g)
        and search_fits(t.plain, t.bare, needle, among_bare, begins) limit enough) h
    limit 4 * enough) h;
end $$;

-- Hits of the caller's own units, whatever is asked. `wide` says which index is the better one, and nothing about who sees what.
create or replace function search_hits(asked text, kinds text[], most int, wide boolean)
returns table (kind text, id uuid, shown text, place text, before text, matched text, after text)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  enough int := 3 * most; reach int := 4 * enough;  -- a thing has at most three texts in a unit, and at most four units
  q text := left(search_plain(left(asked, 200)), 200); b text := search_bare(q);  -- some characters are many when they are made plain
  wanted text[] := array(select k from unnest(kinds) with ordinality u (k, n) group by k order by min(n));  -- each once, whatever is asked
  every boolean := app_everywhere();
  units uuid[] := case when every then (select array_agg(o.id order by o.id) from org_units o) else app_branches() end;
  glanced int := case when q collate "C" ~ '^[0-9A-Z]{2,}$' then case length(q) when 2 then 100 else 20 end end;
begin
  return query
  -- Those that begin with it, in order.
  with tree as materialized (
    select k.kind, k.rank, h.* from unnest(wanted) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.org_id = u.org and t.kind = k.kind and t.plain >= q and t.plain < q || chr(1114111) order by t.plain limit enough) h
      order by h.plain limit reach) h
    where q <> ''),
  -- What nearly every number has, as its zeros, is seen at a glance; its posting list would be as long as the table.
  glance as materialized (
    select k.kind, k.rank, h.* from unnest(wanted) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(case length(q) when 2 then units else units[1:3] end) u (org) cross join lateral (
        select f.* from (select t.subject_id, t.shown, t.plain, t.bare from search_terms t
          where t.org_id = u.org and t.kind = k.kind order by t.plain limit glanced) f
        where strpos(f.plain, q) > 0) h
      limit reach) h
    where glanced is not null and (select count(distinct subject_id) from tree) < most),
  soon as materialized (select count(distinct f.subject_id) as things from (table tree union all table glance) f),
  inner_hits as materialized (
    select w.* from search_within(q, false, false, wanted, units, every, wide, enough) w
    where length(q) > 1 and (select things from soon) < most),
  -- In a text without leading zeros there is more than in the text itself only where zeros were left out, or may have been.
  bare_hits as materialized (
    select w.* from search_within(b, true, q like '0%', wanted, units, every, wide, enough) w
    where length(b) > 1 and q ~ '[0-9]' and (b <> q or q ~ '[^0-9][0-9]')
      and (select things from soon) + (select count(distinct subject_id) from inner_hits) < most),
  things as (
    select distinct on (a.rank, a.subject_id) a.*,
      case when a.plain = q or a.bare = b then 1 when starts_with(a.plain, q) or starts_with(a.bare, b) then 2 else 3 end as tier
    from (table tree union all table glance union all table inner_hits union all table bare_hits) a
    order by a.rank, a.subject_id, a.plain = q or a.bare = b desc, starts_with(a.plain, q) desc, a.shown),
  best as (
    select e.*, row_number() over (partition by e.tier, e.rank order by length(e.plain), e.plain, e.subject_id) as turn from things e
    order by e.tier, turn, e.rank limit most),
  looks as materialized (select search_pattern(b) as pattern)  -- once, and not for each hit
  select w.kind, w.subject_id, w.shown, (array['EXACT', 'PREFIX', 'CONTAINS'])[w.tier], left(w.shown, w.start - 1),
    substr(w.shown, w.start, w.stop - w.start), substr(w.shown, w.stop)
  from (select s.*, greatest(regexp_instr(s.shown, pattern), 1) as start, greatest(regexp_instr(s.shown, pattern, 1, 1, 1), 1) as stop
        from best s cross join looks) w
  order by w.tier, w.turn, w.rank;
end $$;
revoke all on function search_within(text, boolean, boolean, text[], uuid[], boolean, boolean, int) from public;
alter function search_within(text, boolean, boolean, text[], uuid[], boolean, boolean, int) owner to loanfile_search;
alter function search_hits(text, text[], int, boolean) owner to loanfile_search;
