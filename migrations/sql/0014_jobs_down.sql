-- Undoes the queue of background jobs; the schema itself stays where an administrator has made it.
do $$ declare r record; begin
  for r in select c.oid::regclass as name from pg_class c where c.relnamespace = 'jobs'::regnamespace and c.relkind = 'r' loop
    execute format('drop table %s cascade', r.name);
  end loop;
  for r in select p.oid::regprocedure as name from pg_proc p where p.pronamespace = 'jobs'::regnamespace loop
    execute format('drop function %s', r.name);
  end loop;
  for r in select t.oid::regtype as name from pg_type t where t.typnamespace = 'jobs'::regnamespace and t.typtype in ('e', 'c') loop
    execute format('drop type %s cascade', r.name);
  end loop;
end $$;
