# SPDX-License-Identifier: Apache-2.0
"""Classes made without generated code behave as the standard library's frozen dataclasses."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from otel_distro.ground.frozen import dataclass


@dataclass(frozen=True)
class Ours:
    """Ours."""

    name: str
    size: int = 1
    tags: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def double(self) -> int:
        return 2 * self.size


@dataclasses.dataclass(frozen=True)
class Theirs:
    """The library's."""

    name: str
    size: int = 1
    tags: dict[str, int] = dataclasses.field(default_factory=dict)


BOTH = pytest.mark.parametrize("kind", [Ours, Theirs])


@BOTH
@pytest.mark.parametrize(
    ("positional", "named"),
    [(("a",), {}), ((), {"name": "a"}), (("a", 2), {"tags": {"x": 1}}), (("a", 2, {"x": 1}), {})],
)
def test_values_come_by_position_by_name_or_by_default(kind: Any, positional: Any, named: Any) -> None:
    made = kind(*positional, **named)
    expected = Theirs(*positional, **named)
    assert dataclasses.asdict(made) == dataclasses.asdict(expected)
    assert repr(made).partition("(")[2] == repr(expected).partition("(")[2]


@BOTH
@pytest.mark.parametrize(
    ("positional", "named"),
    [((), {}), (("a", 1, {}, 4), {}), (("a",), {"name": "b"}), (("a",), {"weight": 3})],
)
def test_wrong_arguments_are_a_type_error(kind: Any, positional: Any, named: Any) -> None:
    with pytest.raises(TypeError):
        kind(*positional, **named)


@BOTH
def test_nothing_can_be_changed_but_a_copy(kind: Any) -> None:
    made = kind("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.weight = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.name
    copy = dataclasses.replace(made, size=5)
    assert (copy.name, copy.size, made.size) == ("a", 5, 1)
    assert copy.tags is made.tags
    assert kind("a").tags is not made.tags


@BOTH
def test_equal_values_of_one_class_are_equal(kind: Any) -> None:
    assert kind("a", 2) == kind("a", 2) != kind("a", 3)
    assert Ours("a") != Theirs("a")


def test_those_with_hashable_values_are_hashable() -> None:
    @dataclass(frozen=True)
    class Point:
        """A point."""

        x: int
        y: int = 0

    assert {Point(1), Point(1, 0), Point(2)} == {Point(1), Point(2)}
    with pytest.raises(TypeError):
        hash(Ours("a"))


def test_a_class_keeps_the_methods_that_it_defines() -> None:
    @dataclass(frozen=True)
    class Named:
        """With a text of its own."""

        name: str

        def __repr__(self) -> str:
            return "mine"

    assert (repr(Named("a")), Ours("a", 4).double) == ("mine", 8)
