"""The way of a scan into the locked bucket."""
