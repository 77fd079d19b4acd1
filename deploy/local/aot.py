"""What the broker's Java learns in a first start, kept beside the jars: later starts take a third of the time.

`python -m deploy.local.aot` learns it, once for these jars and this Java. Without it everything works, more slowly.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.kafka import Broker, class_path, learnt

_PATIENCE = 120.0  # seconds in which a Java that ends writes down what it has learnt


def learn() -> None:
    """Start a broker that is nobody's, and end it; what other jars or another Java had learnt goes."""
    place = learnt(class_path())
    if place.exists():
        return
    new = place.with_suffix(".new")
    with TemporaryDirectory() as folder:
        broker = Broker(Path(folder), fast=True, java=(f"-XX:AOTCacheOutput={new}",))
        broker.start()
        broker.stop(_PATIENCE)
    for old in place.parent.glob("broker-*.aot"):
        old.unlink()
    if new.exists():  # not where Java was killed for its slowness, or could not write
        new.replace(place)


if __name__ == "__main__":
    learn()
