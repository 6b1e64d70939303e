-- Undoes 0051: such a line is ended by its receiver, who rejects it.
create or replace function ct_handover_lines_c31_both_sides() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare h handovers; o operations; side uuid; wanted text[]; which uuid; begin
  select * into h from handovers where id = new.handover_id;
  which := case when new.back_operation_id is distinct from old.back_operation_id then new.back_operation_id
                when new.state = 'SENT' then new.sent_operation_id else new.decided_operation_id end;
  side := case when new.state in ('SENT', 'RECALLED') or new.back_operation_id is distinct from old.back_operation_id
               then h.org_id else h.to_org_id end;
  wanted := case when new.back_operation_id is distinct from old.back_operation_id then array['TAKE_BACK', 'TAKE_BACK_PENDING']
    when new.state = 'SENT' then array['SEND_HANDOVER', 'SEND_PENDING', 'SEND_RESPONSIBILITY']
    when new.state = 'REJECTED' then array['REJECT_HANDOVER']
    when new.state = 'RECALLED' then array['TAKE_BACK', 'TAKE_BACK_PENDING', 'RECALL_RESPONSIBILITY']
    when h.kind = 'CUSTODIAN' then array['RECEIVE_CUSTODY']
    when new.state = 'RESPONSIBILITY_ONLY' then array['RECEIVE_RESPONSIBILITY']
    else array['RECEIVE_HANDOVER', 'RECEIVE_PENDING'] end;
  select * into o from operations where id = which;
  if o.state is distinct from 'DONE' or not o.action = any (wanted) or not new.record_id = any (o.record_ids)
     or exists (select from storage_locations v where v.id = o.vault_id and v.org_id <> side)
     or exists (select from operation_seats s join staff p on p.id = s.staff_id
                where s.operation_id = o.id and s.seat <> 'SUPERVISOR' and p.org_id <> side)
     or h.kind = 'CUSTODIAN' and o.action = 'RECEIVE_CUSTODY' and not exists (
          select from operation_seats s where s.operation_id = o.id and s.seat = 'RECEIVER' and s.staff_id = h.taker_id) then
    perform broken('ct_handover_lines_c31_both_sides'); end if;
  return null;
end $$;
