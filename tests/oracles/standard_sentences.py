"""Holds tests/data/coverage.json against the text of the standard, which is not part of this repository."""

import json
import re
import sys
from pathlib import Path

standard = Path(sys.argv[1]).read_text()
data = Path(__file__).parent.parent / "data" / "coverage.json"
sentences = [row["sentence"] for section in json.loads(data.read_text()) for row in section["sentences"]]
wrong = [f"not in the standard: {sentence}" for sentence in sentences if sentence not in standard]
in_code = False
for line in standard.splitlines():
    in_code ^= line.startswith("```")
    item = re.match(r"\s*(?:-|\d+\.)\s+(.*)", line)
    if in_code or not item or item[1].startswith("**V1-"):
        continue
    if not any(sentence in line or item[1] in sentence for sentence in sentences):
        wrong.append(f"not covered: {item[1]}")
print("\n".join(wrong) or f"{len(sentences)} sentences, none is missing")
sys.exit(bool(wrong))
