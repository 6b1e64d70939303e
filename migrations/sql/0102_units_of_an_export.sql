alter table exports add column units uuid[];
comment on column exports.units is 'Units that its events are of, as whoever asked saw them when it was begun; null: all of the bank, or evidence.';
grant update (units) on exports to loanfile_app;
