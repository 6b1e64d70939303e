-- May be run again after a break: what it does beside the writers comes after its commit.
alter table seals add column if not exists org_id uuid;
grant update (org_id) on seals to loanfile_registrar;
comment on column seals.org_id is 'The unit that put it on; kept by a trigger.';
alter table seals drop constraint if exists fk_seals_org_id;
alter table seals add constraint fk_seals_org_id foreign key (org_id) references org_units (id) not valid;

-- C7: nobody says it, so nobody can say another: the unit that keeps the envelope when it is closed.
create or replace function tg_seals_unit() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.org_id := (select e.org_id from sealed_envelopes e where e.id = new.envelope_id);
  return new;
end $$;
alter function tg_seals_unit() owner to loanfile_judge;
create or replace trigger tg_seals_unit before insert on seals for each row execute function tg_seals_unit();
alter table seals drop constraint if exists seals_org_id_not_null;
alter table seals add constraint seals_org_id_not_null not null org_id not valid;

-- A unit that gave the envelope away keeps what it did itself, and the label that it did it to.
alter policy branch on seals using (case when (select app_everywhere()) then true
  when org_id = any ((select app_branches())::uuid[]) then true
  else exists (select from sealed_envelopes p where p.id = envelope_id) end);
create or replace function sealed_by_us(seal text) returns table (barcode text, is_current boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select e.barcode, s.seal_no = e.seal_no from seals s join sealed_envelopes e on e.id = s.envelope_id
  where s.seal_no = seal and (app_everywhere() or s.org_id = any (app_branches())) $$;
alter function sealed_by_us(text) owner to loanfile_judge;
revoke execute on function sealed_by_us(text) from public;
grant execute on function sealed_by_us(text) to loanfile_app;
