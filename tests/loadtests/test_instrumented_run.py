"""A trial with its instruments on real servers under real load: what each of them leaves."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from loadtests import results
from loadtests.plan import GeneratorPlan
from loadtests.records import ServerRecord, Stack
from loadtests.results import TrialFolder
from tests.loadtests import mini

pytestmark = [pytest.mark.slow, pytest.mark.alone]

PROFILES = ("sync", "uvloop")
MEASURE_S = 2.5
LATE_NS = 250_000_000
"""Scrapes are aimed at their moment; a busy machine may miss it by this much."""


@dataclass(frozen=True)
class Scrape:
    """One line of a trial's metrics."""

    after_ns: int
    families: dict[str, Metric]

    def sum(self, sample: str, **labels: str) -> float:
        """The values of all series of a sample's name that have those labels."""
        return sum(
            one.value
            for family in self.families.values()
            for one in family.samples
            if one.name == sample and labels.items() <= one.labels.items()
        )


@dataclass(frozen=True)
class Trial:
    """What one trial left."""

    folder: TrialFolder
    plan: GeneratorPlan
    scrapes: tuple[Scrape, ...]


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trial]:
    folder = tmp_path_factory.mktemp("instrumented")
    file = mini.experiment(folder / "mini.toml", PROFILES, measure_s=MEASURE_S, capture=20)
    code, _, err = mini.run("run", file, "--explain", "--output", folder / "out")
    assert code == 0, err
    saved = results.existing(folder / "out").saved()
    return {one.path.name.partition("-")[2]: read(one) for one in saved}


def read(folder: TrialFolder) -> Trial:
    plan = GeneratorPlan.model_validate_json(folder.plan.read_bytes())
    scrapes = []
    with gzip.open(folder.metrics, "rt", encoding="utf-8") as file:
        for line in file:
            found: dict[str, Any] = json.loads(line)
            families = {f.name: f for f in text_string_to_metric_families(found["text"])}
            scrapes.append(Scrape(found["at_ns"] - plan.origin_ns, families))
    return Trial(folder, plan, tuple(scrapes))


@pytest.mark.parametrize("profile", PROFILES)
def test_scrapes_are_taken_at_the_windows_edges_and_each_second_between(
    trials: dict[str, Trial], profile: str
) -> None:
    after = [scrape.after_ns for scrape in trials[profile].scrapes]

    assert len(after) == 4
    for at_ns, due_s in zip(after, (0.0, 1.0, 2.0, MEASURE_S), strict=True):
        assert 0 <= at_ns - due_s * 1e9 < LATE_NS


@pytest.mark.parametrize("profile", PROFILES)
def test_what_the_server_answered_in_the_window_is_what_the_load_offered(
    trials: dict[str, Trial], profile: str
) -> None:
    first, last = trials[profile].scrapes[0], trials[profile].scrapes[-1]

    def grown(sample: str) -> float:
        return last.sum(sample, profile=profile) - first.sum(sample, profile=profile)

    offered = 50.0 * MEASURE_S
    assert grown("testbed_requests_total") == pytest.approx(offered, rel=0.4)
    assert grown("testbed_client_scheduled_requests_total") == pytest.approx(offered, rel=0.4)
    assert grown("testbed_request_queue_seconds_count") == pytest.approx(offered, rel=0.4)


@pytest.mark.parametrize("profile", PROFILES)
def test_only_this_trials_server_and_generator_are_in_its_metrics(
    trials: dict[str, Trial], profile: str
) -> None:
    found = {
        sample.labels["profile"]
        for scrape in trials[profile].scrapes
        for family in scrape.families.values()
        for sample in family.samples
        if "profile" in sample.labels
    }

    assert found == {profile}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_exporter_sees_the_server_from_outside(trials: dict[str, Trial], profile: str) -> None:
    last = trials[profile].scrapes[-1]
    record = ServerRecord.model_validate_json(trials[profile].folder.server.read_bytes())

    assert last.sum("testbed_workers", profile=profile) == len(record.facts)
    assert last.sum("testbed_process_resident_memory_bytes", profile=profile) > 10 * 2**20


@pytest.mark.parametrize("profile", PROFILES)
def test_the_course_of_the_captured_requests_is_kept_in_order(
    trials: dict[str, Trial], profile: str
) -> None:
    trial = trials[profile]
    courses = [json.loads(line) for line in trial.folder.slices.read_text().splitlines()]
    facts = ServerRecord.model_validate_json(trial.folder.server.read_bytes()).facts

    assert len(courses) == 20
    began = [course["began_ns"] for course in courses]
    assert began == sorted(began)
    assert {course["route"] for course in courses} == {"/wait"}
    assert {course["pid"] for course in courses} <= {fact["pid"] for fact in facts}
    for course in courses:
        # A loop's timer may be up to a millisecond early.
        assert course["ended_ns"] - course["began_ns"] > 18_500_000


def test_who_holds_a_worker_while_waiting_is_named_with_the_line(
    trials: dict[str, Trial],
) -> None:
    def stacks_of_wait(profile: str) -> list[Stack]:
        record = ServerRecord.model_validate_json(trials[profile].folder.server.read_bytes())
        return [stack for stack in record.stacks if stack.route == "/wait"]

    top = stacks_of_wait("sync")[0]
    assert top.frames[0].startswith("servers/flask_app.py:")
    assert top.frames[0].endswith(" wait")
    assert top.held_ms > 200.0
    assert sum(stack.held_ms for stack in stacks_of_wait("uvloop")) < 200.0


def test_nothing_of_the_instruments_is_left_behind(trials: dict[str, Trial]) -> None:
    for trial in trials.values():
        assert trial.plan.ledgers is not None
        assert not trial.plan.ledgers.exists()
        assert not trial.folder.exporter_log.exists()
