"""Run the mutants of modules: ``python tests/mutants/run.py [MODULE ...] [--survivors]``.

Without names: every module of modules.toml whose record is of another text or other tests. A record, records/MODULE.json, says
how many mutants there are, how many of them a test killed, and each that survived, with the reason that a person wrote there.
``--survivors`` tries only those again, and records nothing. An interrupted run goes on where it stopped.

Ends with 1 if less than 90 % of a module's mutants are killed, or if one survived without a reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from keys import key
from mutate import mutants
from trial import TOP, Tests

HERE = Path(__file__).parent
LEAST = 0.9


def record(module: str) -> Path:
    return HERE / "records" / f"{module.replace('/', '-')}.json"


def read(module: str) -> dict[str, Any]:
    """What is recorded of a module; empty if nothing is."""
    found: dict[str, Any] = json.loads(record(module).read_text("utf8")) if record(module).exists() else {}
    return found


def tried(module: str, names: list[str], *, again: bool) -> dict[str, Any]:
    """Try the mutants of a module; what goes into its record. ``again``: only those that are recorded as survivors."""
    file, now = TOP / "qbc" / f"{module}.py", key(module, names)
    reasons = {(s["in"], s["was"], s["now"]): s["reason"] for s in read(module).get("survivors", [])}
    todo = [m for m in mutants(file.read_text("utf8")) if not again or (m.where, m.was, m.now) in reasons]
    kept = TOP / "runs" / "mutants" / f"{record(module).stem}-{now}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = kept.read_text() if kept.exists() and not again else ""
    tests, start, back = Tests(names), time.monotonic(), "\r" * sys.stdout.isatty()
    for i in range(len(done), len(todo)):
        done += "k" if tests.notice(file, todo[i].text) else "s"
        if not again:
            kept.write_text(done)
        if back:
            print(f"\r{module}: {i + 1} of {len(todo)}", end="", flush=True)
    left = [m for m, how in zip(todo, done, strict=True) if how == "s"]
    print(f"{back}{module}: {len(todo) - len(left)} of {len(todo)} killed, {time.monotonic() - start:.0f} s", flush=True)
    rows = [{"in": m.where, "was": m.was, "now": m.now, "reason": reasons.get((m.where, m.was, m.now), "")} for m in left]
    return {"key": now, "tests": names, "mutants": len(todo), "killed": len(todo) - len(left), "survivors": rows}


def diff(survivor: dict[str, str]) -> str:
    lines = [f"- {x}" for x in survivor["was"].split("\n")] + [f"+ {x}" for x in survivor["now"].split("\n")]
    return "\n    ".join([f"  in {survivor['in'] or 'the module'}", *lines])


def main() -> int:
    ask = argparse.ArgumentParser(description="Run the mutants of modules.")
    ask.add_argument("modules", nargs="*", help="as in modules.toml; without: those whose record is old")
    ask.add_argument("--survivors", action="store_true", help="only those that survived before; records nothing")
    given, poor = ask.parse_args(), []
    listed: dict[str, list[str]] = tomllib.loads((HERE / "modules.toml").read_text("utf8"))
    if unknown := set(given.modules) - set(listed):
        ask.error(f"not in modules.toml: {', '.join(sorted(unknown))}")
    for module in given.modules or listed:
        found = read(module)
        if given.modules or given.survivors or found.get("key") != key(module, listed[module]):
            found = tried(module, listed[module], again=given.survivors)
            if not given.survivors:
                record(module).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf8")
        left = [s for s in found["survivors"] if not s["reason"]]
        print(*map(diff, left), sep="\n", end="\n" * bool(left))
        if not given.survivors and (left or found["killed"] < LEAST * found["mutants"]):
            poor.append(f"{module} ({found['killed']} of {found['mutants']} killed, {len(left)} without a reason)")
    if poor:
        print(f"fewer than {LEAST:.0%} killed, or survivors without a reason: {', '.join(poor)}")
    return bool(poor)


if __name__ == "__main__":
    sys.exit(main())
