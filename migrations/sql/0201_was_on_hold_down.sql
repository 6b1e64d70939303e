drop function was_on_hold(uuid, uuid, uuid, timestamptz);
