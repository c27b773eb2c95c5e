"""What leaves the app as a file: pictures of charts (`pictures`), tables (`tables`), printable sheets (`sheet`), rosters (`rosters`)."""

from core.exports.pictures import png, svg
from core.exports.rosters import roster_csv, roster_ics, roster_xlsx
from core.exports.sheet import Section, html_sheet, markdown_sheet
from core.exports.tables import csv_bytes, xlsx_bytes

__all__ = ["Section", "csv_bytes", "html_sheet", "markdown_sheet", "png", "roster_csv", "roster_ics", "roster_xlsx", "svg", "xlsx_bytes"]
