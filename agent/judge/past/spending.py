"""What policies have spent of their limits, kept up as time goes on: windows that slide over approvals."""

from collections import Counter, deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from agent.judge.guard import limits_of
from agent.model.decision import Unit
from agent.model.policy import Policy


class Window:
    """The approvals of one policy within one span of time. Moments must not go back."""

    __slots__ = ("_actions", "_approvals", "_messages", "_span")

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self._approvals: deque[tuple[datetime, str, int]] = deque()
        self._actions: Counter[str] = Counter()
        self._messages = 0

    def add(self, at: datetime, action_id: str, messages: int) -> None:
        """Count one approval."""
        self._approvals.append((at, action_id, messages))
        self._actions[action_id] += 1
        self._messages += messages

    def spent(self, unit: Unit, now: datetime, action_id: str) -> int:
        """Return what was approved: other actions, each once; or messages, whichever action they are of."""
        since = now - self._span
        while self._approvals and self._approvals[0][0] < since:
            _, gone, messages = self._approvals.popleft()
            self._messages -= messages
            self._actions[gone] -= 1
            if not self._actions[gone]:
                del self._actions[gone]
        if unit is Unit.MESSAGES:
            return self._messages
        return len(self._actions) - (action_id in self._actions)


class Spending:
    """The windows of all limits of some policies, by the policy's name and the window's span."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._windows: dict[str, dict[timedelta, Window]] = {}
        for policy in policies:
            for _, limit in limits_of(policy):
                spans = self._windows.setdefault(policy.name, {})
                spans.setdefault(limit.window, Window(limit.window))

    def add(self, policies: Iterable[str], at: datetime, action_id: str, messages: int) -> None:
        """Count one approval by these policies; one without limits counts nowhere."""
        for policy in policies:
            for window in self._windows.get(policy, {}).values():
                window.add(at, action_id, messages)

    def spent(self, policy: str, unit: Unit, span: timedelta, now: datetime, action_id: str) -> int:
        """Return what the policy has approved within the span before now."""
        return self._windows[policy][span].spent(unit, now, action_id)
