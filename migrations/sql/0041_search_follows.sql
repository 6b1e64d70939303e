-- The units of a row are often changed by a trigger of its own, which no list of columns of a statement names: a record that was handed
-- over was found by the unit that it had left, and not by the one that it came to. Its terms follow whatever changed.
do $$ declare t record; units_and_texts text[]; begin
  for t in select tgrelid::regclass as source, string_to_array(encode(tgargs, 'escape'), '\000') as told
           from pg_trigger where tgfoid = 'tg_search_insert'::regproc loop
    units_and_texts := t.told[2] || string_to_array(t.told[3], ' ');
    execute format('drop trigger tg_search_update on %s', t.source);
    execute format('create trigger tg_search_update after update on %s for each row when ((%s) is distinct from (%s))
      execute function tg_search_update(%L, %L, %L)', t.source,
      'old.' || array_to_string(units_and_texts, ', old.'), 'new.' || array_to_string(units_and_texts, ', new.'),
      t.told[1], t.told[2], t.told[3]);
  end loop;
end $$;

-- What stands there for a unit that may not see it any more, and what is missing for one that may.
grant select, delete on search_terms to loanfile_judge;
create policy judge_mends on search_terms to loanfile_judge using (true) with check (true);
create function mend_search_terms() returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare t record; begin
  for t in select tgrelid::regclass::text as source, string_to_array(encode(tgargs, 'escape'), '\000') as told
           from pg_trigger where tgfoid = 'tg_search_insert'::regproc loop
    continue when t.told[2] <> 'visible_to';
    execute format('delete from search_terms s using %s f where f.id = s.subject_id and s.org_id <> all (f.visible_to)', t.source);
    execute search_insertion(t.told[1], t.told[2], t.told[3], format(
      '(select r.* from %s r where exists (select from unnest(r.visible_to) u (org)
        where not exists (select from search_terms s where s.subject_id = r.id and s.org_id = u.org)))', t.source));
  end loop;
end $$;
alter function mend_search_terms() owner to loanfile_judge;
select mend_search_terms();
drop function mend_search_terms();
drop policy judge_mends on search_terms;
revoke select, delete on search_terms from loanfile_judge;
