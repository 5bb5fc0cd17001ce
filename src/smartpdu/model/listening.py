"""Where an interface listens."""

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Listening:
    """A host and port, with the files of a TLS certificate and its key where there is one."""

    host: str
    port: int
    cert: str = ""
    key: str = ""

    @property
    def everywhere(self) -> bool:
        """Whether the host stands for all addresses of this machine, and so for none to open."""
        try:
            return ip_address(self.host).is_unspecified
        except ValueError:
            return False

    @property
    def reached(self) -> str:
        """A host at which a browser on this machine finds it."""
        if self.everywhere:
            return "[::1]" if ":" in self.host else "127.0.0.1"
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def address(self) -> str:
        """The address as a browser on this machine takes it."""
        return f"{'https' if self.cert else 'http'}://{self.reached}:{self.port}"
