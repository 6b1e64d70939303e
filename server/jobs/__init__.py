"""Background jobs: what the clock brings about. Each may run anywhere, any number of times, at once, and be cut anywhere."""

from server.jobs.jobs import Jobs

__all__ = ["Jobs"]
