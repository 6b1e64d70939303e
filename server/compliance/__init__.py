"""History that can be proven: events, chains, the access log."""
