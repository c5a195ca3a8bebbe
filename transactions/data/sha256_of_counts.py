"""Print the SHA-256 of the counts of a filing: python sha256_of_counts.py FILE.json"""

import hashlib
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    counts = json.load(file)
text = json.dumps(counts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
print(hashlib.sha256(text.encode("utf-8")).hexdigest())
