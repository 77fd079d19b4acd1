"""The compose file: valid by the schema beside this (Compose Specification, Apache-2.0); each service scales alone."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.local.processes import ROOT
from deploy.local.rights import SERVICES
from shared.config.settings import Settings
from tests.stack import containers

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
PARTS: dict[str, Any] = COMPOSE["services"]
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
ONES = pytest.mark.parametrize("service", SERVICES)


def done(part: str) -> set[str]:
    """Return what must have ended before a part starts."""
    needs = PARTS[part].get("depends_on", {})
    return {name for name, how in needs.items() if how["condition"] == "service_completed_successfully"}


def test_the_file_is_a_compose_file() -> None:
    jsonschema.validate(COMPOSE, SCHEMA)


def test_a_mistake_would_be_found() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(COMPOSE | {"services": {"referral": {"imagee": "x"}}}, SCHEMA)


def test_all_six_services_broker_database_mail_and_jobs_are_there() -> None:
    jobs = {"topics", "roles", *(f"{service}-migrate" for service in SERVICES)}
    fills = {name for name, part in PARTS.items() if part.get("profiles") == ["fill"]}
    assert PARTS.keys() - fills == {*SERVICES, *jobs, "kafka", "postgres", "mail"}
    assert fills == {"program-fill", "procurement-fill", "portal-fill"}


@ONES
def test_nothing_keeps_a_service_from_having_replicas(service: str) -> None:
    part = PARTS[service]
    assert not {"container_name", "hostname", "network_mode"} & part.keys()
    assert "REHAB_INSTANCE" not in part["environment"]
    assert ("ports" in part) == (service == "portal")


def test_no_host_port_is_fixed_but_the_portals_which_can_be_chosen() -> None:
    ports = {name: part["ports"] for name, part in PARTS.items() if "ports" in part}
    assert ports == {"mail": ["127.0.0.1::8025"], "portal": ["127.0.0.1:${REHAB_PORTAL_PORT:-8000}:8000"]}


@ONES
def test_a_service_starts_once_the_topics_are_created_and_its_tables_are_migrated(service: str) -> None:
    assert done(service) == {"topics", f"{service}-migrate"}
    assert "roles" in done(f"{service}-migrate")
    for part in (service, f"{service}-migrate"):
        assert PARTS[part]["build"]["args"] == {"SERVICE": service}
        assert PARTS[part]["image"].startswith(f"rehab/{service}:")


def test_jobs_wait_for_a_healthy_broker_and_database() -> None:
    assert PARTS["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    assert PARTS["roles"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert all("healthcheck" in PARTS[name] for name in ("kafka", "postgres"))


def test_whatever_a_part_waits_for_is_a_part_and_a_job_is_not_started_again() -> None:
    for name, part in PARTS.items():
        assert part.get("depends_on", {}).keys() <= PARTS.keys()
        for job in done(name):
            assert PARTS[job]["restart"] == "no"


@ONES
def test_a_service_sees_its_own_passwords_and_cannot_change_them(service: str) -> None:
    for part in (service, f"{service}-migrate"):
        assert PARTS[part]["volumes"] == [f"pass-{service}:/var/lib/rehab/pass:ro"]
    assert f"pass-{service}:/var/lib/rehab/pass/{service}" in PARTS["roles"]["volumes"]


@ONES
def test_a_service_may_do_no_more_than_it_needs(service: str) -> None:
    part = PARTS[service]
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]


def test_every_variable_is_one_that_somebody_reads() -> None:
    known = {f"REHAB_{name.upper()}" for name in Settings.model_fields}
    known |= {"REHAB_PORTAL", "REHAB_TOKENS", "REHAB_PARTITIONS", "REHAB_SUPERUSER_PASSWORD_FILE"}
    said = {name for part in PARTS.values() for name in part.get("environment", {}) if name.startswith("REHAB_")}
    assert said <= known
    for service in SERVICES:
        assert {"REHAB_KAFKA", "REHAB_POSTGRES"} <= PARTS[service]["environment"].keys()


def test_every_volume_and_secret_is_declared_and_every_path_is_there() -> None:
    mounts = [volume.split(":")[0] for part in PARTS.values() for volume in part.get("volumes", ())]
    assert {m for m in mounts if not m.startswith(".")} == COMPOSE["volumes"].keys()
    assert all((ROOT / "deploy" / m).is_dir() for m in mounts if m.startswith("."))
    assert {secret for part in PARTS.values() for secret in part.get("secrets", ())} == COMPOSE["secrets"].keys()
    for part in PARTS.values():
        if build := part.get("build"):
            assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).is_file()


def test_no_password_stands_in_the_file() -> None:
    text = (ROOT / "deploy" / "compose.yaml").read_text()
    assert not re.search(r"PASSWORD: |://[^/@\s]+:[^/@\s]+@", text)


def test_broker_and_database_are_those_that_the_tests_use() -> None:
    assert PARTS["kafka"]["image"] == containers.KAFKA
    assert PARTS["postgres"]["image"] == containers.POSTGRES
    said = PARTS["kafka"]["environment"]
    same = (
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE",
        "KAFKA_MESSAGE_MAX_BYTES",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR",
        "KAFKA_PROCESS_ROLES",
    )
    assert {name: said[name] for name in same} == {name: containers._ENVIRONMENT[name] for name in same}


def test_records_and_positions_are_kept_for_ever() -> None:
    said = PARTS["kafka"]["environment"]
    assert (said["KAFKA_LOG_RETENTION_MS"], said["KAFKA_OFFSETS_RETENTION_MINUTES"]) == ("-1", "2000000000")
    assert said["KAFKA_LOG_DIRS"] == PARTS["kafka"]["volumes"][0].partition(":")[2]
