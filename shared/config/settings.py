"""The settings of a process, from its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The REHAB_… variables; all but the two addresses have defaults that fit a single machine."""

    model_config = SettingsConfigDict(env_prefix="REHAB_", extra="ignore", hide_input_in_errors=True)

    kafka: str
    postgres: str
    http: str = ""
    smtp: str = "127.0.0.1:1025"
    instance: str = "0"
    group: str = ""
    log_level: str = "INFO"
    own_faults_allowed: int = 200  # decisions that raise in a row before the service stops itself
    stuck_after: float = 60.0  # seconds for which one batch or one wave may be tried while broker and database answer
