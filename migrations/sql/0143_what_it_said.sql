-- Versions of rows, of which only those are kept that say something else than the one before; seen with the row itself. loanfile_judge
-- owns them: nobody else reads the versions. A scalar and no EXISTS: that would be joined with the whole table for each row.
create view certificate_versions with (security_barrier) as
  select id, certificate_id, recorded_at as since, lead(recorded_at) over (partition by certificate_id order by id) as until,
    said[1] as number,
    said[2] as kind,
    said[3] as issuer,
    said[4]::date as issued_on,
    said[5]::date as expires_on,
    said[6]::numeric as right_amount,
    said[7] as currency,
    said[8] as registration_no,
    said[9]::boolean as is_electronic,
    said[10] as registry_reference,
    said[11] as vin,
    said[12] as owner_name,
    said[13]::boolean as is_live
  from (
    select v.id, v.row_id as certificate_id, v.recorded_at, v.said, lag(v.said) over (partition by v.row_id order by v.id) as before
    from (select v.id, v.row_id, v.recorded_at, array[v.content->>'number', v.content->>'kind', v.content->>'issuer', v.content->>'issued_on', v.content->>'expires_on', v.content->>'right_amount', v.content->>'currency', v.content->>'registration_no', v.content->>'is_electronic', v.content->>'registry_reference', v.content->>'vin', v.content->>'owner_name', v.content->>'is_live'] as said
      from row_versions v where v.table_name = 'collateral_certificates' and v.operation <> 'D'
        and (select case when (select app_everywhere()) then true when c.visible_to && (select app_branches()) then true else false end from collateral_certificates c where c.id = v.row_id)) v) w
  where said is distinct from before;
create view collateral_plates with (security_barrier) as
  select id, collateral_id, recorded_at as since, lead(recorded_at) over (partition by collateral_id order by id) as until, said[1] as plate_no
  from (
    select v.id, v.row_id as collateral_id, v.recorded_at, v.said, lag(v.said) over (partition by v.row_id order by v.id) as before
    from (select v.id, v.row_id, v.recorded_at, array[v.content->>'plate_no'] as said
      from row_versions v where v.table_name = 'collateral' and v.operation <> 'D'
        and (select case when (select app_everywhere()) then true when c.visible_to && (select app_branches()) then true else false end from collateral c where c.id = v.row_id)) v) w
  where said is distinct from before;
comment on view certificate_versions is 'What a certificate said, from when to when.';
comment on view collateral_plates is 'Which plate a car had, from when to when.';
alter view certificate_versions owner to loanfile_judge;
alter view collateral_plates owner to loanfile_judge;
grant select on certificate_versions, collateral_plates to loanfile_app, loanfile_reader;
