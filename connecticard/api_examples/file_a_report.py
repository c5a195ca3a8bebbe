"""File a library's semiannual report: python file_a_report.py LIBRARY PERIOD COUNTS.csv"""

import sys
import uuid

from borrowit import call

library, period, file = sys.argv[1:]  # CT0012 semiannual-2026-03-01 counts.csv

# 1. Begin the filing: an empty draft
filing, etag = call("POST", "filings/", {"library": library, "period": period})

# 2. Put the counts into it, as your circulation system exports them
with open(file, encoding="utf-8") as counts:
    filing, etag = call("PUT", filing["loan_counts_url"], counts.read(), etag=etag, kind="text/csv")

# 3. Read what the checks find, and what to do about it
found, _ = call("GET", f"filings/{filing['id']}/findings/")
for finding in found["findings"]:
    print(finding["message"], finding["cure"])
if not found["may_be_submitted"]:
    sys.exit("Mend or explain what is named above, then submit.")

# 4. Submit it. The key makes it safe to ask again where no answer came
receipt, etag = call("POST", f"filings/{filing['id']}/submit/", etag=etag, key=str(uuid.uuid4()))
print("Receipt", receipt["number"], receipt["issued_at"], receipt["sha256"])

# 5. Once the director has certified it on the site, the certificate is here
certificates, _ = call("GET", f"receipts/?filing={filing['id']}&kind=certificate")
for certificate in certificates["results"]:
    print("Certificate", certificate["number"], certificate["signer_name"])
