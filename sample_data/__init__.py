"""The sample shop: a seeded generator, the log it made, and the planted facts with their realised figures."""
