"""Calls to one of Microsoft's APIs: under one budget, repeated by our own table.

No library repeats anything by itself: the SDK's retry middleware sends POST and PATCH again on 503 and 504,
which doubles remediations, sleeps up to three minutes in place, and does not repeat a read after 500 or
a reset. (kiota-http 1.16)
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Generic, TypeVar

import httpx
import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from agent.adapters.microsoft.answers import (
    REPEATED_READS,
    Again,
    Answer,
    Call,
    Lost,
    bad,
    claims_challenge,
    judge_write,
    lost,
    no,
    request_id,
)
from agent.adapters.microsoft.budget import Budget, Throttled
from agent.adapters.microsoft.tokens import Claims, Tokens
from agent.adapters.microsoft.transport import Departure
from agent.adapters.patience import ATTEMPTS, SHORT, backoff, retry_after
from agent.model.enactment import Outcome, Went
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.telemetry import Counted, Timed
from agent.model.vitals import Usage
from agent.ports.defender import Departing
from agent.ports.host import Clock
from agent.ports.telemetry import SILENT, Telemetry

DEADLINE_SECONDS = 90.0
"""How long one attempt may take from its first byte to its last, whatever trickles in."""

LOST = "lost"
"""How a request went of which no whole answer came."""

T = TypeVar("T")
R = TypeVar("R")


class NotFound(Refused):
    """The API answered 404."""


class BadRequest(Refused):
    """The API answered 400."""


class Forbidden(Refused):
    """The API answered 403."""


class Oversized(Malformed):
    """The answer is larger than we take."""


class Failing(Unavailable):
    """The API answered 500 every time."""


def outcome_of(status: int) -> str:
    """Return how a request went by the number of its answer, in one of a few words."""
    if status == 429:
        return "throttled"
    if status >= 500:
        return "failing"
    return "refused" if status >= 400 else "ok"


class Caller(ABC, Generic[R]):
    """Makes calls of one tenant to one API. `R` is how a request is written down; `_send` sends one.

    A request is made anew for each attempt: the SDK writes the token into it, and would keep a stale one.
    """

    def __init__(
        self, *, tokens: Tokens, budget: Budget, clock: Clock, lots: Random, telemetry: Telemetry = SILENT
    ) -> None:
        self._tokens = tokens
        self._budget = budget
        self._clock = clock
        self._lots = lots
        self._telemetry = telemetry
        self._renewed = -1

    @abstractmethod
    async def _send(self, request: R, departure: Departure | None) -> httpx.Response:
        """Send one request with the token in use, and return its answer, read whole."""

    @property
    def grants(self) -> frozenset[str]:
        """The permissions in the token that is in use."""
        return self._tokens.claims.grants

    @property
    def claims(self) -> Claims:
        """What the token that is in use says of itself."""
        return self._tokens.claims

    @property
    def is_delegated(self) -> bool:
        """Whether the token that is in use stands for a person rather than for the app."""
        return self._tokens.claims.is_delegated

    @property
    def own(self) -> frozenset[str]:
        """By which ids Entra ID knows this agent, lower case."""
        return self._tokens.claims.own

    @property
    def has_token(self) -> bool:
        """Whether there has been a token yet; without one nothing is known of its permissions."""
        return self._tokens.generation > 0

    def usage(self) -> Usage:
        """Return how much of its request budget was used in the last minute."""
        return self._budget.usage()

    def allow(self, per_minute: int) -> None:
        """Let at most so many requests leave in a minute from now on."""
        self._budget.allow(per_minute)

    async def log_in(self) -> None:
        """Have a token in use, so that its permissions are known.

        Raises:
            Refused, Unavailable: there is none.
        """
        await self._tokens.ready()

    async def read(self, call: Call, ask: Callable[[], R], decode: Callable[[Answer], T]) -> T:
        """Return what a read answers.

        Raises:
            Unavailable: the API is away after every attempt, or asks for a long wait.
            Refused: the API says no; NotFound, BadRequest and Forbidden are told apart.
            Malformed: the answer is not what is documented, every time.
        """

        async def once() -> T:
            return self._decoded(call, await self._read_once(call, ask), decode)

        try:
            return await self._repeating()(once)
        except Again as again:
            raise again.final from again.__cause__

    async def write(
        self,
        call: Call,
        ask: Callable[[], R],
        *,
        departing: Departing,
        may_repeat: bool,
        done: Callable[[Answer], Outcome] | None = None,
    ) -> Outcome:
        """Return how one write went.

        A write is repeated here only while it has not left. `may_repeat` also repeats it after answers
        that say that nothing was done (401 once, 429); without it these raise Unavailable, since each
        departure of a destructive call is counted by the caller, who repeats it.

        Raises:
            Unavailable: definitely not applied.
            whatever `departing` raises: nothing was sent.
        """

        async def once() -> tuple[Outcome, Answer | None]:
            return await self._write_once(call, ask, departing, may_repeat)

        try:
            found: tuple[Outcome, Answer | None] = await self._repeating()(once)
        except Again as again:
            raise again.final from again.__cause__
        outcome, answer = found
        if answer is None:
            return outcome
        own_id = outcome.client_request_id
        if done is not None and outcome.went is Went.DONE:
            outcome = done(answer)
        return msgspec.structs.replace(outcome, request_id=request_id(answer), client_request_id=own_id)

    async def _read_once(self, call: Call, ask: Callable[[], R]) -> Answer:
        """Return an answer that is good; everything else raises."""
        answer = await self._authorised(call, ask)
        status = answer.status
        if status in {200, 206}:
            return answer
        if status in REPEATED_READS:
            raise self._again(call, answer)
        words = no(call, answer, self.grants)
        match status:
            case 400:
                raise BadRequest(words)
            case 403:
                raise Forbidden(words)
            case 404:
                raise NotFound(words)
            case 410:
                # A page's link that has aged: the walk begins anew with the next pass.
                raise Unavailable(words)
            case _ if status >= 500:
                raise Again(Unavailable(bad(call, answer)))
            case _ if 400 <= status < 500:
                raise Refused(words)
            case _:
                raise Malformed(words)

    def _decoded(self, call: Call, answer: Answer, decode: Callable[[Answer], T]) -> T:
        """Return what the body says; a body that nobody can read is asked for again: a gateway may have sent it."""
        try:
            return decode(answer)
        except Malformed as error:
            raise Again(Malformed(f"{call}: {error}")) from error

    async def _authorised(self, call: Call, ask: Callable[[], R]) -> Answer:
        """Return the answer to a read, with a new token after one 401."""
        for is_last in (False, True):
            generation = await self._ready()
            try:
                answer = await self._once(ask, is_listing=call.is_listing)
            except Lost as error:
                if error.is_too_large:
                    raise Oversized(f"{call}: {error}") from error
                raise Again(Unavailable(f"{call}: {error}")) from error
            if answer.status != 401:
                return answer
            if is_last:
                break
            await self._tokens.renew(generation, claims_challenge(answer))
        raise Refused(no(call, answer))

    async def _write_once(
        self, call: Call, ask: Callable[[], R], departing: Departing, may_repeat: bool
    ) -> tuple[Outcome, Answer | None]:
        departure = Departure(departing)
        try:
            generation = await self._ready()
            answer = await self._once(ask, departure)
        except (Refused, Lost) as error:
            if departure.objection is not None:
                raise departure.objection from None
            if isinstance(error, Refused):
                # The login's no: the write never left, and may be sent once the login is mended.
                raise Unavailable(str(error)) from error
            words = f"{call}: {error}"
            if not departure.has_left:
                raise Again(Unavailable(words)) from error
            detail, own_id = f"{words}: it may have been applied", departure.client_request_id
            return Outcome(went=Went.UNKNOWN, detail=detail, client_request_id=own_id), None
        if answer.status == 401:
            raise await self._turned_away(call, answer, generation, may_repeat)
        self._renewed = -1
        if answer.status != 429:
            judged = judge_write(call, answer, self.grants)
            return msgspec.structs.replace(judged, client_request_id=departure.client_request_id), answer
        again = self._again(call, answer)
        if may_repeat:
            raise again
        wait = again.wait if again.wait is not None else backoff(1, self._lots).total_seconds()
        raise Unavailable(str(again.final), until=self._clock.now() + timedelta(seconds=wait))

    async def _turned_away(self, call: Call, answer: Answer, generation: int, may_repeat: bool) -> Exception:
        """Fetch a new token after a 401, and return what to raise: nothing was applied."""
        words = no(call, answer)
        if generation == self._renewed:
            return Unavailable(words)
        try:
            await self._tokens.renew(generation, claims_challenge(answer))
        except Refused as error:
            return Unavailable(str(error))
        self._renewed = self._tokens.generation
        if may_repeat:
            return Again(Unavailable(words), wait=0.0)
        return Unavailable(words, until=self._clock.now())

    async def _ready(self) -> int:
        """Return which token the next request will carry."""
        await self._tokens.ready()
        return self._tokens.generation

    async def _once(
        self, ask: Callable[[], R], departure: Departure | None = None, *, is_listing: bool = False
    ) -> Answer:
        """Send one request when the budget lets it, and return its answer.

        Raises:
            Lost: there is no whole answer.
        """
        await self._budget.spend(is_listing=is_listing)
        api, began, outcome = self._budget.system, time.monotonic(), LOST
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                response = await self._send(ask(), departure)
            outcome = outcome_of(response.status_code)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            raise lost(error) from error
        finally:
            self._telemetry.count(Counted.REQUEST, api=api, outcome=outcome)
            self._telemetry.time(Timed.REQUEST, time.monotonic() - began, api=api)
        return Answer(response.status_code, response.headers, response.content)

    def _again(self, call: Call, answer: Answer) -> Again:
        """Return the error that repeats a call; park the tenant where the API asks for a long wait.

        Raises:
            Unavailable: the wait is too long to be slept here.
        """
        words = bad(call, answer)
        wait = retry_after(answer.headers.get("retry-after"), self._clock.now())
        if wait is None:
            if answer.status == 429:
                self._budget.hold(self._clock.now() + backoff(1, self._lots))
            return Again(_away(answer.status)(words))
        until = self._clock.now() + wait
        if wait > SHORT:
            until = self._budget.park(until)
            patience = f"{words}: asks for patience until {until:%H:%M:%S} UTC"
            raise _away(answer.status)(patience, until=until)
        if answer.status == 429:
            self._budget.hold(until)
        return Again(_away(answer.status)(words, until=until), wait.total_seconds())

    def _repeating(self) -> AsyncRetrying:
        return AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            retry=retry_if_exception_type(Again),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, Again) and error.wait is not None:
            return error.wait
        return backoff(state.attempt_number, self._lots).total_seconds()

    async def _sleep(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now() + timedelta(seconds=seconds))


def _away(status: int) -> type[Unavailable]:
    """Return as what an answer counts that says to come back later."""
    return {429: Throttled, 500: Failing}.get(status, Unavailable)
