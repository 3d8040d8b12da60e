# SPDX-License-Identifier: LGPL-2.1-or-later
"""Output that nobody reads, or several write: the guest goes on, signals end it, lines stay whole.

stuck.py: each case in a process of its own. TAP. stuck.py CASE FOLDER: that one; exit status 1,
and what is wrong, if anything is.
"""
import fcntl
import json
import mmap
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

TOOL = os.environ.get("XMEMCTL") or os.path.join(os.environ.get("TOP_BUILDDIR", "."),
                                                  "examples", "xmemctl", "xmemctl")
CASE, WORK = sys.argv[1:] or (None, None)
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
failures = 0


def check(good, what):
    global failures
    if not good:
        failures += 1
        print("# WRONG:", what)


def machine(name, script, repeat, vcpus=1):
    path = os.path.join(WORK, name + ".machine.json")
    programs = [{"vcpu": i, "script": script, "repeat": repeat} for i in range(vcpus)]
    with open(path, "w") as f:
        json.dump({"domains": [{"name": "guest", "kind": "x86-ept", "pages": 64, "vcpus": vcpus,
                                "programs": programs}]}, f)
    return "sim:" + path


WRITE = [{"op": "write", "gfn": 5, "value": 1}]


def default_signals():
    for s in SIGNALS + (signal.SIGTSTP, signal.SIGTTOU):
        signal.signal(s, signal.SIG_DFL)


def start(uri, *args, **kw):
    return subprocess.Popen([TOOL, "-c", uri, "watch", *args, "-g", "5", "guest"],
                            preexec_fn=default_signals, **kw)


def until(condition, what):
    """A minute at the most."""
    end_at = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end_at:
            check(False, "not in a minute: " + what)
            return
        time.sleep(0.02)


def wait_session(pid):
    """Until its signals are caught: it has a session."""
    def there():
        with open(f"/proc/{pid}/status") as f:
            blocked = re.search(r"SigBlk:\s*(\w+)", f.read())
        return int(blocked[1], 16) >> (signal.SIGTSTP - 1) & 1
    until(there, "a session")


def wait_still(pid):
    """Until it does nothing any more."""
    seen = [-1, 0]

    def still():
        with open(f"/proc/{pid}/stat") as f:
            now = f.read().rsplit(")", 1)[1].split()
        used = int(now[11]) + int(now[12])
        seen[1] = seen[1] + 1 if used == seen[0] and now[0] == "S" else 0
        seen[0] = used
        return seen[1] > 20
    wait_session(pid)
    until(still, "still")


def end(process, sig):
    """Seconds from the signal to the end, 60 at the most."""
    begin = time.monotonic()
    process.send_signal(sig)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return time.monotonic() - begin


def in_time(one, what):
    """A second, on a machine that has other work: the best of five."""
    best = 60
    for _ in range(5):
        best = min(best, one())
        if best < 1:
            return
    check(False, f"{what}: {best:.2f} s")


def case_pipe():
    """A pipe that nobody reads: each signal ends it, and what is not written is told."""
    uri = machine("ever", WRITE, 0)
    for sig in SIGNALS:
        def one():
            r, w = os.pipe()
            p = start(uri, "-k", stdout=w, stderr=subprocess.PIPE)
            os.close(w)
            wait_session(p.pid)
            select.select([r], [], [], 60)
            time.sleep(0.2)
            took = end(p, sig)
            err = p.stderr.read().decode()
            os.close(r)
            check(p.returncode == 1, f"{sig.name}: exit {p.returncode}")
            check("nobody reads standard output" in err, f"{sig.name}: {err!r}")
            check("restored" not in err, f"{sig.name}: {err!r}")
            return took
        in_time(one, f"pipe, {sig.name}")


def case_restored():
    """It restores before the output gets out, and all of it gets out if somebody reads then."""
    uri = machine("some", WRITE, 100)
    for sig in SIGNALS:
        r, w = os.pipe()
        fcntl.fcntl(w, 1031, 4096)  # F_SETPIPE_SZ
        p = start(uri, "-j", "-k", stdout=w)
        os.close(w)
        wait_still(p.pid)
        p.send_signal(sig)
        with os.fdopen(r) as f:
            lines = [json.loads(line) for line in f]
        check(p.wait(60) == 0, f"{sig.name}: exit {p.returncode}")
        check([o["type"] for o in lines] == ["event"] * 100 + ["summary", "machine"],
              f"{sig.name}: {len(lines)} lines")
        check(lines[-2]["ended"] == "stopped by a signal", f"{sig.name}: {lines[-2]}")
        check(lines[-2]["dropped_lines"] == 0, f"{sig.name}: {lines[-2]}")
        check(lines[-1]["clean"] and lines[-1]["accesses"] == 100, f"{sig.name}: {lines[-1]}")


def case_dropped():
    """The guest goes on while nobody reads, and each line that is missing is counted."""
    uri = machine("ever", WRITE, 0)
    r, w = os.pipe()
    p = start(uri, "-j", "-k", "-n", "200000", stdout=w)
    os.close(w)
    wait_still(p.pid)
    with os.fdopen(r) as f:
        lines = [json.loads(line) for line in f]
    check(p.wait(60) == 0, f"exit {p.returncode}")
    events = [o for o in lines if o["type"] == "event"]
    summary = lines[-2]
    check(summary["type"] == "summary" and lines[-1]["clean"], str(lines[-2:]))
    check(summary["events"] == 200000, str(summary))
    check(summary["dropped_lines"] > 0, "nothing dropped")
    check(len(events) + summary["dropped_lines"] == summary["events"], str(summary))
    seqs = [o["seq"] for o in events]
    check(seqs == sorted(set(seqs)), "order")


