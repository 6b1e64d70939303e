-- Drops what 0001 made, in any order.
do $$ declare f record; begin
  for f in select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
           and c.relname <> 'alembic_version' loop
    execute format('drop table if exists %I cascade', f.name);
  end loop;
  for f in select p.oid::regprocedure as signature from pg_proc p where p.pronamespace = 'public'::regnamespace
           and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') loop
    execute format('drop routine if exists %s cascade', f.signature);
  end loop;
end $$;
