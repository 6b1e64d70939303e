-- Functions that see every branch belong to the two roles that nobody logs in as: those that read and judge to
-- loanfile_judge, those that number, link and propagate to loanfile_registrar.
do $$ declare f record; begin
  for f in select p.oid::regprocedure as signature, p.proname as name from pg_proc p
           where p.pronamespace = 'public'::regnamespace and p.prosecdef and pg_get_userbyid(p.proowner) = current_user loop
    execute format('alter function %s owner to %I', f.signature,
      case when f.name in ('tg_row_version', 'tg_roles_principal_version', 'lock_chains', 'tg_events_c48_links', 'tg_records_visible_to',
                           'refresh_collateral', 'tg_records_spread', 'tg_follow_record', 'tg_follow_collateral',
                           'tg_request_lines_spread', 'tg_operations_visible_to', 'party_for', 'tg_tickets_c10_next_number', 'lock_subject')
           then 'loanfile_registrar' else 'loanfile_judge' end);
  end loop;
end $$;
