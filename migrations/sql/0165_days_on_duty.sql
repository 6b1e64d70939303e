-- Only the judge's functions ask it.
alter function days_on_duty(tstzrange) owner to loanfile_judge;
revoke execute on function days_on_duty(tstzrange) from public;
