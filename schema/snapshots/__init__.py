"""A loan file as it was: types of their own, read from versions of rows and never from the rows."""
