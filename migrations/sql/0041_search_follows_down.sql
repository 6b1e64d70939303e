-- Undoes 0041: the triggers of 0004. What was mended stays.
do $$ declare t record; units_and_texts text[]; begin
  for t in select tgrelid::regclass as source, string_to_array(encode(tgargs, 'escape'), '\000') as told
           from pg_trigger where tgfoid = 'tg_search_insert'::regproc loop
    units_and_texts := t.told[2] || string_to_array(t.told[3], ' ');
    execute format('drop trigger tg_search_update on %s', t.source);
    execute format('create trigger tg_search_update after update of %s on %s for each row when ((%s) is distinct from (%s))
      execute function tg_search_update(%L, %L, %L)', array_to_string(units_and_texts, ', '), t.source,
      'old.' || array_to_string(units_and_texts, ', old.'), 'new.' || array_to_string(units_and_texts, ', new.'),
      t.told[1], t.told[2], t.told[3]);
  end loop;
end $$;
