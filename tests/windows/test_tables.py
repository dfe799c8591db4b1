"""The tables of operations and of conversations in each PowerShell: the tests of POSIX hosts.

pytest takes them from here once more, with the fixtures `host` and `talk` of this folder.
"""

from __future__ import annotations

from tests.hosts.smtp.test_conversation import (
    test_a_ca_file_that_is_none,
    test_a_certificate,
    test_a_conversation,
    test_a_form,
    test_a_message_without_a_line_end_gets_one,
    test_a_server_that_does_not_even_accept,
    test_all_of_it_ends_after_six_times_its_time,
    test_it_names_itself_after_its_host,
    test_nobody_listens,
    test_what_can_be_no_host_name,
    test_what_would_break_out_of_its_line,
)
from tests.unit.hosts.test_operations import (
    test_a_case,
    test_a_placeholder_means_what_its_token_means_in_a_secret_and_nowhere_else,
    test_placeholders_in_a_form_in_the_clear_to_this_machine,
)

__all__ = [
    "test_a_ca_file_that_is_none",
    "test_a_case",
    "test_a_certificate",
    "test_a_conversation",
    "test_a_form",
    "test_a_message_without_a_line_end_gets_one",
    "test_a_placeholder_means_what_its_token_means_in_a_secret_and_nowhere_else",
    "test_a_server_that_does_not_even_accept",
    "test_all_of_it_ends_after_six_times_its_time",
    "test_it_names_itself_after_its_host",
    "test_nobody_listens",
    "test_placeholders_in_a_form_in_the_clear_to_this_machine",
    "test_what_can_be_no_host_name",
    "test_what_would_break_out_of_its_line",
]
