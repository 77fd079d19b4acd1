"""Makes the locked tzdata package the only source of time zones here and in every process that is started from here.

`zoneinfo` prefers the tables of the operating system, which may be years old. Every package of the project imports
this module first, so that no zone is looked up before.
"""

import os
import zoneinfo
from importlib.metadata import version

os.environ["PYTHONTZPATH"] = ""  # inherited by the processes that are started from here
zoneinfo.reset_tzpath(())
zoneinfo.ZoneInfo.clear_cache()

VERSION = version("tzdata")
