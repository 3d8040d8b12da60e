#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a laboratory says when it was called wrongly, and of an emulator that ends by itself. Prints TAP.
set -u
lab=$TOP_SRCDIR/tests/lab
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-told.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0 failed=0

# check TEXT COMMAND...
check() {
    text=$1 word='ok'
    shift
    n=$((n + 1))
    "$@" >"$dir/check" 2>&1 || word='not ok' failed=1
    echo "$word $n - $text"
    [ "$word" = ok ] || sed 's/^/# /' "$dir/check" "$dir/out" "$dir/err"
}

# run_is CODE COMMAND...: its output is in out and err.
run_is() {
    code=$1 rc=0
    shift
    XMEM_LAB_CACHE=$dir/cache bash "$@" >"$dir/out" 2>"$dir/err" </dev/null || rc=$?
    [ "$rc" -eq "$code" ]
}
said() { grep -qE -e "$2" "$dir/$1"; }
silent() { ! grep -qE -e "$2" "$dir/$1"; }

for program in run board/run suite/run machines/x86-pv/figures machines/x86-pv/off one; do
    check "$program without arguments ends with 2" run_is 2 "$lab/$program"
    check "$program says its usage, and nothing of the shell's" said err '^usage:'
    check "$program: no word of the shell's" silent err 'line [0-9]+:'
done
check 'a part that r52 does not have' run_is 2 "$lab/board/run" r53
for machine in arm64 x86-ept x86-pv x86-npt; do
    check "$machine without a release" run_is 2 "$lab/run" $machine
    check "$machine with an option that there is not" run_is 2 "$lab/run" $machine 4.17 --no-such
done
check 'a machine that there is not' run_is 2 "$lab/run" x86 4.17
check 'one without Xen' run_is 2 "$lab/run" r52 4.17

# A laboratory with a program for an emulator.
cat >"$dir/lab" <<'END'
LAB_NAME=told
. "$LAB/common/lab.sh"
lab_cache_init
lab_vm_run "$DIR/log" 20 sh -c "$1"
lab_vm_finish "$DIR/log"
END
export LAB=$lab DIR=$dir
check 'an emulator that a signal ends' run_is 1 "$dir/lab" 'echo booting; echo no such module >&2; kill -ABRT $$'
check 'is told so, with its last words' said out '^Bail out! the emulator ended by itself \(signal ABRT\): .*no such module'
check 'and so is one that does not begin' run_is 1 "$dir/lab" 'exit 3'
check 'with its code' said out '^Bail out! the emulator ended by itself \(code 3\)'
check 'a machine that ends without a result' run_is 1 "$dir/lab" 'echo booting; exit 0'
check 'is no fault of the emulator' silent out 'Bail out'
check 'a result stays a result' run_is 0 "$dir/lab" \
    'printf "XMEM-LAB-BEGIN\nok 1 - a\nXMEM-LAB-END 0\n"; kill -ABRT $$'
check 'whatever the emulator does then' silent out 'Bail out'

printf '# part a\nok 1 - one\nBail out! the emulator\nnot ok 2 - two\n# part-end 1\n' >"$dir/in"
check 'in the joined results too' run_is 1 -c 'awk -f "$LAB/suite/tap" "$DIR/in"'
check 'it is not a failed test' silent out '^not ok|^1\.\.'
check 'but the last word' said out '^Bail out! the emulator'
check 'which run-test passes on' run_is 0 -c 'sh "$LAB/../run-test" awk -f "$LAB/suite/tap" "$DIR/in"'
check 'as it is' said out '^Bail out! the emulator'
check 'with no failed test of its own' silent out '^not ok'
echo "1..$n"
exit $failed
