-- C3: nobody decides on what is asked for themselves, whoever asks for it in their name.
create function tg_approvals_c3_not_reader() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.approver_id = (select reader_id from access_requests where id = new.request_id) then perform broken('tg_approvals_c3_not_reader'); end if;
  return null;
end $$;
alter function tg_approvals_c3_not_reader() owner to loanfile_judge;
revoke execute on function tg_approvals_c3_not_reader() from public;
create trigger tg_approvals_c3_not_reader after insert on approvals for each row execute function tg_approvals_c3_not_reader();
