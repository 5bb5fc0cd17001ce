"""Where an interface listens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listening:
    """A host and port, with the files of a TLS certificate and its key where there is one."""

    host: str
    port: int
    cert: str = ""
    key: str = ""

    @property
    def address(self) -> str:
        """The address as a browser takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.cert else 'http'}://{host}:{self.port}"
