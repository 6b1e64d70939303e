grant execute on function days_on_duty(tstzrange) to public;
alter function days_on_duty(tstzrange) owner to loanfile_owner;
