create policy judge_sees_all on search_terms for select to loanfile_judge using (true);
grant select on search_terms to loanfile_judge;

-- The numbers, as search compares them, with which one of the texts begins: today's, those of before a correction, broken seals.
-- In the order of bytes a number that a text begins with is the greatest that is not beyond the text, or else no longer than what that one
-- shares with the text; so each step asks three indexes once.
create function numbers_in(begins text[]) returns setof text language plpgsql stable security definer set search_path = public, pg_temp as $$
declare rest text; met text; n int; begin
  if not app_everywhere() then raise insufficient_privilege using message = 'numbers of the whole bank are for those who see it'; end if;
  foreach rest in array begins loop
    while length(rest) >= 4 loop
      select max(f.plain) into met from (
        (select t.plain from search_terms t where t.kind not in ('customer', 'scan') and t.plain ~ '[0-9]' and t.plain <= rest collate "C"
           order by t.plain desc limit 1)
        union all (select search_plain(c.old_value) collate "C" from corrections c
          where c.field in ('number', 'archive_no', 'barcode', 'seal_no') and search_plain(c.old_value) collate "C" <= rest collate "C"
          order by search_plain(c.old_value) collate "C" desc limit 1)
        union all (select search_plain(s.seal_no) collate "C" from seals s where search_plain(s.seal_no) collate "C" <= rest collate "C"
          order by search_plain(s.seal_no) collate "C" desc limit 1)) f (plain);
      exit when met is null;
      if starts_with(rest, met) then
        if length(met) >= 4 then return next met; end if;
        rest := left(met, -1);
      else
        n := 0;
        while substr(met, n + 1, 1) = substr(rest, n + 1, 1) loop n := n + 1; end loop;
        rest := left(rest, n);
      end if;
    end loop;
  end loop;
end $$;
alter function numbers_in(text[]) owner to loanfile_judge;
revoke execute on function numbers_in(text[]) from public;
grant execute on function numbers_in(text[]) to loanfile_app;
