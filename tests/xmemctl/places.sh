#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where policies apply: gfns without a page, and symbols that are not the guest's.
. "$(dirname "$0")/lib.sh"

# ---- holes: plan and apply agree, on each kind ----

KINDS='x86-ept arm-s2 x86-pv armv8r-mpu'
machine() {
    echo '{"domains":['
    comma=
    for kind in $KINDS; do
        echo "$comma{\"name\":\"$kind\",\"kind\":\"$kind\",\"pages\":512,\"first_gfn\":\"0x1000\"}"
        comma=,
    done
    echo ']}'
}
machine >"$WORK/holes.json"
policy() {
    cat <<EOF
{"version":1,"domains":["*"],"regions":{"all":"0x0-4607"},$1
 "rules":[{"region":"all","rights":"rx","on":"log"}]}
EOF
}
policy '' >"$WORK/refuse.json"
policy '"holes":"skip",' >"$WORK/skip.json"
for kind in $KINDS; do
    for command in plan apply; do
        expect 4 -c "sim:$WORK/holes.json" "$command" "$kind" "$WORK/refuse.json"
        err_has '/refuse.json:2:21: \[XM-312\] /rules/0/region: gfn 0x0 of "all" is a hole'
        check "$kind, $command: nothing planned or applied" [ ! -s "$WORK/out" ]
        expect 0 -c "sim:$WORK/holes.json" "$command" "$kind" "$WORK/skip.json"
    done
    expect 0 -c "sim:$WORK/holes.json" plan "$kind" "$WORK/skip.json"
    out_has 'rx for 512 gfns in 1 range of "all", without 4096 holes$'
    out_has '^total: 512 gfns in 1 range$'
    expect 0 -c "sim:$WORK/holes.json" status "$kind"
    pages=$(sed -n 's/.* \([0-9]*\) pages, highest.*/\1/p' "$WORK/out")
    expect 0 -c "sim:$WORK/holes.json" recover "$kind"
    out_has " $pages pages set back to rwx"
done

# ---- symbols of another boot ----

printf 'ffffffff80010000 T _stext\nffffffff80014000 T _etext\nffffffff80018100 D linux_banner\n' \
    >"$WORK/System.map"
symbols() {
    cat <<EOF
{"version":1,"domains":["*"],$1
 "regions":{"t":{"symbols":"$2","from":"_stext","to":"_etext","base":"0xffffffff80000000"}},
 "rules":[{"region":"t","rights":"rx","on":"deny"}]}
EOF
}
anchor='"anchors":[{"symbols":"System.map","symbol":"linux_banner","base":"0xffffffff80000000",
 "text":"Linux version 6.1"'
symbols '' System.map >"$WORK/bare.json"
symbols "$anchor}]," System.map >"$WORK/fixed.json"
symbols "$anchor,\"slide\":\"0x10000\"}]," System.map >"$WORK/slide.json"
echo '{"domains":[{"name":"g","kind":"x86-ept","pages":512}]}' >"$WORK/guest.json"

expect 0 validate "$WORK/bare.json"
err_has '\[XM-506\] /regions/t/symbols: warning: nothing checks that "System.map" is of the kernel'
expect 0 -c "sim:$WORK/guest.json" plan g "$WORK/bare.json"
err_has '\[XM-506\]'
for name in fixed slide; do
    expect 0 validate "$WORK/$name.json"
    check "$name: no warning" [ ! -s "$WORK/err" ]
    for command in plan apply; do
        expect 4 -c "sim:$WORK/guest.json" "$command" g "$WORK/$name.json"
        err_has '\[XM-313\] /anchors/0: "linux_banner" of "System.map" is (not at|nowhere)'
        check "$name, $command: nothing planned or applied" [ ! -s "$WORK/out" ]
    done
done

# ---- compressed symbol files, where the build knows them ----

for pack in gzip xz; do
    command -v "$pack" >/dev/null || continue
    "$pack" -c "$WORK/System.map" >"$WORK/System.map.$pack"
    symbols '' "System.map.$pack" >"$WORK/packed.json"
    run validate "$WORK/packed.json"
    case $code in
    0) out_has 'ok$' ;;
    *) err_has "is compressed by $pack, which this libxmem was built without" ;;
    esac
done

finish
