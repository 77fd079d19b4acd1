"""The whole stack on one machine, without Docker; `python -m deploy.local` runs it, its modules serve as a library.

- `kafka.Broker(folder, fast=False)`: `start stop kill pause resume`, `servers` (REHAB_KAFKA); `launch` + `wait_ready`
- `topics`: `await create_topics(servers, names, count=None)`, `await delete_topics(servers, names)`, `prepare(servers)`
- `postgres.Postgres(folder, fast=False)`: `start stop kill pause resume`, `url` (REHAB_POSTGRES, no user yet)
- `rights`: `address(url, database=, user=)`, `await prepare_roles(url, services)`,
  `await prepare_database(url, services)`; the superuser is `address(url, database="postgres", user="postgres")`
- `mail.Catcher(folder)`: `start stop`, `address` (REHAB_SMTP), mails as files; `answers` makes it refuse
- `processes.ServiceProcess(name, env, log)`: `start stop kill pause resume wait_ready is_alive`, `address`
- `stack.Stack(folder, services=..., fast=..., clock=..., given=...)`: any subset in any folder; a context manager
- `ports.free_port()`, `waiting.wait_until(condition, within=, what=)`

`start` blocks; it may be called with or without a running event loop. Whoever starts a thing stops it; what a killed
launcher left behind is ended by the next start in the same folder.
"""

import zonetables  # noqa: F401 - whatever is started from here takes zones from the locked tables
