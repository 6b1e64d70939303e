-- Undoes 0040: the functions of 0007 and 0013.
drop function search_hits(text, text[], int, boolean),
  search_inside(text, boolean, boolean, text[], uuid[], uuid[], boolean, boolean, int);
create function search_within(
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
create function search_hits_of_all(asked text, kinds text[], most int, wide boolean)
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
revoke execute on function search_hits_of_all(text, text[], int, boolean) from public;
alter function search_hits_of_all(text, text[], int, boolean) owner to loanfile_search;
create function search_hits(asked text, kinds text[], most int, wide boolean)
returns table (kind text, id uuid, shown text, place text, before text, matched text, after text)
language sql stable security definer set search_path = public, pg_temp as $$
  select h.* from search_hits_of_all(asked, kinds, most, wide) h
  where h.id <> all ((select blind_records())::uuid[]) and h.id <> all ((select blind_envelopes())::uuid[]) $$;
alter function search_hits(text, text[], int, boolean) owner to loanfile_search;
revoke all on function search_within(text, boolean, boolean, text[], uuid[], boolean, boolean, int) from public;
alter function search_within(text, boolean, boolean, text[], uuid[], boolean, boolean, int) owner to loanfile_search;
