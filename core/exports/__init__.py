"""What leaves the app as a file: pictures of charts (`pictures`), tables (`tables`)."""

from core.exports.pictures import png, svg
from core.exports.tables import csv_bytes, xlsx_bytes

__all__ = ["csv_bytes", "png", "svg", "xlsx_bytes"]
