delete from transitions where action = 'REPLACE_BARCODE';
delete from acts where action = 'REPLACE_BARCODE';
revoke update (barcode) on archive_records from loanfile_app;
drop trigger tg_archive_records_c48_label on archive_records;
drop function tg_archive_records_c48_label(), labels_of(uuid[]);
revoke select on sequence barcode_numbers from loanfile_judge;
create or replace function numbers_in(begins text[]) returns setof text language plpgsql stable security definer set search_path = public, pg_temp as $$
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
