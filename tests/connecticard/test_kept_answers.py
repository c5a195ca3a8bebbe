"""Answers that are kept for who asks again, and bodies held to their schema."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from connecticard import clock, kept_answers
from connecticard.api_bodies import a_list, a_text, an_object, mistakes, one_of, or_null
from connecticard.celery import app
from connecticard.kept_answers import KeyOfAnotherRequest
from connecticard.models import KeptAnswer
from connecticard.tasks import forget_kept_answers
from tests.factories import make_user


def claim(user, key="one", sha256="a" * 64):
    return kept_answers.claim(user=user, key=key, request_sha256=sha256)


@pytest.mark.django_db
def test_key_is_one_person_s_and_of_one_request():
    user = make_user(second_factor=False)
    first = claim(user)

    assert claim(user) == first
    assert claim(make_user(second_factor=False)) != first
    with pytest.raises(KeyOfAnotherRequest):
        claim(user, sha256="b" * 64)


@pytest.mark.django_db
def test_expired_answers_are_forgotten():
    user = make_user(second_factor=False)
    old, new = claim(user, "old"), claim(user, "new")
    KeptAnswer.objects.filter(pk=old.pk).update(
        made_at=clock.now() - timedelta(days=2), expires_at=clock.now() - timedelta(days=1)
    )

    forget_kept_answers()

    assert list(KeptAnswer.objects.all()) == [new]
    assert app.conf.beat_schedule["forget-kept-answers"]["task"] == forget_kept_answers.name


@pytest.mark.django_db
def test_database_keeps_one_answer_to_a_key_that_ends_after_it_began():
    user, now = make_user(second_factor=False), clock.now()
    facts = {"user": user, "key": "one", "request_sha256": "a" * 64, "made_at": now}
    KeptAnswer.objects.create(**facts, expires_at=now + timedelta(1))

    with pytest.raises(IntegrityError, match="one_answer_to_a_key_of_a_person"), transaction.atomic():
        KeptAnswer.objects.create(**facts, expires_at=now + timedelta(1))
    with pytest.raises(IntegrityError, match="kept_answer_expires_after_it_was_made"), transaction.atomic():
        KeptAnswer.objects.create(**facts | {"key": "two"}, expires_at=now)


SCHEMA = an_object(
    {
        "reason": a_text("Why."),
        "kind": or_null(one_of(["a", "b"], "Which.")),
        "rows": a_list({"type": "integer", "minimum": 0, "maximum": 9}, most=3),
    },
    optional=["kind", "rows"],
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"reason": "x", "kind": None, "rows": [1, 2.0]}, []),
        ({}, [("missing_field", "/reason")]),
        ({"reason": " \n\t\u00a0\u3000"}, [("invalid_field", "/reason")]),
        ({"reason": "a\0b"}, [("invalid_field", "/reason")]),
        ({"reason": "x" * 2001}, [("invalid_field", "/reason")]),
        ({"reason": "two\nlines", "kind": "a\n"}, [("invalid_field", "/kind")]),
        ({"reason": "x", "rows": [1, 2, 3, 4]}, [("invalid_field", "/rows")]),
        ({"reason": "x", "rows": [-1, "2"]}, [("invalid_field", "/rows/0"), ("invalid_field", "/rows/1")]),
        ({"reason": "x", "a/b~": 1}, [("unknown_field", "/a~1b~0")]),
        (7, [("invalid_field", None)]),
    ],
)
def test_each_mistake_of_a_body_has_its_place_and_cure(value, found):
    named = mistakes(value, SCHEMA)

    assert [(mistake.code, mistake.field) for mistake in named] == found
    assert all(mistake.detail and mistake.cure for mistake in named)
