drop function frozen_records();
