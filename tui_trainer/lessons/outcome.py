"""How a lesson came out when it was put to the test: what is remembered of it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Outcome(BaseModel):
    """The latest outcome of a lesson as it stands in its file; of a quiz, the answers."""

    model_config = ConfigDict(frozen=True)

    right: Annotated[int, Field(ge=0)]
    """Criteria that held, or questions that were answered rightly."""
    of: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0)]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """That the runs took."""

    @property
    def holds(self) -> bool:
        """Whether every criterion held, or every answer was right."""
        return self.right >= self.of
