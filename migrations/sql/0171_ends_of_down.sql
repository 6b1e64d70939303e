drop function counted_until(uuid, timestamptz);
drop function pending_until(uuid);
