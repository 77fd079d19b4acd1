"""How the pages are reached."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class PageSettings(BaseSettings):
    """REHAB_PORTAL_ORIGIN is where browsers find the portal; over https its cookie is bound to that host alone."""

    model_config = SettingsConfigDict(env_prefix="REHAB_PORTAL_", extra="ignore", hide_input_in_errors=True)

    origin: str = ""

    @property
    def is_secure(self) -> bool:
        """Return whether browsers come over https."""
        return self.origin.startswith("https://")

    @property
    def cookie(self) -> str:
        """The name of the session's."""
        return "__Host-session" if self.is_secure else "session"

    @property
    def device_cookie(self) -> str:
        """The name of the cookie that says on which device somebody signed in before."""
        return "__Host-device" if self.is_secure else "device"


@cache
def settings() -> PageSettings:
    """Of this process."""
    return PageSettings()
