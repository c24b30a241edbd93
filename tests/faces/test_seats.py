"""Seats: whoever is silent leaves for one more, and whoever is being served stays."""

from dataclasses import dataclass

from agent.faces.seats import Seats


@dataclass(eq=False)
class Somebody:
    """A connection that works like one."""

    address: str = "10.0.0.1"
    is_silent: bool = True
    is_out: bool = False

    def turn_out(self) -> None:
        self.is_out = True


def seated(*guests: Somebody, most: int) -> list[bool]:
    seats = Seats(most)
    for one in guests:
        seats.take(one)
    return [one.is_out for one in guests]


def test_nobody_leaves_while_there_is_a_seat() -> None:
    assert seated(Somebody(), Somebody(), most=2) == [False, False]


def test_the_first_of_the_silent_leaves_for_one_more() -> None:
    assert seated(Somebody(), Somebody(), Somebody(), most=2) == [True, False, False]


def test_who_is_served_stays() -> None:
    assert seated(Somebody(is_silent=False), Somebody(), Somebody(), most=2) == [False, True, False]
    assert seated(Somebody(is_silent=False), Somebody(), most=1) == [False, False]


def test_who_holds_most_leaves_first() -> None:
    one, first, second = Somebody("10.0.0.2"), Somebody(), Somebody()

    assert seated(one, first, second, Somebody(), most=3) == [False, True, False, False]


def test_who_has_gone_has_no_seat() -> None:
    seats, gone, stays = Seats(2), Somebody(), Somebody()
    seats.take(gone)
    seats.take(stays)

    seats.leave(gone)
    seats.take(Somebody())

    assert not stays.is_out
