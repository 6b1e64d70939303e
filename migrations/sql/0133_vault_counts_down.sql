drop function vault_counted(uuid);
