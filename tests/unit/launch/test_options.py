# SPDX-License-Identifier: Apache-2.0
"""What is the launcher's and what is the command's, on both launchers' command lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_distro.launch.options import command_at, is_safe, let_the_command_keep_its_options, variables_of

KNOWN = {"service_name": "OTEL_SERVICE_NAME", "distro_strict": "OTEL_DISTRO_STRICT"}
WORDS = st.sampled_from(["a", "--", "-", "--service_name", "--config", "-P", "x=y", "--x=y", "--help", "päth", ""])
COMMANDS = st.sampled_from(["gunicorn", "/usr/bin/python", "a=b", ""])


@given(st.lists(st.tuples(st.sampled_from(sorted(KNOWN)), WORDS, st.booleans())), COMMANDS, st.lists(WORDS))
def test_whatever_the_command_s_arguments_are_they_are_found_again(options, command, arguments):
    given_ = [
        part for name, value, joined in options for part in ([f"--{name}={value}"] if joined else [f"--{name}", value])
    ]
    place = command_at([*given_, command, *arguments])
    assert place == len(given_)
    assert variables_of(given_, KNOWN) == {KNOWN[name]: value for name, value, _ in options}
    argv = ["/somewhere/opentelemetry-instrument", *given_, command, *arguments]
    let_the_command_keep_its_options(argv)
    assert argv[1:] == [*given_, "--", command, *arguments]
    let_the_command_keep_its_options(argv)
    assert argv[1:] == [*given_, "--", command, *arguments]


@pytest.mark.parametrize(
    "argv", [["pytest", "a"], ["opentelemetry-instrument"], ["opentelemetry-instrument", "--help"], []]
)
def test_other_command_lines_stay_as_they_are(argv):
    before = list(argv)
    let_the_command_keep_its_options(argv)
    assert argv == before


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--nope", "x"], "--nope: no such option"), (["--service_name"], "--service_name: expected a value")],
)
def test_what_is_wrong_with_an_option_is_said(options, said):
    with pytest.raises(ValueError, match=said):
        variables_of(options, KNOWN)


@pytest.mark.parametrize(
    ("command", "safe"),
    [
        ("python -P app.py", True),
        ("/usr/bin/python3.13 -uP -c pass", True),
        ("python app.py -P", False),
        ("python -m pip -P", False),
        ("python -c P -P", False),
        ("uvicorn -P", False),
        ("python", False),
    ],
)
def test_a_python_that_is_told_not_to_look_into_the_working_directory_is_known(command, safe):
    assert is_safe(command.split()) is safe
