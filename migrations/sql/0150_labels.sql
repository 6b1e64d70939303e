-- Twins of REPLACE_BARCODE: what is torn gets a label that was printed for its kind and that nothing ever had, by whoever has the paper in
-- hand, and not while its place is counted. The old one is retired by tg_barcodes_issue and stays.
create function tg_archive_records_c48_label() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare number text := substring(new.barcode, '^[PV]([0-9]{8,15})[0-9A-Z]$'); begin
  if not exists (select from transitions t where t.tier = old.tier and t.start = old.state and t.action = 'REPLACE_BARCODE') then
    perform broken('tg_archive_records_c15_label'); end if;
  if is_being_counted(new.id) then perform broken('tg_archive_records_c17_label'); end if;
  if number is null or left(new.barcode, 1) <> (case old.tier when 'FIRST' then 'P' else 'V' end) or not is_well_read(new.barcode)
     or number::bigint > (select s.last_value from barcode_numbers s where s.is_called)
     or number::bigint < (select s.seqstart from pg_sequence s where s.seqrelid = 'barcode_numbers'::regclass)
     or exists (select from barcodes b where b.code = new.barcode) then
    perform broken('tg_archive_records_c48_label'); end if;
  return new;
end $$;
create trigger tg_archive_records_c48_label before update of barcode on archive_records
  for each row when (old.barcode <> new.barcode) execute function tg_archive_records_c48_label();
grant select on sequence barcode_numbers to loanfile_judge;
grant update (barcode) on archive_records to loanfile_app;

-- Every label that these things have and had; the old ones are theirs as much as today's.
create function labels_of(things uuid[]) returns setof text language plpgsql stable security definer set search_path = public, pg_temp as $$ begin
  if not app_everywhere() then raise insufficient_privilege using message = 'labels of the whole bank are for those who see it'; end if;
  return query select b.code from barcodes b where b.subject_id = any (things);
end $$;

-- The numbers, as before, and retired labels: whoever reads one in a text finds by it what it was on.
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
          order by search_plain(s.seal_no) collate "C" desc limit 1)
        union all (select search_plain(b.code) collate "C" from barcodes b
          where b.retired_at is not null and search_plain(b.code) collate "C" <= rest collate "C"
          order by search_plain(b.code) collate "C" desc limit 1)) f (plain);
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

alter function tg_archive_records_c48_label() owner to loanfile_judge;
alter function labels_of(uuid[]) owner to loanfile_judge;
revoke execute on function tg_archive_records_c48_label(), labels_of(uuid[]) from public;
grant execute on function labels_of(uuid[]) to loanfile_app;

insert into acts (action, is_exit, is_entry, at_desk, part_of) values
  ('REPLACE_BARCODE', false, false, false, null);

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'CHECKED_OUT', 'REPLACE_BARCODE', 'CHECKED_OUT', '–'),
  ('FIRST', 'IN_VAULT', 'REPLACE_BARCODE', 'IN_VAULT', '–'),
  ('FIRST', 'PENDING_INTAKE', 'REPLACE_BARCODE', 'PENDING_INTAKE', '–'),
  ('FIRST', 'RESERVED', 'REPLACE_BARCODE', 'RESERVED', '–'),
  ('FIRST', 'RETURN_PENDING', 'REPLACE_BARCODE', 'RETURN_PENDING', '–'),
  ('SECOND', 'ARCHIVED', 'REPLACE_BARCODE', 'ARCHIVED', '–'),
  ('SECOND', 'CHECKED_OUT', 'REPLACE_BARCODE', 'CHECKED_OUT', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'REPLACE_BARCODE', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'COLLECTING', 'REPLACE_BARCODE', 'COLLECTING', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'REPLACE_BARCODE', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'REPLACE_BARCODE', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'FILED', 'REPLACE_BARCODE', 'FILED', '–'),
  ('SECOND', 'READING', 'REPLACE_BARCODE', 'READING', '–'),
  ('SECOND', 'RESERVED', 'REPLACE_BARCODE', 'RESERVED', '–'),
  ('SECOND', 'RETURN_PENDING', 'REPLACE_BARCODE', 'RETURN_PENDING', '–'),
  ('SECOND', 'SUBMITTED', 'REPLACE_BARCODE', 'SUBMITTED', '–');
