"""The same definitions where the data lie: facts.sql and its companions run on another engine, and only small results come back.

`engines.opened` gives a warehouse by its kind and address; `build.built` makes the facts on it, step by step, in tables of this
session alone. Every SELECT is the text of the definition files; an adapter brings only the words that keep a step as a table, and the
one expression that reads a stamp as UTC milliseconds.
"""
