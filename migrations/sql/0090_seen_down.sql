drop function seen_of(uuid[], timestamptz, timestamptz, uuid, boolean, bigint), judged_in(uuid[]);
