"""The configuration and the recording rules, as Prometheus' own tool sees them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import promql_parser
import pytest

from dashboards.prometheus import local, promql
from dashboards.prometheus.rules import RULES, Rule
from tests.dashboards.prometheus.programs import program

HERE = Path(__file__).parent


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the tool, which prints what it thinks."""
    return subprocess.run(
        [program("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_configuration_and_the_rules_are_valid() -> None:
    config = promtool("check", "config", "--lint=all", local.HOME / local.CONFIGURATION)
    rules = promtool("check", "rules", "--lint=all", local.HOME / local.RULES)

    assert config.returncode == 0, config.stderr
    assert rules.returncode == 0, rules.stderr
    assert f"{len(RULES)} rules found" in config.stdout
    assert "WARNING" not in config.stdout + config.stderr


def test_the_rules_record_what_they_say() -> None:
    done = promtool("test", "rules", HERE / "rules_test.yml")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("* ((sum", "+ ((sum"),
        ("clamp_max(sum", "abs(sum"),
        (" > bool 0.1", " > bool 9"),
        ("unless on", "and on"),
        ("testbed_run_info == 1)", "testbed_run_info)"),
        ("and on (profile) testbed_run_info == 1", ""),
        ("testbed_workers > 0", "testbed_workers"),
        ("== bool 0", "== bool 9"),
        ("max by (profile, gate)", "min by (profile, gate)"),
    ],
)
def test_a_rule_that_is_wrong_fails_that_test(tmp_path: Path, right: str, wrong: str) -> None:
    rules = (local.HOME / local.RULES).read_text("utf-8")
    tests = (HERE / "rules_test.yml").read_text("utf-8")
    assert right in rules
    (tmp_path / "rules.yml").write_text(rules.replace(right, wrong), "utf-8")
    inside = tests.replace("../../../dashboards/prometheus/rules.yml", "rules.yml")
    (tmp_path / "rules_test.yml").write_text(inside, "utf-8")

    assert promtool("test", "rules", tmp_path / "rules_test.yml").returncode == 1


def test_every_scrape_and_evaluation_is_a_second_from_the_next() -> None:
    text = (local.HOME / local.CONFIGURATION).read_text("utf-8")

    assert [line.split(": ")[1] for line in text.splitlines() if "interval:" in line] == ["1s"] * 2
    assert "scrape_timeout: 1s" in text


def test_every_rule_is_known_to_the_dashboards() -> None:
    assert {rule.record for rule in RULES} == promql.RECORDED.keys()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.record)
def test_a_rule_keeps_the_labels_that_the_dashboards_expect(rule: Rule) -> None:
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(rule.expression), visit)
    assert found == set(promql.RECORDED[rule.record])


def test_without_docker_only_the_exporters_address_is_another(tmp_path: Path) -> None:
    config = local.configure(tmp_path / "prometheus")

    done = promtool("check", "config", config)
    assert done.returncode == 0, done.stderr
    assert config.read_text("utf-8") == (local.HOME / local.CONFIGURATION).read_text("utf-8")
    targets = [
        (folder / local.TARGETS).read_text("utf-8") for folder in (config.parent, local.HOME)
    ]
    assert [text.splitlines()[-1] for text in targets] == ["    - 127.0.0.1:9100",
                                                           "    - exporter:9100"]  # fmt: skip


def test_the_data_source_is_told_the_scrape_interval() -> None:
    """Without it, Grafana takes fifteen seconds, and every rate is one of a minute."""
    folder = local.HOME.parent / "grafana" / "provisioning"
    source = (folder / "datasources" / "prometheus.yml").read_text("utf-8")
    provider = (folder / "dashboards" / "testbed.yml").read_text("utf-8")

    assert "uid: prometheus\n" in source
    assert "timeInterval: 1s\n" in source
    assert "type: file\n" in provider
    assert "allowUiUpdates: false\n" in provider
    assert [text.splitlines()[0] for text in (source, provider)] == ["apiVersion: 1"] * 2
