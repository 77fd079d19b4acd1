"""The stack of one machine comes up, goes down, and comes up again with what it knew."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.commands import Step, run_steps
from deploy.local.foreground import Watch
from deploy.local.kafka import Broker
from deploy.local.processes import ROOT, Died, Process
from deploy.local.stack import InUse, Stack
from deploy.local.waiting import wait_until
from shared.database.postgres import as_role

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the module: what one test leaves, the next one finds."""
    return tmp_path_factory.mktemp("stack")


def _left(folder: Path) -> list[str]:
    lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(folder) in line]


def _launch(folder: Path) -> Process:
    command = [sys.executable, "-m", "deploy.local", "run", "--folder", str(folder), "--services", ""]
    return Process("stack", command, log=folder / "logs" / "stack.log")


def _is_ready(folder: Path, launcher: Process) -> bool:
    file = folder / "stack.json"
    noted = json.loads(file.read_text() or "{}") if launcher.expect_alive() and file.exists() else {}
    return noted.get("ready") is True and noted["pid"] == launcher.pid


async def _write(stack: Stack) -> None:
    async with AIOKafkaProducer(bootstrap_servers=stack.environment["REHAB_KAFKA"]) as producer:
        await producer.send_and_wait("claims", b"a claim")
    connection = await asyncpg.connect(as_role(stack.environment["REHAB_POSTGRES"], "referral_owner"))
    await connection.execute("CREATE TABLE referral.probes AS SELECT 7 AS probe_id")
    await connection.close()


async def _read(stack: Stack) -> tuple[bytes | None, int]:
    servers = stack.environment["REHAB_KAFKA"]
    async with AIOKafkaConsumer("claims", bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        value = (await consumer.getone()).value
    connection = await asyncpg.connect(as_role(stack.environment["REHAB_POSTGRES"], "referral"))
    number = await connection.fetchval("SELECT probe_id FROM referral.probes")
    await connection.close()
    return value, int(number)


async def test_a_second_start_finds_the_data_even_after_kill_9(folder: Path) -> None:
    with Stack(folder, services=()) as stack:
        await _write(stack)
        stack.broker.kill()
        stack.postgres.kill()
        stack.broker.start()
        stack.postgres.start()
        assert await _read(stack) == (b"a claim", 7)
    with Stack(folder, services=()) as stack:
        assert await _read(stack) == (b"a claim", 7)
    assert _left(folder) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_within_ten_seconds_and_leaves_nothing(folder: Path, ending: signal.Signals) -> None:
    launcher = _launch(folder)
    launcher.start()
    wait_until(lambda: _is_ready(folder, launcher), within=30, what="ready")
    psutil.Process(launcher.pid).send_signal(ending)
    assert launcher.stop(patience=10) == 0
    assert _left(folder) == []
    assert not (folder / "stack.json").exists()


def test_what_a_killed_launcher_left_is_ended_by_the_next_start(folder: Path) -> None:
    launcher = _launch(folder)
    launcher.start()
    wait_until(lambda: _is_ready(folder, launcher), within=30, what="ready")
    launcher.kill()
    assert _left(folder) != []
    with Stack(folder, services=()):
        pass
    assert _left(folder) == []


def test_two_launchers_do_not_share_a_folder(folder: Path) -> None:
    with Stack(folder, services=()), pytest.raises(InUse):
        Stack(folder, services=()).start()


def test_what_the_environment_names_elsewhere_is_not_started(tmp_path: Path, kafka: str, postgres: str) -> None:
    given = {"REHAB_KAFKA": kafka, "REHAB_POSTGRES": postgres, "REHAB_SMTP": "127.0.0.1:1"}
    with Stack(tmp_path, services=(), given=given) as stack:
        assert given.items() <= stack.environment.items()
        assert _left(tmp_path) == []


def test_a_service_that_cannot_start_is_reported_with_the_end_of_its_log(
    tmp_path: Path, kafka: str, postgres: str
) -> None:
    given = {"REHAB_KAFKA": kafka, "REHAB_POSTGRES": postgres, "REHAB_SMTP": "127.0.0.1:1"}
    with pytest.raises(Died, match=r"No module named 'services\.absent'"):
        Stack(tmp_path, services=("absent",), given=given).start()


def test_when_one_of_those_that_load_fails_the_others_are_ended_and_it_is_named(tmp_path: Path) -> None:
    """The first would serve for ever."""
    stays = Step("what stays", "http.server", ("0", "--directory", str(tmp_path)))
    fails = Step("what fails", "json.tool", (str(tmp_path / "absent"),))
    with pytest.raises(Died, match="loading what fails ended with status"):
        run_steps([stays, fails], dict(os.environ), tmp_path)
    assert _left(tmp_path) == []


def test_a_frozen_broker_can_still_be_ended(folder: Path) -> None:
    broker = Broker(folder / "frozen", fast=True)
    broker.start()
    broker.pause()
    broker.stop()
    assert _left(folder / "frozen") == []


def test_a_program_that_ends_by_itself_is_reported_with_its_log_and_started_again_later_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Process("referral", [sys.executable, "-c", "raise SystemExit('no such table')"], log=tmp_path / "one.log")
    watch, said = Watch(program), []
    program.start()
    for seconds in (0.0, 0.9, 1.0, 1.1, 3.0, 3.1, 3.2):
        wait_until(lambda: not program.is_alive(), within=10, what="ended")
        watch.look(seconds)
        said.append(capsys.readouterr().out)
    assert ["in 1 s" in said[0], "in 2 s" in said[3], "in 4 s" in said[6]] == [True, True, True]
    assert [said[1], said[2], said[4], said[5]] == ["", "", "", ""]
    assert all("no such table" in said[report] for report in (0, 3, 6))


def test_the_verb_down_says_so_when_nothing_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.local", "down", "--folder", str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == "nothing runs\n"
