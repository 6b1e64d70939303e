drop function holds_that_cover(uuid);
