"""Work that nobody waits for: jobs that are done later, and requests whose client has left."""

from __future__ import annotations

from dashboards.grafana.board import Board
from dashboards.grafana.panels import LEVELS, Panel, latencies, lines
from dashboards.grafana.queries import highest, in_runs, quantiles, rate, total

_ACCEPTED = "testbed_jobs_accepted_total"
_LOOK_FOR = """\
**Accepting is fast on every model. What was accepted must be done all the same.**

- Accepted and done are one line, as long as the server keeps up. They part: the jobs that wait
  grow, and delivery takes longer and longer, while every answer is still fast.
- Jobs are refused: the queue is full, and the server says so instead of promising more.
- A job's wait grows, and what lies between it and delivery stays: slots are missing, not speed.
- Work for clients that have left is **lost**: a loop hears of it and ends calls, queries and
  streams at once; a process or a thread hears of it when it answers.
- Percentiles are over the last 30 seconds."""


def board() -> Board:
    """What becomes of jobs, how long that takes, and what is done for nobody."""
    return Board(
        name="deferral",
        question="What becomes of work that nobody waits for?",
        look_for=_LOOK_FOR,
        panels=[
            "Jobs: accepted now, done later",
            *_fates(),
            *_jobs(),
            *_delays(),
            "Requests whose client has left",
            *_abandoned(),
        ],
    )


def _fates() -> tuple[Panel, Panel]:
    none = f"0 * {rate(_ACCEPTED)}"
    refused, failed = (rate(f"testbed_jobs_{fate}_total") for fate in ("refused", "failed"))
    return (
        lines(
            "Jobs accepted and done per second",
            "Answered with 202, and done by any worker of the server.",
            "ops",
            in_runs(rate(_ACCEPTED), "{{profile}} accepted"),
            in_runs(rate("testbed_jobs_done_total"), "{{profile}} done", "thin"),
        ),
        lines(
            "Jobs refused and failed per second",
            "Answered with 503 because too many waited, and given up for good after several "
            "attempts; zero where there is none.",
            "ops",
            in_runs(f"{refused}\nor {none}", "{{profile}} refused"),
            in_runs(f"{failed}\nor {none}", "{{profile}} failed", "thin"),
        ),
    )


def _jobs() -> tuple[Panel, Panel]:
    return (
        lines(
            "Jobs that wait",
            "Of the whole server, as its workers saw it last: when they accepted a job, or found "
            "none to begin.",
            "short",
            in_runs(highest("testbed_jobs_waiting"), "{{profile}}"),
            says=LEVELS,
        ),
        lines(
            "Jobs that run",
            "In all workers: never more than the slots for jobs, which are equal for all profiles.",
            "short",
            in_runs(total("testbed_jobs_running"), "{{profile}}"),
            says=LEVELS,
        ),
    )


def _delays() -> tuple[Panel, Panel]:
    return (
        latencies(
            "Wait of jobs",
            "From the acceptance of a job to the start of its last attempt.",
            *quantiles("testbed_job_wait_seconds"),
        ),
        latencies(
            "Delivery of jobs",
            "From the acceptance of a job until it was done.",
            *quantiles("testbed_job_delivery_seconds"),
        ),
    )


def _abandoned() -> tuple[Panel, Panel]:
    none = f"0 * {rate('testbed_requests_total')}"
    requests, seconds = (
        rate(f"testbed_abandoned_{what}_total") for what in ("requests", "seconds")
    )
    return (
        lines(
            "Clients that left, per second",
            "Measured requests whose client was seen to have left before the end of their answer; "
            "zero where there is none.",
            "reqps",
            in_runs(f"{requests}\nor {none}", "{{profile}}"),
        ),
        lines(
            "Requests that go on for nobody",
            "How many at once, on average: the seconds that they went on after their client had "
            "left, counted when they end.",
            "short",
            in_runs(f"{seconds}\nor {none}", "{{profile}}"),
        ),
    )
