# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loops over events: an iterator that blocks, and one for asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Iterator, Optional

from .enums import EventReason
from .errors import DomainGoneError
from .event import Event

if TYPE_CHECKING:
    from .session import Session

_DIED = int(EventReason.DOMAIN_DIED)
#: Events in one go, before other tasks get their turn.
_BURST = 64


def settle(event: Event) -> None:
    """The body is done with an event: what it left open is answered by the default."""
    if event._pointer is not None and not event._held:
        if event._ring.handle is None:
            return  # disabling answered it
        try:
            event.drop()
        except DomainGoneError:
            pass  # nobody waits for the answer; the next event tells


def events(session: "Session", timeout: Optional[float]) -> Iterator[Event]:
    """See Session.events()."""
    following = session.next_event
    while True:
        event = following()
        if event is None:
            if not session.wait(timeout):
                return
            continue
        yield event
        if event._v[1] == _DIED:
            return
        if event._pointer is not None:
            settle(event)


class AsyncEvents:
    """See Session.aevents()."""

    def __init__(self, session: "Session", timeout: Optional[float]) -> None:
        self._session = session
        self._timeout = timeout
        self._last: Optional[Event] = None
        self._burst = 0

    def __aiter__(self) -> "AsyncEvents":
        return self

    async def __anext__(self) -> Event:
        last, self._last = self._last, None
        if last is not None:
            if last._v[1] == _DIED:
                raise StopAsyncIteration
            settle(last)
        self._burst += 1
        if self._burst >= _BURST:
            self._burst = 0
            await asyncio.sleep(0)
        while True:
            event = self._session.next_event()
            if event is not None:
                self._last = event
                return event
            self._burst = 0
            if not await self._readable():
                raise StopAsyncIteration

    async def _readable(self) -> bool:
        """Waits for the fd; what other tasks answer meanwhile is sent at once."""
        loop = asyncio.get_running_loop()
        session = self._session
        ready: "asyncio.Future[None]" = loop.create_future()
        fd = session.fileno()

        def wake() -> None:
            loop.remove_reader(fd)  # before the fd is closed, and its number used again
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(fd, wake)
        session.waiting(wake)
        try:
            await asyncio.wait_for(ready, self._timeout)
        except asyncio.TimeoutError:
            return False
        finally:
            if session.waiting(None) is wake:
                loop.remove_reader(fd)
        return True
