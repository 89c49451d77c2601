#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fuzz.py TOP [--page | NAME...]: run the fuzz programs of this build folder until
each has had its CPU time, then write TOP/docs/proofs/fuzz.md. NAMEs are entries
without their fuzz_; without any, every entry runs. Exits with 1 when an entry
that was run has open findings.

account/NAME.json says what was spent, after every round. It begins anew when the
entry's program is another than the one it tells of (the corpus stays); an entry
that is not run keeps its account, and the page says that it is of an older program."""
import concurrent.futures
import datetime
import glob
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys

# CPU seconds: half an hour where one input is a long story, a quarter elsewhere.
SECONDS = {"cms": 1800, "gateway": 1800, "path": 1800}
SECONDS_OTHERS = 900
ROUND = 60  # seconds of one run: an interrupted proof loses no more

top, jobs = sys.argv[1], int(os.environ.get("FUZZ_JOBS", "2"))
entries = sorted(os.path.basename(p)[5:] for p in glob.glob("tests/fuzz/fuzz_*") if os.access(p, os.X_OK) and os.path.isfile(p))


def wanted(name):
    return int(os.environ.get("FUZZ_SECONDS") or SECONDS.get(name, SECONDS_OTHERS))


def git(*args):
    return subprocess.run(("git", "-C", top) + args, capture_output=True, text=True).stdout.strip()


def commit():
    """The commit of the sources, with a mark when they are not quite those."""
    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no", "--", ":!docs") else "")


def compiler():
    return "clang " + subprocess.run(("clang", "-dumpversion"), capture_output=True, text=True).stdout.strip()


def program_of(name):
    """What tells this program from others."""
    with open("tests/fuzz/fuzz_" + name, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def account(name):
    try:
        with open("account/%s.json" % name) as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def save(name, state):
    with open("account/%s.json.new" % name, "w") as f:
        json.dump(state, f, indent=1)
    os.rename("account/%s.json.new" % name, "account/%s.json" % name)


def opened(name):
    """The account of this very program: the one there is, or an empty one. Programs are copied
    before the first runs, so that those that are built meanwhile do not take their place."""
    for folder in ("account", "run"):
        os.makedirs(folder, exist_ok=True)
    state, program = account(name), program_of(name)
    if state is None or state["program"] != program:
        state = {"program": program, "commit": commit(), "cpu": 0.0, "rounds": 0, "execs": 0, "edges": 0, "findings": 0}
    state.pop("stopped", None)
    shutil.copy2("tests/fuzz/fuzz_" + name, "run/fuzz_" + name)
    return state


def cpu_of(command, log):
    """Run it; answers CPU seconds and exit code."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, process.returncode


def retire_mended(name, found, mended):
    """Findings of earlier runs that this program withstands are not open any more."""
    for finding in sorted(os.listdir(found)):
        path = os.path.join(found, finding)
        if cpu_of(["./run/fuzz_" + name, "-timeout=10", "-rss_limit_mb=1024", path], "log." + name + ".again")[1] == 0:
            os.makedirs(mended, exist_ok=True)
            os.rename(path, os.path.join(mended, finding))


def run_round(name, state, seed, found):
    """One run of libFuzzer, and what it says of itself."""
    cpu, code = cpu_of(["./run/fuzz_" + name, "corpus/" + name, os.path.join(top, "tests/fuzz/corpus", name),
                        "-seed=%d" % (seed + state["rounds"] + 1), "-max_len=8192", "-timeout=10", "-rss_limit_mb=1024",
                        "-print_final_stats=1", "-artifact_prefix=%s/" % found, "-max_total_time=%d" % ROUND], "log." + name)
    with open("log." + name, errors="replace") as f:
        text = f.read()
    done = re.search(r"number_of_executed_units:\s*(\d+)", text)
    state["cpu"] += cpu
    state["rounds"] += 1
    state["execs"] += int(done.group(1)) if done else 0
    state["edges"] = max([state["edges"]] + [int(n) for n in re.findall(r"cov: (\d+) ft:", text)])
    state["findings"] = len(os.listdir(found))
    if code != 0:
        state["stopped"] = "exit code %d" % code


def run_entry(name, state, seed):
    """Rounds until the time is spent."""
    found = "found/" + name
    for folder in ("corpus/" + name, found):
        os.makedirs(folder, exist_ok=True)
    retire_mended(name, found, "mended/" + name)
    state["findings"] = len(os.listdir(found))
    save(name, state)
    while state["cpu"] < wanted(name) and "stopped" not in state:
        run_round(name, state, seed, found)
        save(name, state)
    return name, state


def page_row(name):
    s = account(name)
    if s is None:
        return "| `fuzz_%s` | not run yet | | | | | |\n" % name
    same = "no" if s["program"] == program_of(name) else "yes"
    return "| `fuzz_%s` | %s | %s | %d of %d | %d | %d | %d |\n" % (
        name, s["commit"], same, s["cpu"], wanted(name), s["execs"], s["edges"], s["findings"])


def write_page():
    os.makedirs(os.path.join(top, "docs/proofs"), exist_ok=True)
    with open(os.path.join(top, "docs/proofs/fuzz.md"), "w") as f:
        f.write("# Proof: fuzz\nEach entry against libFuzzer with AddressSanitizer and UBSan: `./check --long fuzz`. An entry aborts on a broken "
                "invariant,\nnot only on a crash; what each one holds stands at its head in `tests/fuzz/`.\n\n")
        f.write("Written at commit %s, %s, %s. `changed` is yes where this commit makes another program of the entry than the one that ran.\n\n"
                % (commit(), datetime.date.today().isoformat(), compiler()))
        f.write("| entry | run at commit | changed | CPU seconds | runs of the entry | edges | open findings |\n|---|---|---|---|---|---|---|\n")
        for name in entries:
            f.write(page_row(name))
        f.write("\nFindings that were mended are kept as inputs in `tests/fuzz/corpus/` and replayed by `make check`.\n")


def main():
    names = [n for n in sys.argv[2:] if n != "--page"] or ([] if "--page" in sys.argv else entries)
    unknown = [n for n in names if n not in entries]
    if unknown:
        print("fuzz: no entry is called %s; these are: %s" % (unknown[0], " ".join(entries)), file=sys.stderr)
        return 2
    seed, bad = random.SystemRandom().randrange(1 << 30), False
    if names:
        print("fuzz: seed %d: %s" % (seed, ", ".join("%s %d s" % (n, wanted(n)) for n in names)), flush=True)
    states = [(n, opened(n)) for n in names]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_entry, n, s, seed) for n, s in states]):
            name, s = done.result()
            bad = bad or s["findings"] > 0 or "stopped" in s
            print("fuzz: %s: %d s, %d runs, %d edges, %d findings %s"
                  % (name, s["cpu"], s["execs"], s["edges"], s["findings"], s.get("stopped", "")), flush=True)
    write_page()
    return 1 if bad else 0


sys.exit(main())
