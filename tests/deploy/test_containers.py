"""Where tests find a Docker daemon and a broker in it."""

import pytest

from tests.stack import containers


def test_a_daemon_that_is_named_and_does_not_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for nowhere in ("tcp://127.0.0.1:1", "unix:///nowhere/docker.sock"):
        monkeypatch.setenv("DOCKER_HOST", nowhere)
        assert not containers.have.__wrapped__(containers.KAFKA)


def test_a_broker_is_there_once_it_answers(kafka: str) -> None:
    assert containers.serves(kafka)
    assert not containers.serves("127.0.0.1:1")
