-- Undoes 0071.
drop table event_words;
