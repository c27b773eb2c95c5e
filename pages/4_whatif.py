"""What-if: which scenario, who moves between two of them, and how sure is all of it?"""


from core.metrics import SCORED
from core.text import Text
from pages import _certainty as certainty
from pages import _desk as desk
from pages import _moves as moves
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets
from pages._shell import framed

PARTS = {"desk": desk.desk, "moves": moves.moves, "sure": certainty.certainty}


def _body(text: Text) -> None:
    words = {name: text(f"whatif.part.{name}") for name in PARTS}
    part = parts.choose("whatif_part", list(PARTS), text("whatif.part.label"), words.__getitem__, look="bare")
    PARTS[part](text)
    parts.how(f"whatif_{part}", [each.key for each in SCORED], desk.how_lines(part, text), text)


framed()
words = session.text()
widgets.heading("whatif", words)
if session.log() is None:
    widgets.empty(words)
elif not parts.nothing_here(words):
    _body(words)
