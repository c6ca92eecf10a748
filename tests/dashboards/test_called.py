"""The downstream service in the report: quiet, folded, and only where one was called."""

from __future__ import annotations

import dataclasses

from dashboards.report import page
from dashboards.report.downstream import COLUMNS
from loadtests.analysis.called import Downstream
from tests.dashboards import summaries
from tests.dashboards.test_page import Reader

CALLED = Downstream(
    requests=1234, failures=12, active_max=37, latency_ms=49.8, lateness_p99_ms=2.85, cpu=0.213
)


def test_a_trial_that_called_has_its_row_and_others_have_none() -> None:
    made = summaries.tour()
    first, *others = made.trials
    called = dataclasses.replace(first, downstream=CALLED)
    html = page.render(dataclasses.replace(made, trials=(called, *others)))

    rows = [row for row in Reader(html).rows if "1,234" in row or "1234" in row]
    assert len(rows) == 1
    assert rows[0][0] == str(first.number)
    assert rows[0][5:] == ["12", "37", "49.8", "≤ 2.85", "21.3"]
    for column in COLUMNS:
        assert f"<dd>{column.meaning}</dd>" in html


def test_where_nobody_called_nothing_is_said_of_it() -> None:
    assert "downstream service" not in page.render(summaries.tour())
