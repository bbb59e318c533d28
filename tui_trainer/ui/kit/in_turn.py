"""Keys and clicks one after the other: each acts on the screen that the one before it has left."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from textual.app import App, ScreenStackError
from textual.events import Event, InputEvent, MouseMove, Paste
from textual.message_pump import MessagePump

from tui_trainer.ui.kit.fitted import FittedScreen

PATIENCE: Final = 1.0
"""The most seconds for which an input waits for the one before it: a screen that never comes to rest still obeys."""

ROUNDS: Final = 20
"""The most times that the screen is asked whether it has come to rest: one that draws a training always has something to hear."""


class InTurnApp(App[int]):
    """Gives out an input once all that the one before it caused is done.

    Textual gives them out as they come: a key with priority then overtakes letters on their way to a field, and any key overtakes the
    message by which a list tells what was chosen, and the screen that the key before it opens.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Event] = deque()
        self._resting: asyncio.Task[None] | None = None
        self._is_giving = False

    @property
    def takes_inputs(self) -> bool:
        """Whether an input is at work, and others wait for it."""
        return self._is_giving

    async def on_event(self, event: Event) -> None:
        """Give out an input, now or in its turn."""
        if not isinstance(event, InputEvent | Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting.append(event)
        if not self._is_giving:
            await self._give_next()

    async def _give_next(self) -> None:
        self._is_giving = True
        while self._waiting:
            event = self._waiting.popleft()
            await super().on_event(event)
            # The pointer's way does nothing that a key could overtake.
            if not isinstance(event, MouseMove):
                self._resting = asyncio.create_task(self._rest())
                return
        self._is_giving = False

    async def _rest(self) -> None:
        """Wait until the screen has heard all, in the end the app."""
        with suppress(TimeoutError, ScreenStackError):
            async with asyncio.timeout(PATIENCE):
                for _ in range(ROUNDS):
                    if isinstance(self.screen, FittedScreen):
                        await self.screen.ready()
                    # An input goes up from the focus to the app, as do most messages.
                    for pump in (*(self.focused or self.screen).ancestors_with_self, self):
                        await _heard(pump)
                    if not any(pump.message_queue_size for pump in (self, *self.screen.walk_children(with_self=True))):
                        break
        self.call_later(self._give_next)


async def _heard(pump: MessagePump) -> None:
    """Wait until it has heard all that it has been told so far."""
    heard = asyncio.Event()
    if pump.call_later(heard.set):
        await heard.wait()
