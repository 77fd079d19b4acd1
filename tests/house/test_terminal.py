"""What a person is told who starts the system on one machine."""

import csv
import json
import socket
from pathlib import Path

from deploy.local import accounts, ports


def test_roles_without_pages_are_told_apart_from_the_ways_into_the_portal(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.json"
    known = {row["account_id"]: "word" for row in csv.DictReader(accounts._ACCOUNTS.read_text().splitlines())}
    passwords.write_text(json.dumps(known))
    told = accounts.told(passwords, "http://127.0.0.1:8080")
    ways, _, without = told.partition("the API alone")
    assert "payment officer" not in ways
    assert "payment officer" in without
    assert all(role in ways for role in ("clinician", "biller", "administrator", "claims officer", "worker"))


def test_without_accounts_only_the_address_is_told(tmp_path: Path) -> None:
    assert accounts.told(tmp_path / "none.json", "http://127.0.0.1:8080") == "sign in at http://127.0.0.1:8080 as"


def test_the_portal_stands_on_its_own_port_where_that_is_free_and_elsewhere_where_it_is_not(tmp_path: Path) -> None:
    noted = tmp_path / "ports.json"
    wanted = ports.free_port()
    assert ports.remembered(noted, "portal", preferred={"portal": wanted}) == {"portal": wanted}
    with socket.create_server(("127.0.0.1", wanted)):
        other = ports.remembered(noted, "portal", preferred={"portal": wanted})["portal"]
        assert other != wanted
    assert ports.remembered(noted, "portal", preferred={"portal": wanted}) == {"portal": wanted}


def test_a_service_without_a_preferred_port_keeps_the_one_of_its_last_start(tmp_path: Path) -> None:
    noted = tmp_path / "ports.json"
    first = ports.remembered(noted, "referral")
    assert ports.remembered(noted, "referral") == first
