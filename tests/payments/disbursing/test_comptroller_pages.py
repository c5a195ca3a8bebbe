"""To the Comptroller through the pages: the order, the batch, the result file, as staff take the steps."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from connecticard.models import Role
from payments.models import BoardOrder, PaymentBatch, PaymentResult
from payments.preparing.run_steps import stage, steps
from tests.factories import make_signed_in_client
from tests.payments.disbursed import certified_run, exported, make_payee, ordered, ready_run
from tests.payments.disbursing.test_result_services import B_BACK, A, B, file_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_day(settings):
    settings.DEMO_TODAY = date(2027, 5, 4)


@pytest.fixture
def client():
    return make_signed_in_client(Role.STATE_STAFF)


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def send(client, run, content, name="results.csv"):
    return client.post(
        reverse("payments:results_import", args=[run.pk]),
        {"step": "read", "file": SimpleUploadedFile(name, content)},
    )


def send_and_import(client, run, content):
    upload = carried(send(client, run, content))
    return client.post(
        reverse("payments:results_import", args=[run.pk]), {"step": "import", "upload": upload}
    )


def carried(answer):
    return re.search(r'name="upload"\s+value="([^"]+)"', answer.content.decode())[1]


def test_order_is_looked_at_once_more_and_then_on_record(client):
    run = certified_run()
    page = reverse("payments:order", args=[run.pk])
    assert "Download the order to adopt" in text_of(client.get(page))
    entered = {"kind": "payment", "number": "2027-08", "dated": "2027-04-19", "text": ""}
    record = reverse("payments:order_record", args=[run.pk])

    look = client.post(record, entered | {"step": "look"})

    assert "Is this what the minutes say?" in text_of(look)
    assert "April 19, 2027" in text_of(look)
    assert not BoardOrder.objects.exists()
    changed = client.post(record, entered | {"step": "change"})
    assert 'value="2027-08"' in changed.content.decode()
    assert "Is this what" not in text_of(changed)
    done = client.post(record, entered | {"step": "record"}, follow=True)
    assert "Order 2027-08 of the Board is on record" in text_of(done)


def test_order_dated_before_the_certificate_is_refused_where_it_is_typed(client):
    run = certified_run()

    answer = client.post(
        reverse("payments:order_record", args=[run.pk]),
        {"kind": "payment", "number": "2027-08", "dated": "2027-04-14", "step": "look"},
    )

    assert "was certified April 15, 2027" in text_of(answer)
    assert "Is this what" not in text_of(answer)


def test_order_is_taken_back_until_a_batch_rests_on_it(client):
    run = ready_run()
    order = run.board_orders.get()
    page = reverse("payments:order_withdraw", args=[order.pk])

    batch = exported(run)
    assert f"{batch} was exported under" in text_of(client.get(page))
    client.post(reverse("payments:batch_withdraw", args=[batch.pk]), {"reason": "Not taken"})
    answer = client.post(page, {"reason": "Mistyped"}, follow=True)

    assert "The record of Order 2027-08 of the Board is taken back" in text_of(answer)
    assert "Taken back" in text_of(answer)


def test_page_leads_to_what_is_missing_before_an_export(client):
    run = certified_run()
    page = reverse("payments:comptroller", args=[run.pk])
    assert "The Board’s order is not on record" in text_of(client.get(page))

    ordered(run)
    text = text_of(client.get(page))

    assert "No payee: 2 payments, $1,000.00" in text
    assert "Nothing to pay: 1 payment, $0.00" in text
    assert "nothing is ready" in text
    assert reverse("payments:payee_keep", args=["A"]) in client.get(page).content.decode()


def test_export_download_and_every_sum_stand_on_the_page(client):
    run = ready_run()
    page = reverse("payments:comptroller", args=[run.pk])
    assert "Export 2 lines, $1,000.00" in text_of(client.get(page))
    export = {"kind": "payment", "order": run.board_orders.get().pk}

    answer = client.post(reverse("payments:batch_export", args=[run.pk]), export, follow=True)

    assert "Batch FY2027-1-B1 is exported" in text_of(answer)
    again = client.post(reverse("payments:batch_export", args=[run.pk]), export, follow=True)
    assert "Nothing is left to export: Batch FY2027-1-B1" in text_of(again)
    batch = PaymentBatch.objects.get()
    first, second = (client.get(reverse("payments:batch_file", args=[batch.pk])) for _ in range(2))
    assert first.content == second.content == batch.content
    assert first["Content-Disposition"] == 'attachment; filename="payments-FY2027-1-B1.csv"'
    assert "Sent, not answered yet $1,000.00" in text_of(client.get(page))


@pytest.mark.parametrize("sent", [{}, {"kind": "x", "order": "1"}, {"kind": "payment", "order": "999999"}])
def test_export_of_what_is_not_there_is_refused(client, sent):
    run = ready_run()

    answer = client.post(reverse("payments:batch_export", args=[run.pk]), sent, follow=True)

    assert answer.status_code == 200
    assert not PaymentBatch.objects.exists()


def test_result_file_is_shown_first_and_then_on_record(client):
    run = ready_run()
    batch = exported(run)

    shown = send(client, run, file_of(A, B_BACK))

    assert "2: paid $800.00, returned $200.00" in text_of(shown)
    assert not PaymentResult.objects.exists()
    done = client.post(
        reverse("payments:results_import", args=[run.pk]),
        {"step": "import", "upload": carried(shown)},
        follow=True,
    )
    text = text_of(done)
    assert "The results of results.csv are on record" in text
    assert "Returned, to be sent again $200.00" in text
    assert "Send 1 payment again" in text
    assert "Returned May 4, 2027, reference W-2" in text_of(
        client.get(reverse("payments:batch_page", args=[batch.pk]))
    )
    kept = run.result_files.get()
    assert client.get(reverse("payments:result_file", args=[kept.pk])).content == file_of(A, B_BACK)


def test_the_same_file_again_says_that_nothing_changed(client):
    run = ready_run()
    exported(run)
    shown = send(client, run, file_of(A, B))
    address = reverse("payments:results_import", args=[run.pk])
    client.post(address, {"step": "import", "upload": carried(shown)})

    again = send(client, run, file_of(A, B))
    twice = client.post(address, {"step": "import", "upload": carried(shown)})

    for answer in (again, twice):
        assert answer.status_code == 422
        assert "This file was imported on May 4, 2027" in text_of(answer)
        assert "Nothing was changed." in text_of(answer)
    assert PaymentResult.objects.count() == 2


def test_file_with_a_bad_row_shows_where_what_and_how_to_mend(client):
    run = ready_run()
    exported(run)

    answer = send(client, run, file_of(A, B.replace("-002", "-077")))

    text = text_of(answer)
    assert "Line 3 “FY2027-1-B1-077” is no line of a batch. Correct the line id" in text
    assert 'value="import"' not in answer.content.decode()


@pytest.mark.parametrize("upload", ["", "x", "x:y:z"])
def test_a_preview_that_was_tampered_with_is_void(client, upload):
    run = ready_run()
    exported(run)

    answer = client.post(
        reverse("payments:results_import", args=[run.pk]), {"step": "import", "upload": upload}
    )

    assert answer.status_code == 422
    assert "out of date" in text_of(answer)


def test_a_preview_of_another_person_is_void(client):
    run = ready_run()
    exported(run)
    shown = send(make_signed_in_client(Role.STATE_STAFF), run, file_of(A))

    answer = client.post(
        reverse("payments:results_import", args=[run.pk]), {"step": "import", "upload": carried(shown)}
    )

    assert answer.status_code == 422
    assert not PaymentResult.objects.exists()


def test_no_file_or_one_too_large_is_refused(client):
    run = ready_run()
    exported(run)

    for sent, said in (
        ({}, "Choose a file."),
        ({"file": SimpleUploadedFile("a.csv", b"x" * 1_000_001)}, "larger than 1 MB"),
        ({"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")}, "first line must have"),
    ):
        answer = client.post(reverse("payments:results_import", args=[run.pk]), {"step": "read", **sent})
        assert answer.status_code == 422
        assert said in text_of(answer)


def test_template_holds_what_is_outstanding(client):
    run = ready_run()
    batch = exported(run)

    content = client.get(reverse("payments:result_template", args=[batch.pk])).content.decode()

    assert content.splitlines() == [
        "batch_id,line_id,status,date,reference,amount,payee",
        "FY2027-1-B1,FY2027-1-B1-001,,,,800.00,Town of A",
        "FY2027-1-B1,FY2027-1-B1-002,,,,200.00,Town of B",
        "TOTAL,2,,,,1000.00,",
    ]


def test_withdrawn_batch_says_so_and_its_payments_are_ready_again(client):
    run = ready_run()
    batch = exported(run)

    answer = client.post(
        reverse("payments:batch_withdraw", args=[batch.pk]), {"reason": "The portal was down"}, follow=True
    )

    text = text_of(answer)
    assert "Batch FY2027-1-B1 is withdrawn" in text
    assert "Export 2 lines, $1,000.00" in text
    assert "The portal was down" in text


def test_nothing_of_it_is_public(client):
    run = ready_run()
    batch = exported(run)
    library = make_signed_in_client(Role.LIBRARY_CERTIFIER, run.payments.first().library)

    for name, pk in (("comptroller", run.pk), ("batch_page", batch.pk), ("batch_file", batch.pk)):
        address = reverse(f"payments:{name}", args=[pk])
        assert library.get(address).status_code == 403
        assert library.post(address).status_code in (403, 405)


def test_auditor_reads_and_is_offered_no_step():
    run = ready_run()
    batch = exported(run)
    auditor = make_signed_in_client(Role.AUDITOR)

    for name, pk in (("comptroller", run.pk), ("batch_page", batch.pk), ("order", run.pk)):
        answer = auditor.get(reverse(f"payments:{name}", args=[pk]))
        assert answer.status_code == 200
        assert 'method="post"' not in answer.content.decode().split("<main", 1)[1]


def test_void_and_uncertified_runs_are_said_to_be_so(client):
    run = certified_run()
    type(run).objects.filter(pk=run.pk).update(
        status="void", voided_at=run.certified_at, voided_by=run.certified_by, void_reason="Wrong"
    )
    make_payee(run.payments.first().library)

    for name in ("order", "comptroller"):
        assert "This run is void" in text_of(client.get(reverse(f"payments:{name}", args=[run.pk])))


def test_steps_of_the_run_say_what_was_sent_and_paid(client):
    run = ready_run()

    def of(label):
        (step,) = [step for step in steps(run, client.user) if step.label == label]
        return step.state, step.note

    assert of("Board’s order")[1] == "2027-08, April 19, 2027"
    assert of("Comptroller") == ("to do", "")
    exported(run)
    assert of("Comptroller") == ("done", "$1,000.00 sent")
    assert stage(run) == "sent"
    send_and_import(client, run, file_of(A, B_BACK))
    assert of("Payments made")[1] == "$800.00 paid"
    client.post(
        reverse("payments:batch_export", args=[run.pk]),
        {"kind": "reissue", "order": run.board_orders.get().pk},
    )
    assert of("Comptroller") == ("done", "$1,000.00 sent")
    send_and_import(client, run, file_of("FY2027-1-B2,FY2027-1-B2-001,paid,2027-05-04,W-3,200.00"))
    assert of("Payments made") == ("done", "$1,000.00 paid")
    assert stage(run) == "paid"
