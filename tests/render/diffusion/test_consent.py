"""Whose portrait may be used, for what and until when."""

import datetime
import hashlib

import pytest

from signgen.errors import DataError
from signgen.render.diffusion.consent import check_consent, consent_path, read_consent

TODAY = datetime.date(2026, 5, 4)
GOOD = 'who = "Jane Doe"\nscope = ["research", "education"]\nexpiry = 2026-05-04\n'
HASH = "ab" * 32


def check(tmp_path, text, purpose="research", name="consent.toml"):
    if text is not None:
        (tmp_path / name).write_text(text)
    return check_consent(tmp_path / "jane.png", HASH, purpose, today=TODAY)


def test_it_holds_through_its_last_day(tmp_path):
    consent = check(tmp_path, GOOD)
    assert (consent.who, consent.scope, consent.expiry) == ("Jane Doe", ("research", "education"), TODAY)
    assert consent.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()


def test_the_name_stays_out_of_the_account(tmp_path):
    account = check(tmp_path, GOOD).account()
    assert account == {
        "sha256": hashlib.sha256(GOOD.encode()).hexdigest(),
        "scope": ["research", "education"],
        "expiry": "2026-05-04",
    }


def test_a_portrait_can_have_a_file_of_its_own(tmp_path):
    (tmp_path / "consent.toml").write_text("nobody")
    assert check(tmp_path, GOOD, name="jane.consent.toml").who == "Jane Doe"
    assert consent_path(tmp_path / "john.png") == tmp_path / "consent.toml"


@pytest.mark.parametrize(
    ("text", "purpose", "says"),
    [
        (None, "research", r'missing; .*who = "NAME"; scope = \["research"\]; expiry = 2027-05-04$'),
        (
            GOOD.replace("05-04", "05-03"),
            "research",
            r"expired on 2026-05-03; .* write: expiry = 2027-05-04$",
        ),
        (GOOD, "commercial", r'write: scope = \["research", "education", "commercial"\]$'),
        (GOOD + f'portrait_sha256 = ["{"cd" * 32}"]', "research", f'add to portrait_sha256: "{HASH}"'),
        (GOOD + 'portrait_sha256 = "cafe"', "research", "64 small hexadecimal digits"),
        (GOOD + 'scoop = "all"', "research", "'scoop': unknown field; did you mean 'scope'"),
        (GOOD.replace("who", "#"), "research", "who: missing; write a name"),
        (GOOD.replace("scope", "#"), "research", "scope: missing; write a list of: private, research"),
        (GOOD.replace("expiry", "#"), "research", "expiry: missing; write a date such as 2027-01-31"),
        (GOOD.replace("2026-05-04", '"2026-05-04"'), "research", "expiry: expected a date"),
        (GOOD.replace("2026-05-04", "2026-05-04T10:00:00"), "research", "expiry: expected a date"),
        (GOOD.replace("Jane Doe", " "), "research", "who: expected a name"),
        (GOOD.replace('["research", "education"]', '"research"'), "research", "scope: expected a list"),
        (GOOD.replace("education", "everything"), "research", "scope: expected a list"),
        (GOOD.replace('"research", "education"', ""), "research", "scope: expected a list"),
        ("who = ", "research", "not valid TOML"),
    ],
)
def test_what_is_refused_in_one_line_that_says_what_to_write(tmp_path, text, purpose, says):
    with pytest.raises(DataError, match=says) as caught:
        check(tmp_path, text, purpose)
    assert str(tmp_path / "consent.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_portrait_may_be_named(tmp_path):
    assert check(tmp_path, GOOD + f'portrait_sha256 = "{HASH}"').portrait_sha256 == (HASH,)


def test_what_is_not_text_or_too_large(tmp_path):
    path = tmp_path / "consent.toml"
    for data in (b"\xff\xfe", b"#" * (1 << 17)):
        path.write_bytes(data)
        with pytest.raises(DataError):
            read_consent(path)
