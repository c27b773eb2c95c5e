"""A report is a function of a log and a scenario."""
