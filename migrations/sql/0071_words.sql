-- C48: an event carries no words that somebody wrote, but a hash of them under a key of their own, which stands beside them here.
CREATE TABLE event_words (
  event_id UUID NOT NULL,
  name TEXT NOT NULL,
  key BYTEA NOT NULL,
  words TEXT NOT NULL,
  CONSTRAINT pk_event_words PRIMARY KEY (event_id, name),
  CONSTRAINT ck_event_words_key CHECK (length(key) = 32),
  CONSTRAINT fk_event_words_event_id FOREIGN KEY(event_id) REFERENCES events (id)
);
COMMENT ON TABLE event_words IS 'What somebody wrote, of which an event carries only a keyed hash; append-only (C48).';
COMMENT ON COLUMN event_words.event_id IS 'The event.';
COMMENT ON COLUMN event_words.name IS 'Member of the event''s detail.';
COMMENT ON COLUMN event_words.key IS 'Key of the hash, made for these words.';
COMMENT ON COLUMN event_words.words IS 'The words.';
create trigger tg_append_only_c48 before delete or truncate on event_words execute function tg_append_only_c48();
create trigger tg_append_only_c48_update before update on event_words execute function tg_append_only_c48();
alter table event_words enable row level security;
alter table event_words force row level security;
create policy with_the_event on event_words for select using (exists (select from events e where e.id = event_id));
create policy anyone_appends on event_words for insert with check (true);  -- of an event that may be out of sight; the hash says whose words
create policy judge_sees_all on event_words for select to loanfile_judge using (true);
create policy registrar_keeps_all on event_words to loanfile_registrar using (true) with check (true);
grant select, insert on event_words to loanfile_app;
grant select on event_words to loanfile_judge;
