"""What an auditor downloads of a run, and the program that works every payment out again from it alone."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import date, datetime, time

import pytest
from django.urls import reverse

from connecticard.canonical_json import canonical_json, sha256_of
from connecticard.clock import EASTERN
from connecticard.models import Role
from libraries.roster import load_roster
from payments import services
from payments.models import PastPayment
from payments.proving import run_files
from payments.rules.expenditure_reporting import fiscal_year_days
from reports.replay import replay_fy2018
from reports.worked_examples import split_examples
from tests.factories import make_letter, make_library, make_signed_in_client, make_user
from tests.payments.examples_on_record import OnRecord
from tests.payments.records import FISCAL_YEAR, appropriation, certified

pytestmark = pytest.mark.django_db
AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)
NAMES = {"run_inputs": "inputs.csv", "run_payments": "payments.csv", "run_manifest": "manifest.json"}
EXAMPLES = {
    "w00_three_libraries",
    "w01_three_way_tie",
    "w02_remainder_to_the_smallest",
    "w03_two_libraries_in_one_town",
    "w05_home_library_without_a_letter",
    "w06a_not_in_order_keep",
    "w06b_not_in_order_redistribute",
    "w06c_no_letter",
    "letter_starts_in_mid_year",
    "letter_withdrawn",
    "merger",
    "nobody_takes_part",
    "redistribute_everyone_out",
    "large_numbers",
}


def body(response):
    assert response.status_code == 200, response
    return b"".join(response.streaming_content) if response.streaming else response.content


def download(run, folder, client=None):
    """Save the files as a signed-in auditor gets them; return the path of the manifest."""
    client = client or make_signed_in_client(Role.AUDITOR)
    for name in NAMES:
        response = client.get(reverse(f"payments:{name}", args=[run.pk]))
        saved_as = response["Content-Disposition"].partition('filename="')[2].rstrip('"')
        (folder / saved_as).write_bytes(body(response))
    script = folder / "recompute_payments.py"
    script.write_bytes(body(client.get(reverse("payments:recompute_script"))))
    return folder / f"{run.fiscal_year}-{run.number}-manifest.json"


def recomputed(manifest):
    """Run the program away from the product, as somebody who has nothing but the files."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "recompute_payments.py", manifest.name],
        cwd=manifest.parent,
        env={"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def run():
    """A's letter begins in June, so that its loans of March count for nobody; B has no count for July."""
    a, b, c = (make_library(f"Library {key}", key=key) for key in "ABC")
    make_letter(a, begins=date(2026, 6, 1))
    make_letter(b)
    for library in (a, b, c):
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    march, july = date(2026, 3, 1), date(2026, 7, 1)
    certified(a, {(b, march): 5, (b, july): 30, (c, july): 1})
    certified(b, {(a, march): 20, (a, july): None, (c, july): 0})
    staff = make_user(Role.STATE_STAFF)
    run = services.create_run(appropriation=appropriation(100_001), by=staff, at=AT)
    run = services.calculate_run(run=run, by=staff, at=AT)
    return services.certify_run(run=run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)


def rows(content):
    return list(csv.reader(io.StringIO(content.decode())))


# The program of the auditor


def test_program_is_short_and_uses_nothing_of_ours():
    text = run_files.SCRIPT.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 60
    assert {line for line in text.splitlines() if line.startswith(("import", "from"))} == {
        "import csv",
        "import hashlib",
        "import json",
        "import sys",
        "from pathlib import Path",
    }


def test_fy2018_is_recomputed_to_the_cent_from_the_downloaded_files(tmp_path):
    load_roster()
    run = replay_fy2018(
        staff=make_user(Role.STATE_STAFF), administrator=make_user(Role.STATE_ADMINISTRATOR), at=AT
    )

    manifest = download(run, tmp_path)

    assert recomputed(manifest) == (0, "2018-1: 192 payments worked out again, all the same\n")
    said = json.loads(manifest.read_bytes())
    assert said["estimated"]
    assert sum(line[-2] for line in said["results"]["lines"]) == 703_638_00
    assert {filing["says"]["provenance"] for filing in said["filings"]} == {"estimated"}


@pytest.mark.parametrize(
    "example", [each for each in split_examples() if each.name in EXAMPLES], ids=lambda each: each.name
)
def test_worked_example_is_recomputed_to_the_cent_from_the_downloaded_files(example, tmp_path):
    OnRecord(example)
    at = datetime.combine(fiscal_year_days(example.fiscal_year)[1], time(12), tzinfo=EASTERN)
    staff = make_user(Role.STATE_STAFF)
    run = services.create_run(
        appropriation=appropriation(example.appropriation_cents, example.fiscal_year),
        by=staff,
        at=at,
        withheld_policy=example.withheld,
        board_decision="Minutes of March 1" if example.withheld == "redistribute" else "",
    )
    run = services.calculate_run(run=run, by=staff, at=at)

    manifest = download(run, tmp_path)

    assert recomputed(manifest)[0] == 0
    assert [(line[0], *line[-2:]) for line in json.loads(manifest.read_bytes())["results"]["lines"]] == [
        (line.key, line.payment_cents, line.withheld_cents) for line in example.lines
    ]


def test_all_examples_chosen_exist():
    assert {example.name for example in split_examples()} >= EXAMPLES


def test_months_in_which_a_lender_took_no_part_stand_in_the_file_and_count_for_nobody(run, tmp_path):
    manifest = download(run, tmp_path)

    assert recomputed(manifest)[0] == 0
    head, *found = rows((tmp_path / "2027-1-inputs.csv").read_bytes())
    assert head == [
        "filing",
        "lender",
        "lender_name",
        "home_library",
        "home_library_name",
        "month",
        "first_day",
        "last_day",
        "loans",
        "counted",
    ]
    a, b = ["A", "Library A"], ["B", "Library B"]
    assert found == [
        ["1", *a, *b, "2026-03", "2026-03-01", "2026-03-31", "5", "no"],
        ["1", *a, *b, "2026-07", "2026-07-01", "2026-07-31", "30", "yes"],
        ["1", *a, "C", "Library C", "2026-07", "2026-07-01", "2026-07-31", "1", "yes"],
        ["2", *b, *a, "2026-03", "2026-03-01", "2026-03-31", "20", "yes"],
        ["2", *b, *a, "2026-07", "2026-07-01", "2026-07-31", "", "yes"],
        ["2", *b, "C", "Library C", "2026-07", "2026-07-01", "2026-07-31", "0", "yes"],
    ]
    assert rows((tmp_path / "2027-1-payments.csv").read_bytes()) == [
        list(run_files.PAYMENT_COLUMNS),
        ["A", "Library A", "31", "20", "11", "303.93", "500.00", "0.00", "803.93"],
        ["B", "Library B", "20", "30", "0", "196.08", "0.00", "0.00", "196.08"],
    ]


# A forged file is found


def changed(folder, what, old, new):
    path = folder / f"2027-1-{what}"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "old", "new", "named"),
    [
        ("inputs.csv", ",30,yes", ",31,yes", ["2027-1-inputs.csv", "filing of A", "A: recorded [31"]),
        ("inputs.csv", ",5,no", ",5,yes", ["2027-1-inputs.csv", "A: recorded [31"]),
        ("payments.csv", "196.08,0.00,0.00,196.08", "196.08,0.00,196.08,0.00", ["B, payments.csv: recorded"]),
        (
            "manifest.json",
            '"appropriation_cents":100001',
            '"appropriation_cents":100003',
            ["inputs: "],
        ),
        ("manifest.json", '["A",31,20,11,30393', '["A",31,20,11,30394', ["results: recorded", "A: recorded"]),
        ("manifest.json", '"value":"1/2"', '"value":"2/3"', ["rulebook: recorded"]),
    ],
)
def test_forged_file_is_found_and_named(run, tmp_path, what, old, new, named):
    manifest = download(run, tmp_path)

    changed(tmp_path, what, old, new)
    code, said = recomputed(manifest)

    assert code == 1
    for name in named:
        assert name in said


