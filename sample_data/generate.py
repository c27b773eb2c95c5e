"""Make the sample shop: `make(story)` gives the tables, `python -m sample_data.generate` writes the committed files.

>>> tables = make(Story(conversations=2000), texts=False)
>>> sorted(tables)
['conversations', 'messages', 'orders', 'reviews', 'roster', 'transfers']
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from sample_data import records
from sample_data.crew import crew as make_crew
from sample_data.crew import roster, rota
from sample_data.dialogue import dialogue
from sample_data.mess import soil
from sample_data.receptions import BUSY, receptions
from sample_data.story import Story, cause_story, null_story, other_story
from sample_data.words import write_texts

__all__ = ["Story", "cause_story", "make", "null_story", "other_story", "write"]


def make(story: Story, texts: bool = True) -> dict[str, pd.DataFrame]:
    """All tables of one sample log, in the canonical columns of the project.

    Ids and words are text, instants naive shop time (Asia/Shanghai) in whole seconds, flags boolean. The same story
    gives the same tables. `texts=False` leaves the message texts empty (faster; nothing else changes).
    """
    rng = [np.random.default_rng([story.seed, part]) for part in range(6)]
    agents = make_crew(story, rng[0])
    blocks = rota(agents, story, BUSY, rng[0])
    frame = receptions(story, agents, blocks, rng[1])
    frame["conversation_id"] = [f"K{i:06d}" for i in range(1, len(frame) + 1)]
    frame["customer_id"] = np.char.add("C", np.char.zfill((frame["customer"] + 1).to_numpy().astype(str), 6)).astype(
        object
    )
    parts = dialogue(frame, agents, story, rng[2])
    talks = records.conversations(frame, agents, story, rng[3])
    orders = records.orders(frame, talks, agents, story, rng[3])
    messages = _messages(parts, frame, talks, agents, story)
    if texts:
        messages["text"] = write_texts(
            parts, frame, (agents["role"] == "fast_empty").to_numpy() & story.planted, rng[4]
        )
    tables = {
        "messages": messages,
        "conversations": talks,
        "orders": orders,
        "reviews": records.reviews(frame, talks, agents, story, rng[3]),
        "roster": roster(agents, story, blocks),
        "transfers": records.transfers(frame, agents, story),
    }
    return soil(tables, story, rng[5])


def _messages(
    parts: pd.DataFrame, frame: pd.DataFrame, talks: pd.DataFrame, agents: pd.DataFrame, story: Story
) -> pd.DataFrame:
    row, agent = parts["row"].to_numpy(), parts["agent"].to_numpy()
    name = np.where(agent >= 0, agents["agent"].to_numpy().astype(object)[agent], None)
    lost = talks["assigned_agent"].isna().to_numpy() & (frame["kind"] != "bot").to_numpy()
    return pd.DataFrame(
        {
            "conversation_id": frame["conversation_id"].to_numpy()[row],
            "customer_id": frame["customer_id"].to_numpy()[row],
            "sent_at": records.stamps(parts["at"], story),
            "sender": parts["sender"].to_numpy(),
            "agent_id": np.where(lost[row], None, name),
            "automation": parts["automation"].to_numpy(),
            "event": parts["event"].replace("", None).to_numpy(),
            "content_type": parts["content_type"].replace("", None).to_numpy(),
            "text": None,
        }
    )


def write(folder: Path) -> dict:
    """Write every committed file below `folder` and return the planted facts (also in `truth.json`)."""
    from sample_data.files import write_all

    return write_all(folder, Story())


def main() -> int:
    """Command line: write the files beside this module, or below the folder given."""
    parser = argparse.ArgumentParser(description="Write the sample shop.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    write(parser.parse_args().folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
