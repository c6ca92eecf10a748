"""What the instruments say, as tables, notes and warnings; and nothing of them where none were."""

import dataclasses

import pytest

from dashboards.report import holding, inside, page, warned
from dashboards.report.cells import cells
from dashboards.report.columns import Column, measured
from dashboards.report.format import NBSP
from loadtests.analysis.instruments import HeldLine, RouteHold, ServerSide, Stall, WorkerShare
from loadtests.analysis.summary import Latency, Reason, Trial
from tests.dashboards import summaries
from tests.dashboards.instruments import IMBALANCE, OBSERVER
from tests.dashboards.summaries import Case, summary, trial
from tests.dashboards.test_page import Reader

SIDE = ServerSide(
    accept_queue_max=17,
    accept_queue_limit=2048,
    pools={"executor": 12},
    stall=Stall(mean_ms=1.5, p90_ms=2.1, p99_ms=24.3, baseline_ms=0.1),
    voluntary_switches=150,
    involuntary_switches=50,
    run_queue_delay_s=0.25,
    pss_mb=80.0,
    open_connections_max=9,
    restarts=0,
    tcp_events={},
)
WORKERS = (WorkerShare(1, 60, 0.6, 0.98, 0.03), WorkerShare(2, 40, 0.4, 0.5, 0.72))


def made(number: int = 1, profile: str = "sync", **over: object) -> Trial:
    fields = {"server_side": SIDE, "workers": WORKERS, "step_ms": Latency(1.0, 2.0, 3.0, 4.0)}
    one = trial(number, profile, "wait", "rate", Case(5, 10, 400), repetition=number)
    return dataclasses.replace(one, **fields | over)  # type: ignore[arg-type]


def shown(columns: tuple[Column, ...], one: Trial) -> dict[str, str]:
    return {column.heading: column.of_trial(one) for column in measured([one], columns)}


def test_the_times_are_those_of_the_requests() -> None:
    one = made(queue_ms=Latency(1.0, 2.0, 30.0, 40.0), hold_ms=Latency(5.0, 6.0, 70.0, 80.0))

    assert shown(inside.TIMES, one) == {
        "queue p50": "1.00", "queue p99": "30.0", "hold p50": "5.00", "hold p99": "70.0",
        "longest step": "4.00", "occupied by the application": "98.0", "occupied": "50.0",
        "worker CPU": "72.0", "stall mean": "1.50", "stall p99": "≤24.3",
    }  # fmt: skip


def test_without_scrapes_there_is_no_cpu_beside_the_occupancy() -> None:
    found = shown(inside.TIMES, made(workers=(WorkerShare(1, 60, 1.0, 0.98),)))

    assert found["occupied by the application"] == "98.0"
    assert "worker CPU" not in found


def test_a_stall_that_had_not_ended_is_a_lower_bound_also_among_others() -> None:
    stall = Stall(mean_ms=250.0, p90_ms=554.0, p99_ms=831.0, baseline_ms=0.1, at_least=True)
    one, two = made(1), made(2, server_side=dataclasses.replace(SIDE, stall=stall))
    (row,) = cells(summary([one, two]))[0].rows
    columns = {column.heading: column for column in inside.TIMES}

    assert [columns[name].of_trial(two) for name in ("stall mean", "stall p99")] == ["≥250", "≥831"]
    assert columns["stall mean"].of_row(row) == "≥126"
    assert columns["stall p99"].of_trial(made(server_side=None)) == "–"


def test_every_queue_stands_where_it_lives_with_a_column_for_each_pool() -> None:
    one = made()
    two = made(2, "hybrid", server_side=dataclasses.replace(SIDE, pools={"threads": 3}))

    assert shown(inside.host([one]), one) == {
        "accept queue": "17", "its limit": "2048", "executor waiting": "12", "switches": "1.00",
        "run-queue delay": "0.250", "PSS": "80.0",
    }  # fmt: skip
    both = inside.host([one, two])
    assert [column.of_trial(two) for column in both if "waiting" in column.heading] == ["–", "3"]


def test_only_figures_that_exist_have_a_column() -> None:
    nothing = ServerSide(None, None, {}, None, None, None, None, None, None, None, {})
    bare = made(server_side=nothing, workers=(), step_ms=None, queue_ms=None, hold_ms=None)

    assert shown(inside.TIMES, bare) == {}
    assert shown(inside.host([bare]), bare) == {}
    assert shown(inside.host([]), dataclasses.replace(bare, server_side=None)) == {}


def test_the_endpoint_that_holds_is_named_over_the_valid_trials() -> None:
    one = made(1, holds=(RouteHold("/blocking", 40, 50.0, 60.0, 0.995), QUICK))
    two = made(2, holds=(RouteHold("/blocking", 60, 52.0, 90.0, 0.985), QUICK))
    bad = summaries.invalid(3, made(3, holds=(RouteHold("/cpu", 9, 9.0, 9.0, 1.0),)))

    (held,) = holding.routes(cells(summary([one, two, bad]))[0])

    assert (held.profile, held.route) == ("sync", "/blocking")
    assert held.figures == ("50", "51.0", "90.0", "99.0")


