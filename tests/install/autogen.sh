#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The README's two commands configure once, and again when what configure found is no longer true:
# with the folder's own arguments. Over a tree of stand-ins. Prints TAP.
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-autogen.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0 failed=0
mkdir -p "$dir/tree/tests" "$dir/bin" && cp "$TOP_SRCDIR/autogen.sh" "$dir/tree/" && cd "$dir/tree" || exit 1
: >tests/setup.sh
cat >configure <<'END'
#!/bin/sh
echo "configured $*" >>"$LOG"
printf '#!/bin/sh\ncase "$*" in *--recheck*) echo "again %s" >>"$LOG" ;; esac\n' "$*" >config.status
chmod +x config.status
: >Makefile
END
printf '#!/bin/sh\necho "make $*" >>"$LOG"\n' >"$dir/bin/make"
printf '#!/bin/sh\ncat "%s/packages"\n' "$dir" >"$dir/bin/pkg-config"
chmod +x configure "$dir/bin/make" "$dir/bin/pkg-config"
export LOG="$dir/log" PATH="$dir/bin:$PATH"
unset BUILD TESTS

# is TEXT WHAT COMMAND...: the log of the command is, without make's lines, this.
is() {
    n=$((n + 1)) text=$1 want=$2
    shift 2
    : >"$LOG"
    "$@" >"$dir/out" 2>&1
    got=$(grep -v '^make' "$LOG")
    [ "$got" = "$want" ] && echo "ok $n - $text" && return
    echo "not ok $n - $text"
    sed 's/^/# /' "$LOG" "$dir/out"
    failed=1
}

echo zlib 1.2 >"$dir/packages"
is 'the first time it is configured' 'configured --quiet' sh autogen.sh demo
is 'the second time it is not' '' sh autogen.sh demo
echo check 0.15 >>"$dir/packages"
is 'a package that came since: again' 'again --quiet' sh autogen.sh check
is 'and not once more' '' sh autogen.sh demo
echo '# newer' >>configure
is 'a newer configure: again' 'again --quiet' sh autogen.sh demo
mkdir own && (cd own && ../configure --enable-werror >/dev/null 2>&1)
is "somebody's own folder keeps its arguments" 'again --enable-werror' env BUILD="$dir/tree/own" sh autogen.sh check
is 'whoever begins with the tests is configured once' 'configured --quiet' env BUILD="$dir/tree/new" sh autogen.sh check
is 'and not for the other command' '' env BUILD="$dir/tree/new" sh autogen.sh demo
TESTS=a/b sh autogen.sh check >/dev/null 2>&1
n=$((n + 1))
if grep -q 'check TESTS=a/b$' "$LOG"; then echo "ok $n - tests are chosen by TESTS"; else
    echo "not ok $n - tests are chosen by TESTS"
    failed=1
fi
echo "1..$n"
exit $failed
