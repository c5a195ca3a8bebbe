"""Works every payment of a run out again, to the cent: python3 recompute_payments.py 2018-1-manifest.json"""

import csv
import hashlib
import json
import sys
from pathlib import Path


def sha256(value: object) -> str:  # of the bytes of a file, or of a value as JSON, keys sorted, no spaces
    if not isinstance(value, bytes):
        value = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(value).hexdigest()


def divide(pool: int, weights: dict[str, int]) -> dict[str, int]:  # cents left over: most cut off first
    whole = sum(weights.values()) or 1
    parts = {key: pool * weight // whole for key, weight in weights.items()}
    left_over = pool - sum(parts.values()) if any(weights.values()) else 0
    for key in sorted(weights, key=lambda key: (-(pool * weights[key] % whole), key))[:left_over]:
        parts[key] += 1
    return parts


folder, manifest = Path(sys.argv[1]).parent, json.loads(Path(sys.argv[1]).read_bytes())
inputs, results, filings, named = (manifest[name] for name in ("inputs", "results", "filings", "sha256"))
facts: list[tuple[str, object, object]] = [(what, was, sha256(manifest[what])) for what, was in named.items()]
within = [results["inputs_sha256"], inputs["rulebook_edition"]]
facts.append(("hashes within hashed parts", within, [named["inputs"], named["rulebook"]]))
facts += [(name, was, sha256((folder / name).read_bytes())) for name, was in manifest["files"].items()]
tables = [csv.reader((folder / name).read_text("utf-8").splitlines()[1:]) for name in manifest["files"]]
loans, borrows = ({key: 0 for key, *_ in inputs["libraries"]} for _ in range(2))
counts: list[list[list[object]]] = [[] for _ in filings]
for number, lender, _, home, _, month, _, _, units, counted in tables[0]:
    counts[int(number) - 1].append([home, month or None, int(units) if units else None])
    if units and counted == "yes":
        loans[lender] = loans.get(lender, 0) + int(units)
        borrows[home] = borrows.get(home, 0) + int(units)
hashed = {tuple(days): digest for *days, digest in inputs["filings"]}
for place, filing in enumerate(filings):
    sha = sha256(filing["says"] | {"counts": sorted(counts[place])})
    for days in ((filing["says"]["library"], *span) for span in filing["counted"]):
        facts.append((f"filing of {', '.join(days)}", [filing["sha256"], hashed.pop(days, None)], [sha] * 2))
keep, left = inputs["policy"]["withheld"] == "keep", inputs["appropriation_cents"]  # Regs. § 11-31c-4(b), (c)
net_plus = {key: max(0, loans[key] - borrows[key]) for key in loans}
sharing = [key for key, _, _, in_order, _ in inputs["libraries"] if keep or in_order]
by_loans = divide(left - left // 2, {key: loans[key] for key in sharing})
by_net_plus = divide(left // 2, {key: net_plus[key] for key in sharing})
recorded = {key: line for key, *line in results["lines"]}
paid = {key: [int(cell.replace(".", "")) for cell in cells] for key, _, *cells in tables[1]}
for key, _, _, in_order, _ in inputs["libraries"]:
    share = by_loans.get(key, 0) + by_net_plus.get(key, 0)
    money = [by_loans.get(key, 0), by_net_plus.get(key, 0), *([share, 0] if in_order else [0, share])]
    line = [loans[key], borrows[key], net_plus[key], *money]
    facts += [(key, recorded.get(key), line), (f"{key}, payments.csv", paid.get(key), line)]
    left -= share
facts += [("undistributed cents", results["undistributed_cents"], left), ("not filed", list(hashed), [])]
wrong = [f"{what}: recorded {was}, worked out {now}" for what, was, now in facts if was != now]
print(*wrong or [f"{manifest['run']}: {len(paid)} payments worked out again, all the same"], sep="\n")
sys.exit(bool(wrong))
