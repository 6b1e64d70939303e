"""What a client may say: GraphQL types, the read compiler, results, limits."""
