"""What can go wrong between us and Label Studio."""

from dataclasses import dataclass

from affectory.schemas.errors import AffectoryError, UserError


@dataclass(eq=False)
class Uncertain(AffectoryError):
    """Something was sent that must not be sent twice, and nobody knows whether it was done."""

    doing: str
    why: str

    def __str__(self) -> str:
        return f"{self.doing}: {self.why}; it may have been done or not"


@dataclass(eq=False)
class Refused(UserError):
    """Label Studio said no, with a status."""

    status: int = 0


@dataclass(eq=False)
class Silent(UserError):
    """Nobody answered for as long as we were ready to wait."""
