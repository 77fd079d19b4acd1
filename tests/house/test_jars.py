"""The broker runs exactly the jars that were locked."""

import hashlib
from pathlib import Path

import pytest

from deploy.local import jars


def _lock(tmp_path: Path, sha256: str) -> Path:
    lock = tmp_path / "lock.toml"
    lock.write_text(
        f'[[dependencies]]\ngroupId = "org.clinic"\nartifactId = "one"\nversion = "1.0"\nsha256 = "{sha256}"\n'
    )
    return lock


def _store(tmp_path: Path, content: bytes) -> Path:
    jar = tmp_path / "store" / "org" / "clinic" / "one" / "1.0" / "one-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(content)
    return jar


def test_a_jar_with_the_locked_checksum_is_used_without_network(tmp_path: Path) -> None:
    jar = _store(tmp_path, b"as locked")
    assert jars.install(tmp_path / "store", _lock(tmp_path, hashlib.sha256(b"as locked").hexdigest())) == [jar]


def test_a_tampered_jar_is_refused_and_removed(tmp_path: Path) -> None:
    jar = _store(tmp_path, b"something else")
    with pytest.raises(jars.Tampered, match=r"one-1\.0\.jar"):
        jars.install(tmp_path / "store", _lock(tmp_path, hashlib.sha256(b"as locked").hexdigest()))
    assert not jar.exists()


def test_every_locked_jar_has_a_checksum_and_the_broker_is_among_them() -> None:
    assert all(len(jar.sha256) == 64 for jar in jars.locked())
    assert ("kafka_2.13", "4.4.0") in {(jar.artifact, jar.version) for jar in jars.locked()}
