drop function sealed_by_us(text);
alter policy branch on seals using (exists (select from sealed_envelopes p where p.id = envelope_id));
drop trigger tg_seals_unit on seals;
drop function tg_seals_unit();
alter table seals drop column org_id;
