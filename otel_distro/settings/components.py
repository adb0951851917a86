# SPDX-License-Identifier: Apache-2.0
"""Casts for names that upstream looks up among installed entry points: one that nobody provides takes only itself.

Upstream ends the whole set-up for one of them, and for a propagator the program.
"""

from __future__ import annotations

from collections.abc import Callable

from otel_distro.settings.casts import Cast, listed


def component(group: str, *builtin: str, made: bool = False) -> Cast:
    """Return the cast of one name of an entry-point group.

    Args:
        group: The group.
        builtin: Names that need no search.
        made: Whether upstream makes an object of it without a boundary of its own.
    """
    check = _check(group, builtin, made=made)

    def cast(value: str) -> str:
        check(value)
        return _spelled(value, builtin)

    return cast


def components(group: str, *builtin: str, made: bool = False) -> Cast:
    """Return the cast of a comma-separated list of names of an entry-point group; as above."""
    check = _check(group, builtin, made=made)

    def cast(value: str) -> tuple[str, ...]:
        return listed(",".join(_spelled(name.strip(), builtin) for name in value.split(",")), check)

    return cast


def _spelled(name: str, builtin: tuple[str, ...]) -> str:
    """Names of the specification are taken in any case."""
    return name.lower() if name.lower() in builtin else name


def _check(group: str, builtin: tuple[str, ...], *, made: bool) -> Callable[[str], None]:
    def check(name: str) -> None:
        if _spelled(name, builtin) in builtin:
            return
        from otel_distro.upstream import entry_point_names, load_entry_point  # the search is for those who name another

        known = sorted({*builtin, *entry_point_names(group)})
        if name not in known:
            raise ValueError(f"one of {', '.join(known)}, but {name!r} is none: misspelt, or its package is missing")
        try:
            found = load_entry_point(group, name)
            if made:
                found()
        except Exception as error:  # noqa: BLE001 - other people's code runs here
            raise ValueError(f"a component that can be loaded, but {name!r}: {type(error).__name__}: {error}") from None

    return check
