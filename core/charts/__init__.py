"""Tables and words in, charts out: data-free Vega-Lite templates with tidy frames, one theme.

chart.py   `Chart`, `Labels`              axis.py   what all drawings share
theme.py   colours, look of files         font.py   the Chinese font
lines.py   values over time               bars.py   agents, grades, contributions
planes.py  two KPIs, before and after     week.py   weekday × hour map, people against work
decisions.py  causes, chances, weights     fair.py   funnel, raw beside adjusted, silence
verdicts.py  the board of trends, everybody's trend small
notes.py   named days on a time axis       now.py    today beside the usual
"""

from core.charts.bars import (
    bars_with_interval,
    contribution_bars,
    contribution_changes,
    contribution_parts,
    grade_distribution,
)
from core.charts.causes import share_bars
from core.charts.chart import Chart, Labels
from core.charts.decisions import cause_bars, grade_chances, reach_bars, weight_triangle
from core.charts.fair import funnel_plot, raw_and_adjusted, silence_bars
from core.charts.lines import control_chart, line_with_band
from core.charts.now import today_and_usual
from core.charts.planes import arrows, scatter_plane
from core.charts.predicted import calibration
from core.charts.verdicts import small_multiples, verdict_board
from core.charts.week import gap_chart, heatmap

__all__ = [
    "Chart",
    "Labels",
    "arrows",
    "bars_with_interval",
    "calibration",
    "cause_bars",
    "contribution_bars",
    "contribution_changes",
    "contribution_parts",
    "control_chart",
    "funnel_plot",
    "gap_chart",
    "grade_chances",
    "grade_distribution",
    "heatmap",
    "line_with_band",
    "raw_and_adjusted",
    "reach_bars",
    "scatter_plane",
    "share_bars",
    "silence_bars",
    "small_multiples",
    "today_and_usual",
    "verdict_board",
    "weight_triangle",
]
