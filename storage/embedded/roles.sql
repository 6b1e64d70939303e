-- Run once by an administrator in a new database that loanfile_owner owns. loanfile_owner migrates; loanfile_app is the
-- server's login and owns nothing; nobody logs in as loanfile_judge (sees every branch) or loanfile_registrar (numbers,
-- links and propagates).
do $$ declare name text; begin
  foreach name in array array['loanfile_judge', 'loanfile_registrar'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin', name);
    end if;
    execute format('grant %I to loanfile_owner', name);
  end loop;
end $$;
create extension if not exists pg_trgm;
create extension if not exists btree_gist;
create extension if not exists pg_stat_statements;
alter schema public owner to loanfile_owner;
revoke all on schema public from public;
grant usage, create on schema public to loanfile_judge, loanfile_registrar;
grant usage on schema public to loanfile_app;
