-- Run by an administrator in the bank's database, once and again after an update that says so. Its logins are made before:
-- loanfile_migrate (migrates, acting as loanfile_owner), loanfile_app (the server's login, owns nothing), loanfile_reader
-- (the server's reads) and loanfile_ledger (reads what waits to be sealed). Nobody logs in as loanfile_owner, as loanfile_judge
-- (sees every branch), as loanfile_registrar (numbers, links and propagates) or as loanfile_search (searches texts).
do $$ declare name text; begin
  foreach name in array array['loanfile_owner', 'loanfile_judge', 'loanfile_registrar', 'loanfile_search'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin', name);
    end if;
  end loop;
end $$;
alter role loanfile_owner nologin;
grant loanfile_judge, loanfile_registrar, loanfile_search to loanfile_owner;
grant loanfile_owner to loanfile_migrate;
alter role loanfile_migrate set role loanfile_owner;
create extension if not exists pg_trgm;
create extension if not exists btree_gist;
create extension if not exists pg_stat_statements;
alter schema public owner to loanfile_owner;
revoke all on schema public from public;
grant usage, create on schema public to loanfile_judge, loanfile_registrar, loanfile_search;
grant usage on schema public to loanfile_app, loanfile_reader, loanfile_ledger;
-- Background jobs keep their queue in a schema of their own; one who may not make schemas in this database finds it made.
create schema if not exists jobs authorization loanfile_owner;
