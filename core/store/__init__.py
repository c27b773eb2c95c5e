"""What is kept between two starts: logs and their facts as Parquet, by digest.

`core.store.shelf` gives and takes; `core.store.parcels` is one folder of files that is whole or not there, `core.store.contents` what
stands in it, `core.store.books` the ledger as plain data, `core.store.origins` by what something kept was made.
"""
