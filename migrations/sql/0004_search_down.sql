-- Undoes 0004.
do $$ declare t record; begin
  for t in select tgname, tgrelid::regclass as source from pg_trigger
           where tgname in ('tg_search_insert', 'tg_search_update', 'tg_barcodes_issue', 'tg_barcodes_reissue') loop
    execute format('drop trigger %I on %s', t.tgname, t.source);
  end loop;
end $$;
drop function look_up(text), search_hits(text, text[], int), search_pattern(text), index_everything(), tg_search_insert(), tg_search_update(),
  search_insertion(text, text, text, text), tg_barcodes_issue(), is_well_read(text);
drop sequence barcode_numbers;
drop table barcodes, search_terms;
drop function search_tokens(uuid, text, text), search_seed(uuid, text), search_grams(text), search_bare(text), search_plain(text);