def case_lines():
    """One write a line: a pipe in packet mode gives each write by itself."""
    r, w = os.pipe2(os.O_DIRECT)
    for args in ((), ("-j",)):
        p = start(machine("some", WRITE, 100), *args, "-i", stdout=w)
        writes = []
        while p.poll() is None or select.select([r], [], [], 0)[0]:
            if select.select([r], [], [], 0.1)[0]:
                writes.append(os.read(r, 65536))
        check(len(writes) > 100, f"{len(writes)} writes")
        check(all(t.endswith(b"\n") and t.count(b"\n") == 1 for t in writes), f"{args}: {writes}")


def case_writers():
    """Two append to one file: no line is broken, whether the file was opened so or not."""
    uri = machine("writers", WRITE, 20000)
    for flags in (os.O_APPEND, 0):
        path = os.path.join(WORK, "both.jsonl")
        both = []
        open(path, "w").close()
        for _ in range(2):
            fd = os.open(path, os.O_WRONLY | flags)
            both.append(start(uri, "-j", "-i", stdout=fd))
            os.close(fd)
        for p in both:
            check(p.wait(120) == 0, f"exit {p.returncode}")
        with open(path) as f:
            lines = f.read().splitlines()
        bad = 0
        for line in lines:
            try:
                json.loads(line)
            except ValueError:
                bad += 1
        check(len(lines) == 40002 and bad == 0, f"{len(lines)} lines, {bad} broken")


def case_killed():
    """What is in the file when it is killed are whole lines: but Linux ends a write between two pages."""
    uri = machine("ever", WRITE, 0)
    path = os.path.join(WORK, "killed.jsonl")
    for i in range(5):
        with open(path, "w") as f:
            p = start(uri, "-j", stdout=f)
        until(lambda: os.path.getsize(path), "output")
        time.sleep(i / 50)
        p.kill()
        p.wait()
        with open(path) as f:
            text = f.read()
        whole, cut = text.rsplit("\n", 1)
        check(not cut or len(text) % mmap.PAGESIZE == 0, f"ends with {text[-20:]!r}")
        for line in whole.splitlines():
            json.loads(line)


def terminal(uri, *args):
    """The tool with a terminal of its own: pid and the terminal's other end."""
    pid, fd = pty.fork()
    if pid == 0:
        default_signals()
        os.execv(TOOL, [TOOL, "-c", uri, "watch", *args, "-g", "5", "guest"])
    return pid, fd


def state(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def wait_end(pid, fd=None):
    """Exit status, and what came meanwhile."""
    text = b""
    for _ in range(6000):
        if fd is not None and select.select([fd], [], [], 0)[0]:
            try:
                text += os.read(fd, 65536)
            except OSError:
                fd = None
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), text
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text


def case_terminal():
    """A terminal whose output is stopped, as by Ctrl-S; messages go there as well."""
    uri = machine("ever", WRITE, 0)
    for sig in SIGNALS:
        def one():
            pid, fd = terminal(uri, "-k")
            os.read(fd, 1)
            termios.tcflow(os.open(f"/proc/{pid}/fd/0", os.O_RDWR | os.O_NOCTTY), termios.TCOOFF)
            time.sleep(0.3)
            begin = time.monotonic()
            os.kill(pid, sig)
            code, _ = wait_end(pid)
            took = time.monotonic() - begin
            os.close(fd)
            check(code == 1, f"{sig.name}: exit {code}")
            return took
        in_time(one, f"terminal, {sig.name}")


def read_until(fd, text, seconds=30):
    got, end_at = b"", time.monotonic() + seconds
    while text not in got and time.monotonic() < end_at:
        if select.select([fd], [], [], 0.1)[0]:
            got += os.read(fd, 65536)
    check(text in got, f"no {text!r} in {got[-400:]!r}")
    return got


def case_suspend():
    """Ctrl-Z stops nothing, and says so, once; Ctrl-C ends it."""
    pid, fd = terminal(machine("ever", WRITE, 0), "-k", "-q")
    wait_session(pid)
    os.write(fd, b"\x1a")
    read_until(fd, b"not stopped: the guest would wait")
    check(state(pid) != "T", "it is stopped")
    os.write(fd, b"\x1a")
    time.sleep(0.2)
    check(state(pid) != "T", "it is stopped")
    os.write(fd, b"\x03")
    code, text = wait_end(pid, fd)
    check(code == 0, f"exit {code}")
    check(b"not stopped" not in text, "told twice")
    check(b"stopped by a signal" in text and b"nothing left behind" in text, repr(text))


def case_background():
    """In the background of a terminal that stops who writes: it is not stopped."""
    pid, fd = terminal(machine("ever", WRITE, 0))
    os.read(fd, 1)
    slave = os.open(f"/proc/{pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
    attributes = termios.tcgetattr(slave)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    os.kill(pid, signal.SIGTTOU)
    os.kill(pid, signal.SIGTTIN)
    time.sleep(0.2)
    check(state(pid) != "T", "it is stopped")
    read_until(fd, b"#")
    os.kill(pid, signal.SIGTERM)
    code, _ = wait_end(pid, fd)
    check(code == 0, f"exit {code}")


def each_case():
    cases = [name[5:] for name in globals() if name.startswith("case_")]
    failed = 0
    for n, case in enumerate(cases, 1):
        with tempfile.TemporaryDirectory(prefix="xmemctl-test.") as folder:
            bad = subprocess.run(["timeout", "-k", "5", "240", sys.executable, __file__, case,
                                  folder], check=False).returncode
        print(f"{'not ok' if bad else 'ok'} {n} - {case}", flush=True)
        failed += bad != 0
    print(f"1..{len(cases)}")
    return failed != 0


if CASE is None:
    sys.exit(each_case())
globals()["case_" + CASE]()
sys.exit(failures != 0)