def test_counts_forged_with_every_hash_beside_them_are_found(run, tmp_path):
    manifest = download(run, tmp_path)
    changed(tmp_path, "inputs.csv", ",5,no", ",6,no")  # of a month that counts for nobody: no sum tells
    said = json.loads(manifest.read_bytes())
    content = said["filings"][0]["says"] | {
        "counts": [["B", "2026-03", 6], ["B", "2026-07", 30], ["C", "2026-07", 1]]
    }
    said["filings"][0]["sha256"] = sha256_of(content)
    inputs = (tmp_path / "2027-1-inputs.csv").read_bytes()
    said["files"]["2027-1-inputs.csv"] = hashlib.sha256(inputs).hexdigest()
    manifest.write_bytes(canonical_json(said))

    code, found = recomputed(manifest)

    assert code == 1
    assert {line[: len("filing of A")] for line in found.splitlines()} == {"filing of A"}


def test_filing_that_was_left_out_of_the_manifest_is_found(run, tmp_path):
    manifest = download(run, tmp_path)
    said = json.loads(manifest.read_bytes())
    said["filings"][1]["counted"] = []
    manifest.write_bytes(canonical_json(said))

    code, found = recomputed(manifest)

    assert code == 1
    assert found.startswith("not filed: recorded [('B', ")


