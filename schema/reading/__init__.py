"""The read compiler: an operation becomes one SQL statement."""
