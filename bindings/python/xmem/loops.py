# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loops over events: an iterator that blocks, and one for asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generator, Optional

from .enums import EventReason
from .errors import DomainGoneError, XmemError
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


def leave(session: "Session", last: Optional[Event]) -> None:
    """A loop is left: its event is settled, and all answers are sent, since nothing says when
    somebody asks for events again."""
    if last is None or last._ring.handle is None:
        return  # ending the session, or monitoring, answered all
    try:
        if last._v[1] != _DIED:
            settle(last)
        session.flush()
    except DomainGoneError:
        pass


def events(session: "Session", timeout: Optional[float]) -> Generator[Event, None, None]:
    """See Session.events()."""
    following = session.next_event
    event: Optional[Event] = None
    try:
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
    except XmemError:
        raise  # the session fails: leaving would fail as well
    except BaseException:  # break, an exception of the body: the iterator is let go; Ctrl-C
        leave(session, event)
        raise


class AsyncEvents:
    """See Session.aevents()."""

    def __init__(self, session: "Session", timeout: Optional[float]) -> None:
        self._session = session
        self._timeout = timeout
        self._last: Optional[Event] = None
        self._burst = 0

    def __aiter__(self) -> "AsyncEvents":
        return self

    def close(self) -> None:
        """Leaves the loop. Letting go of the iterator does it too: break, an exception of the
        body, a cancelled task."""
        last, self._last = self._last, None
        leave(self._session, last)

    async def aclose(self) -> None:
        """The same, for contextlib.aclosing()."""
        self.close()

    def __del__(self) -> None:
        self.close()

    async def __anext__(self) -> Event:
        last = self._last  # kept until the next one comes: leaving the loop sends the answers
        try:
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
        except XmemError:
            self._last = None  # the session fails: leaving would fail as well
            raise

    async def _readable(self) -> bool:
        """Waits for the fd; what other tasks answer meanwhile is sent at once."""
        loop = asyncio.get_running_loop()
        session = self._session
        ready: "asyncio.Future[None]" = loop.create_future()
        fd = session.fileno()

        def wake() -> None:
            if loop.is_closed():
                return  # it has no readers any more, and nobody waits
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
            if session.waiting(None) is wake and not loop.is_closed():
                loop.remove_reader(fd)
        return True
