-- Search that finds everything: what two ways find is counted once, what a counter may not see takes nobody's place, numbers typed
-- without their zeros are found in order, and of things of one name the same ones come each time.

-- Texts that have it anywhere, by the index that reads less: what one unit has plenty of need not be sought in all of them.
-- CASE keeps the planner from asking another index for kind and unit.
create function search_inside(
  needle text, among_bare boolean, begins boolean, kinds text[], units uuid[], hidden uuid[], every boolean, wide boolean, enough int)
returns table (kind text, rank bigint, subject_id uuid, shown text, plain text, bare text) language plpgsql stable as $$
declare
  narrow text[] := search_grams(needle); grams text[] := case when wide then search_wide_grams(needle) else '{}' end;
  n int := cardinality(units); sample uuid[] := array(  -- of units, the last of which are small; for words, which may stand in every title
    select distinct units[x] from unnest(array[n, n - n / 4, n - n / 2]) x where needle collate "C" !~ '[0-9A-Z]{2}');
begin
  if grams <> '{}' then
    return query select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
      with plenty as materialized (
        select t.subject_id, t.shown, t.plain, t.bare from unnest(sample) u (org) cross join lateral (
          select t.* from search_terms t
          where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(narrow) g)
            and search_fits(t.plain, t.bare, needle, among_bare, begins) and (hidden is null or t.subject_id not in (select unnest(hidden))) limit enough) t
        limit enough),
      found as materialized (select 3 * count(distinct p.subject_id) >= enough as suffices from plenty p)
      select p.* from plenty p where (select suffices from found)
      union all select f.* from (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where not (select suffices from found) and search_wide(t.kind, t.plain, t.bare)
            @> array(select hashtextextended(g collate "C", hashtextextended(k.kind collate "C", 0)) from unnest(grams) g)
          and case when t.kind = k.kind and (every or t.org_id = any (units))
            then search_fits(t.plain, t.bare, needle, among_bare, begins) and (hidden is null or t.subject_id not in (select unnest(hidden))) else false end
        limit 4 * enough) f) h;
    return;
  end if;
  return query select k.kind, k.rank, h.* from unnest(kinds) with ordinality k (kind, rank) cross join lateral (
    select h.* from unnest(units) u (org) cross join lateral (
      select t.subject_id, t.shown, t.plain, t.bare from search_terms t
      where t.tokens @> array(select hashtextextended(g collate "C", search_seed(u.org, k.kind)) from unnest(narrow) g)
        and search_fits(t.plain, t.bare, needle, among_bare, begins) and (hidden is null or t.subject_id not in (select unnest(hidden))) limit enough) h
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
  hidden uuid[] := nullif(blind_records() || blind_envelopes(), '{}');  -- C41: what the caller is counting; null: nothing
  glanced int := case when q collate "C" ~ '^[0-9A-Z]{2,}$' then case length(q) when 2 then 100 else 20 end end;
begin
  return query
  -- Those that begin with it, in order; among the texts that have leading zeros, those that begin with it without them, or are it.
  with tree as materialized (
    select k.kind, k.rank, h.* from unnest(wanted) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.org_id = u.org and t.kind = k.kind and t.plain >= q and t.plain < q || chr(1114111)
          and (hidden is null or t.subject_id not in (select unnest(hidden))) order by t.plain, t.subject_id limit enough) h
      order by h.plain, h.subject_id limit reach) h
    where q <> ''),
  room as materialized (select case when count(distinct f.subject_id) < most then enough else 3 end as for_bare from tree f),
  bare_tree as materialized (
    select k.kind, k.rank, h.* from unnest(wanted) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(units) u (org) cross join lateral (
        select t.subject_id, t.shown, t.plain, t.bare from search_terms t
        where t.org_id = u.org and t.kind = k.kind and t.bare <> t.plain and t.bare >= b and t.bare < b || chr(1114111)
          and (hidden is null or t.subject_id not in (select unnest(hidden))) order by t.bare, t.subject_id limit (select for_bare from room)) h
      order by h.bare, h.subject_id limit reach) h
    where length(b) > 1 and q ~ '[0-9]'),
  -- What nearly every number has, as its zeros, is seen at a glance; its posting list would be as long as the table.
  glance as materialized (
    select k.kind, k.rank, h.* from unnest(wanted) with ordinality k (kind, rank) cross join lateral (
      select h.* from unnest(case length(q) when 2 then units else units[1:3] end) u (org) cross join lateral (
        select f.* from (select t.subject_id, t.shown, t.plain, t.bare from search_terms t
          where t.org_id = u.org and t.kind = k.kind and (hidden is null or t.subject_id not in (select unnest(hidden)))
          order by t.plain, t.subject_id limit glanced) f
        where strpos(f.plain, q) > 0) h
      limit reach) h
    where glanced is not null
      and (select count(distinct f.subject_id) from (table tree union all table bare_tree) f) < most),
  soon as materialized (table tree union all table bare_tree union all table glance),
  inner_hits as materialized (
    select w.* from search_inside(q, false, false, wanted, units, hidden, every, wide, enough) w
    where length(q) > 1 and (select count(distinct subject_id) from soon) < most),
  -- In a text without leading zeros there is more than in the text itself only where zeros were left out, or may have been.
  bare_hits as materialized (
    select w.* from search_inside(b, true, q like '0%', wanted, units, hidden, every, wide, enough) w
    where length(b) > 1 and q ~ '[0-9]' and (b <> q or q ~ '[^0-9][0-9]')
      and (select count(distinct f.subject_id) from (table soon union all table inner_hits) f) < most),
  things as (
    select distinct on (a.rank, a.subject_id) a.*,
      case when a.plain = q or a.bare = b then 1 when starts_with(a.plain, q) or starts_with(a.bare, b) then 2 else 3 end as tier
    from (table soon union all table inner_hits union all table bare_hits) a
    order by a.rank, a.subject_id, a.plain = q or a.bare = b desc, starts_with(a.plain, q) or starts_with(a.bare, b) desc, a.shown),
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
revoke all on function search_inside(text, boolean, boolean, text[], uuid[], uuid[], boolean, boolean, int) from public;
alter function search_inside(text, boolean, boolean, text[], uuid[], uuid[], boolean, boolean, int) owner to loanfile_search;
