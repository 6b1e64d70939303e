"""The GraphiQL page, built from npm at pinned versions and served from our own origin."""
