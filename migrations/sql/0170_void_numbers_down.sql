drop function number_is_void(text, uuid);
