"""The metrics of a service, each defined once with its meaning."""

from prometheus_client import Counter, Gauge, Histogram

APPLIED = Counter("rehab_records_applied", "Records applied or found to be duplicates", ["service"])
RAISED = Counter("rehab_decisions_raised", "Decisions that raised; their events are parked", ["service"])
RETRIED = Counter("rehab_batches_retried", "Batches tried again: database away, or another writer first", ["service"])
UNKNOWN = Counter("rehab_records_uncontracted", "Records of types that this service does not read", ["service"])
TRACES_LEFT_OUT = Counter(
    "rehab_traces_left_out", "Records whose traceparent has not the form of W3C: read without it", ["service"]
)
SENT = Counter("rehab_records_sent", "Records that the relay sent", ["service"])
BATCH_SECONDS = Histogram(
    "rehab_batch_seconds",
    "Seconds from the first statement of a batch to its commit",
    ["service"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
WITHHELD = Counter("rehab_records_withheld", "Records in whose place their announcer withheld something", ["service"])
STUCK = Gauge("rehab_stuck", "1 where one thing is tried for more than a minute: an alarm", ["service", "what"])
HELD = Gauge("rehab_outbox_held", "Announcements that the broker refuses for their own sake: an alarm", ["service"])
UNPARKABLE = Gauge("rehab_unparkable", "Records of which only the digest could be kept: an alarm", ["service"])
PARKED = Gauge("rehab_parked", "Records parked, by reason", ["service", "reason"])
PARKED_OLDEST = Gauge("rehab_parked_oldest_seconds", "Age of the oldest parked record that needs somebody", ["service"])
STOPPED = Gauge("rehab_keys_stopped", "Keys that another history stopped: an alarm", ["service"])
OUTBOX = Gauge("rehab_outbox_rows", "Announcements that are not sent yet", ["service"])
UNANSWERED = Gauge("rehab_requests_unanswered", "Requests whose owner has not answered for a minute", ["service"])
LAG = Gauge("rehab_lag_records", "Records that this replica has yet to apply", ["service"])
LEADER = Gauge("rehab_leader", "1 where this replica relays, sweeps and wakes timers", ["service"])
FAILED_REQUESTS = Counter("rehab_requests_failed", "Requests that ended in a fault of ours", ["service", "route"])
PASSWORDS_CHECKED = Counter("rehab_passwords_checked", "Passwords that were checked, right or wrong", ["service"])
STREAMS = Gauge("rehab_streams", "Streams of hints that are open in this process", ["service"])
