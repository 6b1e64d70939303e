"""Files of other systems read into the database: one pass, all good rows or none, and a report of the bad ones."""