def test_the_longest_step_is_that_of_the_trials_that_know_one() -> None:
    unknown = RouteHold("/blocking", 40, 50.0, None, 1.0)
    one, two = made(1, holds=(unknown,)), made(2, holds=(RouteHold("/blocking", 4, 5.0, 6.0, 1.0),))

    (both,) = holding.routes(cells(summary([one, two]))[0])
    (alone,) = holding.routes(cells(summary([one]))[0])

    assert (both.figures[2], alone.figures[2]) == ("6.00", "–")


QUICK = RouteHold("/hello", 1000, 0.1, 0.2, 0.005)


def test_the_line_that_holds_is_named_with_who_called_it() -> None:
    line = HeldLine("/blocking", "w.py:29 block", 96, 0.96, 480.0, ("w.py:29 block", "a", "b"))
    one, two = made(1), made(2, held_lines=(line,))

    (found,) = holding.lines(cells(summary([one, two]))[0])

    assert found.text.replace(NBSP, " ") == "/blocking: 96 % of samples in w.py:29 block"
    assert found.callers == ("a", "b")


def test_what_the_kernel_counted_is_summed_over_the_valid_trials() -> None:
    events = [{"ListenOverflows": 20}, {"ListenOverflows": 2, "TCPSynRetrans": 1}]
    trials = [
        made(n, server_side=dataclasses.replace(SIDE, tcp_events=found, restarts=n))
        for n, found in enumerate(events)
    ]

    assert list(holding.notes(cells(summary(trials))[0])) == [
        "Counted with sync, in 2 trials: 22 ListenOverflows, 1 TCPSynRetrans and 1 worker restart."
    ]
    assert list(holding.notes(cells(summary([made()]))[0])) == []


def test_workers_are_listed_one_by_one_where_there_are_several() -> None:
    one, two = made(1), made(2, "uvloop", workers=WORKERS[:1])

    found = holding.workers(cells(summary([one, two]))[0])

    assert [(trial.profile, worker.worker) for trial, worker in found] == [("sync", 1), ("sync", 2)]


def test_the_page_shows_tables_warnings_lines_and_what_the_observer_costs() -> None:
    read = Reader(page.render(summaries.instruments()))
    text = " ".join(read.text.split())

    assert "Where the time went, from the server’s own instruments" in text
    assert "96 % of samples in servers/work.py:29 block ← servers/starlette_app.py" in text
    assert f"{IMBALANCE.code} What to do: {IMBALANCE.hint}. {IMBALANCE.text}: trial 2" in text
    ratio = OBSERVER["uvloop.sampled"]
    assert ["uvloop", "a sample", str(ratio["median"])] in [row[:3] for row in read.rows]
    assert not any(row and row[0].startswith("observer") for row in read.rows)
    assert ["uvloop", "/blocking", "404", "50.2", "90.4", "99.8"] in read.rows


def test_without_a_measurement_of_the_observer_the_page_says_who_makes_one() -> None:
    text = " ".join(Reader(page.render(summaries.tour())).text.split())

    assert "was not measured here: make bench does it" in text
    assert "Warnings" not in text


HOST = {"cpu": "A processor", "cores": 2, "commit": "abc1234", "python": "3.11.2"}


@pytest.mark.parametrize(
    ("cpu", "host", "said"),
    [
        ("A processor", HOST, "Measured on A processor, commit abc1234, by make bench."),
        ("Another", HOST, "by make bench; this was another machine than that of this run."),
        ("Another", HOST | {"commit": None}, "Measured on A processor, commit –, by make bench;"),
        ("Another", None, "On which machine that was measured, is not recorded: make bench"),
    ],
)
def test_the_page_says_on_which_machine_the_observer_was_measured(
    cpu: str, host: dict[str, object] | None, said: str
) -> None:
    run = summaries.instruments()
    observer = OBSERVER | ({"host": host} if host else {})
    run = dataclasses.replace(run, environment={"cpu": cpu, "observer": observer})

    read = Reader(page.render(run))

    assert said in " ".join(read.text.split())
    assert len([row for row in read.rows if row and row[0] == "sync" and row[2] == "0.970"]) == 1


def test_the_page_names_whose_work_occupies_and_never_calls_the_rest_free() -> None:
    run = summaries.instruments()
    text = " ".join(Reader(page.render(run)).text.split()).lower()

    assert "occupied by the application" in text
    assert "the server’s own work, such as accepting and parsing, shows only in the cpu" in text
    for word in ("idle", " free", "the wait itself"):
        assert word not in text


@pytest.mark.parametrize("word", ["instruments", "observer", "swimlane", "-split", "Warnings"])
def test_a_run_without_instruments_has_nothing_of_them(word: str) -> None:
    made = page.render(summaries.plain())
    figures = made.split("<main>")[1].split('<section aria-labelledby="reading-title">')[0]

    assert word not in figures


def test_a_warning_that_many_trials_have_is_said_once() -> None:
    few, other = Reason("few_samples", "Too few.", "Measure longer"), Reason("clock", "It is.", "")
    made = summaries.tour()
    trials = [dataclasses.replace(trial, warnings=(few,)) for trial in made.trials]
    trials[0] = dataclasses.replace(trials[0], warnings=(few, other))

    found = warned.by_code(trials)

    assert [one.code for one in found] == ["few_samples", "clock"]
    assert found[0].said == (("Too few.", tuple(trials)),)
    assert (found[0].hints, found[1].hints) == (("Measure longer",), ())
    text = " ".join(
        Reader(page.render(dataclasses.replace(made, trials=tuple(trials)))).text.split()
    )
    assert text.count("Too few.") == 1
