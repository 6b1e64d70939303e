-- Undoes 0007, but for search_tokens, which answers what it did before.
drop function search_hits(text, text[], int, boolean),
  search_within(text, boolean, boolean, text[], uuid[], boolean, boolean, int),
  search_fits(text, text, text, boolean, boolean), search_wide_grams(text);
drop index ix_search_terms_wide;
drop function search_wide(text, text, text);
