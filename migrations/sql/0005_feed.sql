-- Up to where every event is there: what has a lower number was committed or never will be.
create function feed_position() returns bigint language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((select transaction_id::text::bigint from events where transaction_id < pg_snapshot_xmin(pg_current_snapshot())
                   order by transaction_id desc limit 1), 0) $$;
alter function feed_position() owner to loanfile_judge;
