"""RFC 6238, appendix B, cut to six digits."""

import base64

import pytest

from connecticard import one_time_code

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_code_of_the_published_examples(seconds, code):
    assert one_time_code.code_of(SECRET, one_time_code.step_at(seconds)) == code


def test_matching_step_half_a_minute_off():
    code = one_time_code.code_of(SECRET, 100)

    assert one_time_code.matching_step(SECRET, code, 100 * 30 + 59) == 100
    assert one_time_code.matching_step(SECRET, code, 99 * 30) == 100
    assert one_time_code.matching_step(SECRET, code, 102 * 30) is None
