insert into transitions (tier, start, action, finish, code) values ('FIRST', 'MISSING', 'RESOLVE_FOUND', 'PENDING_INTAKE', 'F15');

-- F15: what was missed while it waited for the vault, or on its way there from another unit, waits again when it is found.
create or replace function tg_discrepancies_open_loss() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into loss_cases (org_id, discrepancy_id, record_id, back_to, opened_at)
    select new.org_id, new.id, r.id,
      case when r.tier = 'FIRST' and (r.state = 'PENDING_INTAKE' or r.state = 'IN_TRANSIT' and exists (select from handover_lines l
                 where l.record_id = r.id and l.stood_as = 'PENDING_INTAKE' and l.state in ('SENT', 'REJECTED') and l.back_operation_id is null))
           then 'PENDING_INTAKE'
           else coalesce((select d.back_to from disposal_lines d where d.record_id = r.id and d.is_open), rest_of(r.tier, r.state)) end,
      new.reported_at from archive_records r where r.id = new.record_id;
  return null;
end $$;
update loss_cases c set back_to = 'PENDING_INTAKE' from archive_records r left join collateral_certificates k on k.id = r.certificate_id
  where r.id = c.record_id and c.state in ('OPEN', 'SEARCHED') and r.tier = 'FIRST' and r.envelope_id is null
    and r.kind <> 'SETTLEMENT_NOTICE' and not coalesce(k.is_electronic, false);

-- I3: an envelope fills a slot while a paper of it is in the vault or may come back into it, and none else. Whoever ends the custody
-- of the last one frees the slot, be it without keepers: nothing is in their hands any more.
create or replace function ct_sealed_envelopes_c9_by_opening() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not kept_by_two(array(select id from archive_records where envelope_id = new.id))
     -- While all of its papers are out nothing is moved: the slot that waits for them is another unit's from now on.
     and not (tg_op = 'UPDATE' and new.seal_no = old.seal_no
              and not exists (select from archive_records r where r.envelope_id = new.id and r.state not in ('CHECKED_OUT', 'SURRENDERED')))
     and not (tg_op = 'UPDATE' and new.seal_no = old.seal_no and new.location_id is null
              and not exists (select from archive_records r where r.envelope_id = new.id
                              and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST'))) then
    perform broken('ct_sealed_envelopes_c9_by_opening'); end if;
  return null;
end $$;
update sealed_envelopes e set location_id = null
  where e.location_id is not null and exists (select from archive_records r where r.envelope_id = e.id)
    and not exists (select from archive_records r where r.envelope_id = e.id
                    and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST'));
