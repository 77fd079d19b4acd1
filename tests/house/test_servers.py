"""The servers that tests stand on are real, and each test has a corner of its own."""

import json
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local import topics as described
from deploy.local.kafka import Broker, learnt
from deploy.local.mail import Catcher
from deploy.local.rights import SERVICES
from shared.database.postgres import as_role
from tests.conftest import Topics
from tests.stack.databases import Databases


async def _as(url: str, role: str, statement: str) -> str:
    connection = await asyncpg.connect(as_role(url, role))
    try:
        return str(await connection.execute(statement))
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_the_tables_that_its_owner_made(database: str, service: str) -> None:
    await _as(database, f"{service}_owner", f"CREATE TABLE {service}.probes AS SELECT 1 AS probe_id")
    assert await _as(database, service, f"UPDATE {service}.probes SET probe_id = 2") == "UPDATE 1"  # noqa: S608 - a name of our own


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE referral.probes (probe_id int)",
        "ALTER TABLE referral.marks ADD COLUMN probe int",
        "TRUNCATE referral.marks",
        "SELECT * FROM program.marks",
        "CREATE TABLE public.probes (probe_id int)",
        "CREATE SCHEMA probe",
    ],
)
async def test_a_service_changes_no_table_and_sees_no_other_schema(database: str, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as(database, "referral", statement)


async def test_people_read_the_portal_only_where_its_migrations_allow_it(database: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as(database, "portal_reader", "SELECT * FROM portal.marks")


@pytest.mark.parametrize("role", ["program", "invoice", "procurement"])
async def test_who_needs_no_identity_cannot_reach_the_keys(database: str, role: str) -> None:
    await _as(database, "vault_owner", "CREATE TABLE IF NOT EXISTS vault.probes (probe_id int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as(database, role, "SELECT * FROM vault.probes")


async def test_only_who_writes_persons_destroys_their_keys(database: str) -> None:
    await _as(database, "vault_owner", "CREATE TABLE IF NOT EXISTS vault.probes (probe_id int)")
    assert await _as(database, "referral", "DELETE FROM vault.probes") == "DELETE 0"
    assert await _as(database, "portal", "DELETE FROM vault.probes") == "DELETE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as(database, "notification", "DELETE FROM vault.probes")


async def test_the_database_answers_in_its_folder_and_over_the_network_to_whoever_knows_the_password(
    database: str,
) -> None:
    said = parse_qs(urlsplit(database).query)
    if "host" not in said:
        pytest.skip("the server was started by somebody else")
    port, file = int(said["port"][0]), said["passfile"][0]
    for host in {said["host"][0], "127.0.0.1"}:
        there: dict[str, Any] = {"host": host, "port": port, "user": "referral", "database": "rehab"}
        connection = await asyncpg.connect(**there, passfile=file)
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(**there, password="guessed")  # noqa: S106 - a wrong one


async def test_each_test_has_a_database_of_its_own(databases: Databases) -> None:
    first, second = await databases.clone("empty", {}), await databases.clone("empty", {})
    await _as(first, "vault_owner", "CREATE TABLE vault.probes (probe_id int)")
    with pytest.raises(asyncpg.UndefinedTableError):
        await _as(second, "vault_owner", "SELECT * FROM vault.probes")
    await databases.drop(first)
    await databases.drop(second)


async def test_a_topic_takes_a_payload_of_900_kb_and_gives_it_back(kafka: str, topics: Topics) -> None:
    [topic] = await topics("claims", count=1)
    async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=1_250_000) as producer:
        await producer.send_and_wait(topic, b"x" * 900_000, headers=[("ce_type", b"y" * 1_000)])
    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        assert len((await consumer.getone()).value or b"") == 900_000


async def test_nothing_creates_a_topic_by_using_it(kafka: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka, request_timeout_ms=1_000) as producer:
        assert "never-made" not in (await producer.client.fetch_all_metadata()).topics()


async def test_topics_keep_everything_and_persons_the_newest(kafka: str) -> None:
    await described.create_topics(kafka, described.names())
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in described.names()]
    answers = [answer for response in await admin.describe_configs(asked) for answer in response.resources]
    await admin.close()
    told = {answer[3]: {entry[0]: entry[1] for entry in answer[4]} for answer in answers}
    assert {settings["retention.ms"] for settings in told.values()} == {"-1"}
    assert {name for name, settings in told.items() if settings["cleanup.policy"] == "compact"} == {"rehab-person"}


def test_a_mail_becomes_a_file_unless_the_server_was_told_to_refuse(mail: Catcher) -> None:
    message = EmailMessage()
    message["Subject"] = "A referral waits"
    host, port = mail.address.split(":")
    mail.answers.append("451 4.3.0 later")
    with smtplib.SMTP(host, int(port)) as client:
        with pytest.raises(smtplib.SMTPDataError):
            client.send_message(message, "desk@insurer.test", "clinic@clinic.test")
        client.send_message(message, "desk@insurer.test", "clinic@clinic.test")
    [taken] = mail.mails()
    assert "X-Envelope-To: clinic@clinic.test" in taken.read_text()
    assert "Subject: A referral waits" in taken.read_text()


def test_the_topics_are_those_of_the_six_services_and_the_two_others() -> None:
    assert set(described.names()) == {f"rehab-{name}" for name in SERVICES} | {"claims", "rehab-person"}
    assert json.loads(described.described().settings["max.message.bytes"]) > 900_000


@pytest.mark.stack
def test_a_broker_starts_though_what_it_learnt_cannot_be_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.aot"
    broken.write_bytes(b"nothing that a Java would know")
    broker = Broker(tmp_path / "kafka", fast=True, java=(f"-XX:AOTCache={broken}",))
    broker.start()
    broker.stop()


def test_what_a_java_learnt_of_other_jars_is_not_taken() -> None:
    assert learnt("these.jar") != learnt("others.jar")
