drop trigger tg_archive_records_c4_taken_over on archive_records;
drop trigger tg_disposal_approvals_c4_no_interest on disposal_approvals;
drop trigger tg_operation_seats_c4_deciding on operation_seats;
drop function tg_archive_records_c4_taken_over(), tg_disposal_approvals_c4_no_interest(), tg_operation_seats_c4_deciding(), has_interest(uuid, uuid[]);