def test_line_that_was_removed_is_found(run, tmp_path):
    manifest = download(run, tmp_path)
    path = tmp_path / "2027-1-payments.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))

    code, said = recomputed(manifest)

    assert code == 1
    assert "B, payments.csv: recorded None" in said


# The files


def test_manifest_holds_the_values_that_the_hashes_of_the_run_are_taken_of(run):
    content = run_files.manifest_json(run)

    said = json.loads(content)
    inputs = b"".join(run_files.inputs_csv(run))
    assert content == canonical_json(said)
    assert sha256_of(said["inputs"]) == run.inputs_sha256
    assert sha256_of(said["results"]) == run.manifest_sha256
    assert sha256_of(said["rulebook"]) == run.rulebook_edition
    assert said["files"]["2027-1-inputs.csv"] == hashlib.sha256(inputs).hexdigest()
    assert said["appropriation"]["act"] == "Public Act 26-1"
    assert said["steps"]["certified"]["by"] == str(run.certified_by)
    assert said["steps"]["certified"]["statement"] == run.attestation
    assert said["libraries"][0]["unmet"][0]["citation"]
    assert "@" not in content.decode()
    assert said["filings"][0]["counted"] == [
        [f"2026-{month:02}-01", f"2026-{month:02}-{last}"] for month, last in ((6, 30), (7, 31), (8, 31))
    ]


def test_files_in_one_are_the_same_bytes_again(run, tmp_path):
    first, again = (b"".join(run_files.proof_zip(run)) for _ in range(2))

    assert first == again
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2027-1-inputs.csv",
        "2027-1-manifest.json",
        "2027-1-payments.csv",
        "auditing.md",
        "recompute_payments.py",
    ]
    assert recomputed(tmp_path / "2027-1-manifest.json")[0] == 0


# Who may


def test_files_are_public_once_the_run_is_published(run, client):
    addresses = [reverse(f"payments:{name}", args=[run.pk]) for name in (*NAMES, "run_files", "run_proof")]
    before = {client.get(address).status_code for address in addresses}

    services.record_publication(run=run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    after = [client.get(address) for address in addresses]

    assert before == {404}
    assert {response.status_code for response in after} == {200}
    assert "Verify the figures now" not in after[-1].content.decode()


def test_draft_has_no_proof():
    staff = make_signed_in_client(Role.STATE_STAFF)
    run = services.create_run(appropriation=appropriation(), by=staff.user, at=AT)

    assert staff.get(reverse("payments:run_proof", args=[run.pk])).status_code == 404
