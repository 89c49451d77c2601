#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fuzz.py TOP CPU-SECONDS JOBS: run the fuzz programs of this build folder until
each has had its CPU time; spent.json keeps the account of each after every round,
and begins anew when the program is another (the corpus stays). Writes TOP/docs/proofs/fuzz.md; exits with 1 when anything was found."""
import concurrent.futures
import datetime
import glob
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import threading

top, wanted, jobs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
ROUND = 60  # seconds of one run: an interrupted proof loses no more
entries = sorted(os.path.basename(p) for p in glob.glob("tests/fuzz/fuzz_*") if os.access(p, os.X_OK) and os.path.isfile(p))


def git(*args):
    return subprocess.run(("git", "-C", top) + args, capture_output=True, text=True).stdout.strip()


def account():
    try:
        with open("spent.json") as f:
            return json.load(f)
    except FileNotFoundError:
        return {}


saving = threading.Lock()


def save(spent):
    with saving:
        with open("spent.json.new", "w") as f:
            json.dump(spent, f, indent=1)
        os.rename("spent.json.new", "spent.json")


def fresh(entry, old):
    """The account of this very program: the old one, or an empty one."""
    with open("tests/fuzz/" + entry, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    if old is not None and old.get("program") == digest:
        return old
    return {"program": digest, "cpu": 0.0, "rounds": 0, "execs": 0, "edges": 0, "findings": 0}


def cpu_of(command, log):
    """Run it; answers CPU seconds and exit code."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, process.returncode


def retire_mended(entry, found, mended):
    """Findings of earlier runs that this program withstands are not open any more."""
    for finding in sorted(os.listdir(found)):
        path = os.path.join(found, finding)
        if cpu_of(["./tests/fuzz/" + entry, "-timeout=10", "-rss_limit_mb=1024", path], "log." + entry[5:] + ".again")[1] == 0:
            os.makedirs(mended, exist_ok=True)
            os.rename(path, os.path.join(mended, finding))


def run_entry(entry, spent, seed):
    """Rounds until the time is spent."""
    name, state = entry[5:], spent[entry]
    corpus, found = os.path.join("corpus", name), os.path.join("found", name)
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(found, exist_ok=True)
    seeds = os.path.join(top, "tests/fuzz/corpus", name)
    retire_mended(entry, found, os.path.join("mended", name))
    state["findings"] = len(os.listdir(found))
    while state["cpu"] < wanted:
        log = "log." + name
        cpu, code = cpu_of(["./tests/fuzz/" + entry, corpus, seeds, "-seed=%d" % (seed + state["rounds"] + 1), "-max_len=8192",
                            "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", "-artifact_prefix=%s/" % found,
                            "-max_total_time=%d" % ROUND], log)
        with open(log, errors="replace") as f:
            text = f.read()
        state["cpu"] += cpu
        state["rounds"] += 1
        done = re.search(r"number_of_executed_units:\s*(\d+)", text)
        cover = re.findall(r"cov: (\d+) ft: (\d+)", text)
        state["execs"] += int(done.group(1)) if done else 0
        if cover:
            state["edges"] = max(state["edges"], int(cover[-1][0]))
        state["findings"] = len(os.listdir(found))
        if code != 0:
            state["stopped"] = "exit code %d" % code
        save(spent)
        if code != 0:
            break
    return entry


def main():
    spent, seed = account(), random.SystemRandom().randrange(1 << 30)
    for entry in entries:
        spent[entry] = fresh(entry, spent.get(entry))
        spent[entry].pop("stopped", None)
    print("fuzz: seed %d, %d entries, %d s of CPU time each" % (seed, len(entries), wanted), flush=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_entry, e, spent, seed) for e in entries]):
            s = spent[done.result()]
            print("fuzz: %s: %d s, %d runs, %d edges, %d findings %s"
                  % (done.result(), s["cpu"], s["execs"], s["edges"], s["findings"], s.get("stopped", "")), flush=True)
    write_page(spent, seed)
    return 1 if any(s["findings"] or "stopped" in s for s in spent.values()) else 0


def write_page(spent, seed):
    os.makedirs(os.path.join(top, "docs/proofs"), exist_ok=True)
    with open(os.path.join(top, "docs/proofs/fuzz.md"), "w") as f:
        f.write("# Proof: fuzz\nEach parser against libFuzzer with AddressSanitizer and UBSan: `./check --long fuzz`. An entry aborts on a broken "
                "invariant,\nnot only on a crash; what each one holds stands at its head in `tests/fuzz/`.\n\n")
        f.write("Commit %s, %s, last seed %d, clang.\n\n" % (git("rev-parse", "--short", "HEAD"), datetime.date.today().isoformat(), seed))
        f.write("| entry | CPU seconds | runs of the entry | edges | open findings |\n|---|---|---|---|---|\n")
        for entry in entries:
            s = spent[entry]
            f.write("| `%s` | %d | %d | %d | %d |\n" % (entry, s["cpu"], s["execs"], s["edges"], s["findings"]))
        f.write("\nFindings that were mended are kept as inputs in `tests/fuzz/corpus/` and replayed by `make check`.\n")


sys.exit(main())
