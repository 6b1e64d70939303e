-- Undoes 0072.
drop function roles_over_time(uuid[]);
