"""The custody desk: rules, facts, acts, operations."""
