"""Measure every race, print it beside what is recorded, and fail where a ratio got worse; ``--record`` keeps the new numbers."""

import json
import sys
from pathlib import Path

from bench.measure import WORSE, circumstances, growth, measured, worse
from bench.races import RACES

RECORD = Path(__file__).parents[2] / "book" / "_static" / "bench.json"
LINE = "{:<20} {:>9} {:>20} {:>9}"


def main(words: list[str]) -> int:
    if words not in ([], ["--record"]):
        print(f"bench: takes --record or nothing, got {' '.join(words)}", file=sys.stderr)
        return 2
    kept = json.loads(RECORD.read_text("utf8")) if RECORD.is_file() else {"rows": [], "growth": {}}
    recorded, rows, failed, risen = {r["name"]: r for r in kept["rows"]}, [], [], []
    print(LINE.format("theirs / ours", "recorded", "now (quartiles)", "now/rec."), flush=True)
    for race in RACES:
        row, old = measured(race), recorded.get(race.name, {"missing": "–"})
        if worse(row, old) and not words:
            row = measured(race)  # once more: the machine may have been busy
        if worse(row, old):
            failed.append(race.name)
        if worse(old, row):  # a record that says too little lets later losses pass
            risen.append(race.name)
        rows.append(row)
        if "missing" in row:
            print(f"{race.name:<20} not measured: {row['missing']}", flush=True)
            continue
        was, change = ("–", "–") if "missing" in old else (f"{old['ratio']:.3g}", f"{row['ratio'] / old['ratio']:.2f}")
        print(LINE.format(race.name, was, f"{row['ratio']:.3g} ({row['low']:.3g}–{row['high']:.3g})", change), flush=True)
    exponents = growth(rows)
    for side, said in (("own", "tv_eps"), ("peer", "POT")):
        print(f"time of {said} grows like n^{exponents[side]}, recorded n^{kept['growth'].get(side, '–')}")
    if words:
        record = circumstances() | {"growth": exponents, "rows": rows}
        RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf8")
        print(
            f"kept: review the change with `git diff {RECORD.relative_to(Path.cwd())}`" if RECORD.is_relative_to(Path.cwd()) else "kept"
        )
        return 0
    for name in risen:
        print(f"{name}: the ratio rose by more than a factor of {WORSE}: keep it with `make bench-record`")
    for name in failed:
        print(f"bench: {name}: the ratio fell by more than a factor of {WORSE}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
