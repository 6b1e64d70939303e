drop trigger tg_access_requests_c1_no_service on access_requests;
drop function tg_access_requests_c1_no_service();
