# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Sourced by show-breaks: a deliberate break per line of what the gates promise.
# broken NAME GATE MESSAGE 'FILE...' EDIT [TARGET]
lib=lib/libxmem.la
aliases=docs/aliases/stamp
header=include/xmem.h
symbols=tests/abi/check-symbols.sh
abi=tests/abi/check-abi.sh
check_header=tests/abi/check-header.sh
files=tests/gates/files.sh
python='tests/python/check-python test_prototypes'
manual='tests/run-python tests/docs/manual.py'
examples='tests/run-python tests/docs/examples.py docs/man3/xmem.3 README.md'
documents='tests/run-python tests/docs/documents.py'

# ---- the lists of functions ----
broken 'a function leaves the map' $symbols 'xmem.h and lib/libxmem.map differ' \
    lib/libxmem.map "sed -i /xmem_view_set_notify_page/d lib/libxmem.map" $lib
broken 'a function leaves the library' $symbols 'what .*libxmem.so exports differ' \
    lib/libxmem.map "sed -i /xmem_view_set_notify_page/d lib/libxmem.map" $lib
broken 'a function is declared and not mapped' $symbols 'xmem.h and lib/libxmem.map differ' \
    $header "sed -i '/^XMEM_API const char .xmem_version/a XMEM_API int xmem_more(void);' $header"
broken 'the minor grows without a node' $symbols 'the last node of lib/libxmem.map' \
    $header "sed -i 's/\(VERSION_MINOR\) .*/\1 9/' $header"
broken 'a node is renamed' $symbols 'the last node of lib/libxmem.map' \
    lib/libxmem.map "sed -i s/^LIBXMEM_0.1/LIBXMEM_0.0/ lib/libxmem.map" $lib
broken 'the static library shows a name without a prefix' $symbols 'shows without a prefix, .*: more' \
    lib/api/open.c "echo 'int more(void); int more(void) { return 0; }' >>lib/api/open.c" $lib
broken 'a symbol leaves the Debian package' $symbols 'debian/libxmem0.symbols differ' \
    debian/libxmem0.symbols 'sed -i /xmem_open@/d debian/libxmem0.symbols'
broken 'a manual page is removed' $symbols 'no page or alias xmem_batch_new.3' \
    docs/man3/xmem_batch_new.3 'rm docs/man3/xmem_batch_new.3'
broken 'a function leaves the NAME of its page' $symbols 'NAME sections of docs/man3 differ' \
    docs/man3/xmem_batch_new.3 "sed -i '/^\.Nm xmem_batch_clear/d' docs/man3/xmem_batch_new.3" $aliases
broken 'a page of a function that is not there' $symbols 'xmem.h has no xmem_more' \
    docs/man3/xmem_open.3 "sed -i '/^\.Nm xmem_open/s/^/.Nm xmem_more ,\n/' docs/man3/xmem_open.3" $aliases
broken 'the aliases of manual pages are lost' $symbols 'no page or alias xmem_' \
    docs/aliases.sh "sed -i '/^mkdir/a exit 0' docs/aliases.sh" $aliases

broken 'a symbol version is lost at link time' tests/abi/check-lto.sh 'is not built with|exports something else' \
    lib/api/open.c \
    "sed -i 's/^const char .xmem_version(void)/__asm__(\".symver now, xmem_version@@LIBXMEM_0.1\");\nXMEM_API const char *now(void);\nconst char *now(void)/' lib/api/open.c"

# ---- the recorded ABI ----
broken 'a prototype changes' $abi "type .*'int' (of .* )?changed|abidiff: status 1?[24]" \
    "$header lib/events/take.c" \
    "sed -i '/int xmem_event_wait(/s/int timeout_ms/long timeout_ms/' $header lib/events/take.c" $lib
broken 'a function is added and not recorded' $abi 'abidiff: status 4' \
    "$header lib/api/open.c lib/libxmem.map" \
    "sed -i '/^XMEM_API const char .xmem_version/a XMEM_API int xmem_more(void);' $header &&
     sed -i 's/^    xmem_open;/&\n    xmem_more;/' lib/libxmem.map &&
     echo 'int xmem_more(void) { return 0; }' >>lib/api/open.c" $lib
broken 'a struct grows in its middle' $abi '^[-+]struct xmem_caps' \
    $header "sed -i 's/^    uint32_t granule;/    uint64_t more;\n&/' $header"
broken 'a struct grows at its end' $abi '^[-+]struct xmem_monitor 32 bytes' \
    $header "sed -i 's/^    uint64_t bitmask;.*/&\n    uint64_t more;/' $header"
broken 'an enumerator changes' $abi '^[-+]XMEM_RX 0xd' \
    $header "sed -i 's/XMEM_RX = 13/XMEM_RX = 14/; s/XMEM_WX = 14/XMEM_WX = 13/' $header"
broken 'a constant changes' $abi '^[-+]XMEM_STEP_RELAX 0x8' \
    $header "sed -i 's/XMEM_STEP_RELAX 8u/XMEM_STEP_RELAX 64u/' $header"
broken 'a suppression has no reason' $abi 'without # Reason:' \
    tests/abi/libxmem.suppr "sed -i '/^# Reason/d' tests/abi/libxmem.suppr"

# ---- the header ----
broken 'the header is no C++' $check_header 'does not pass: .*\+\+' \
    $header "sed -i 's/int xmem_domain_open(struct xmem \*x/int xmem_domain_open(struct xmem *new/' $header"
broken 'structs cannot be prepared in C++' $check_header 'does not pass: .*\+\+' \
    $header "sed -i 's/^#define XMEM_INIT(var) (.*/#define XMEM_INIT(var) { .size = sizeof(var) }/' $header"
broken 'the header is no C99' $check_header 'does not pass: .*c99' \
    $header "sed -i 's/^struct xmem; .*/&\nstruct xm_more { union { int a; }; };/' $header"
broken 'a struct has hidden padding' $check_header 'does not pass: .*Wpadded' \
    $header "sed -i '/^struct xmem_view_opts/,/^}/{/reserved/d}' $header"
broken 'a struct has a bit-field' $check_header 'has a bit-field' \
    $header "sed -i '/^struct xmem_view_opts/,/^}/s/uint32_t reserved;/uint32_t more : 5; uint32_t reserved : 27;/' $header"

# ---- callers of other versions ----
broken 'an older caller is written over' tests/abi/caller-sizes.sh 'caller of the older version fails' \
    lib/base/sized.c "sed -i 's/size_t n = size < bytes ? size : bytes;/size_t n = bytes;/' lib/base/sized.c" $lib
broken 'what a newer caller sets is ignored' tests/abi/caller-sizes.sh 'caller of the newer version fails' \
    lib/base/sized.c "sed -i 's/return -E2BIG;/return 0;/' lib/base/sized.c" $lib
broken 'a sized struct is not tried' tests/abi/caller-sizes.sh 'caller.c knows' \
    tests/abi/caller.c "sed -i '/PRINT_SIZE(xmem_diag)/d' tests/abi/caller.c"

# ---- rules of the tree ----
broken 'a file without its licence' "$files spdx" 'lib/views/view.c: no line' \
    lib/views/view.c 'sed -i 1d lib/views/view.c'
broken 'a script without its licence' "$files spdx" 'tests/run-test: no line' \
    tests/run-test 'sed -i 2d tests/run-test'
broken 'the licence of another folder' "$files spdx" 'lib/views/view.c: no line' \
    lib/views/view.c 'sed -i 1s/LGPL-2.1-or-later/GPL-2.0-only/ lib/views/view.c'
broken 'a file too long' "$files file_length" 'lib/views/view.c has' \
    lib/views/view.c 'seq -f "/* %g */" 700 >>lib/views/view.c'
broken 'a file laid out otherwise' "$files format" 'lib/api/open.c:[0-9]+:[0-9]+: not as' \
    lib/api/open.c "echo 'int  more(int a);' >>lib/api/open.c"
broken 'a function too long' "$files file_length" 'lib/api/open.c:[0-9]+: a function' \
    lib/api/open.c '{ echo "int more(void)"; echo "{"; seq -f "    more(%g);" 61; echo "}"; } >>lib/api/open.c'
broken 'a tool reaches into the library' tests/gates/layering.sh 'examples/xmemctl/main.c includes' \
    examples/xmemctl/main.c "sed -i '2i #include \"domain.h\"' examples/xmemctl/main.c"
broken 'the library reaches into the hypervisor' tests/gates/layering.sh 'lib/views/view.c includes' \
    lib/views/view.c "sed -i '2i #include <xm/base.h>' lib/views/view.c"
broken 'the library knows Xen outside its backend' tests/gates/layering.sh 'lib/views/view.c includes' \
    lib/views/view.c "sed -i '2i #include <xenctrl.h>' lib/views/view.c"
broken 'a room includes one above it' tests/gates/rooms.sh 'known.c includes lib/views/views.h, which' \
    lib/arena/known.c "sed -i '/include \"arena.arena.h\"/a #include \"views/views.h\"' lib/arena/known.c"
broken 'a room includes what another keeps for itself' tests/gates/rooms.sh 'undo.c includes lib/rights/rights-int.h, which' \
    lib/views/undo.c "sed -i '/include \"rights.rights.h\"/a #include \"rights/rights-int.h\"' lib/views/undo.c"
broken 'a room calls one above it' tests/gates/rooms.sh 'known.c calls lib/api/open.c, which' \
    lib/arena/known.c \
    "echo 'const char *xmem_version(void); const char *more(void); const char *more(void) { return xmem_version(); }' \
        >>lib/arena/known.c" lib/libxmem-internal.la
broken 'two files call each other' tests/gates/rooms.sh 'a circle: .*lib/arena/known.c' lib/arena/arena.c \
    "echo 'struct known; void xmi_known_clear(struct known *k); void more(struct known *k);
           void more(struct known *k) { xmi_known_clear(k); }' >>lib/arena/arena.c" lib/libxmem-internal.la
broken 'an exception that nothing needs' tests/gates/rooms.sh 'not needed any more .*known.c calls lib/api/open.c' \
    tests/gates/rooms.sh "sed -i \"/^known='/a lib/arena/known.c calls lib/api/open.c\" tests/gates/rooms.sh"
broken 'the core wants a C library' tests/gates/layering.sh 'rights.c includes' \
    hypervisor/core/rights/rights.c "sed -i '2i #include <string.h>' hypervisor/core/rights/rights.c"
broken 'the core asks where it is' tests/gates/layering.sh '#ifdef for its surroundings' \
    hypervisor/core/rights/rights.c \
    "printf '#ifdef __XEN__\n#endif\n' >>hypervisor/core/rights/rights.c"
broken 'the core calls what its contract lacks' tests/gates/contract.sh 'outside the environment contract' \
    hypervisor/core/rights/rights.c \
    "echo 'void *malloc(size_t); void *xm_more(void); void *xm_more(void) { return malloc(1); }' \
        >>hypervisor/core/rights/rights.c" hypervisor/libxmcore.la
broken 'the base of the core includes a kind' tests/gates/layering.sh 'monitor.c includes <xm/pv.h> of pv/, which base/' \
    hypervisor/core/base/monitor.c "sed -i '2i #include <xm/pv.h>' hypervisor/core/base/monitor.c"
broken 'the base of the core calls a kind' tests/gates/contract.sh 'base/monitor.c needs xm_pv_idle of pv/' \
    hypervisor/core/base/monitor.c \
    "echo 'struct xm_pv; bool xm_pv_idle(struct xm_pv *p); bool xm_more(struct xm_pv *p);
           bool xm_more(struct xm_pv *p) { return xm_pv_idle(p); }' >>hypervisor/core/base/monitor.c" hypervisor/libxmcore.la
broken 'files of the core call each other' tests/gates/contract.sh 'a circle of files: .*base/p2m.c' hypervisor/core/base/p2m.c \
    "echo 'int xm_more(struct xm_domain *d); int xm_more(struct xm_domain *d) { return xm_hc_mem_access(d, NULL, NULL); }' \
        >>hypervisor/core/base/p2m.c" hypervisor/libxmcore.la
broken 'the core exports without its prefix' tests/gates/contract.sh 'without the prefix xm_' \
    hypervisor/core/rights/rights.c \
    "echo 'int more(void); int more(void) { return 1; }' >>hypervisor/core/rights/rights.c" \
    hypervisor/libxmcore.la
broken 'a script that the shell misreads' "$files shellcheck autogen.sh" 'In autogen.sh line' \
    autogen.sh "echo 'if [ \$build = \"a\" ; then rm -rf \$nothing/*; fi' >>autogen.sh"

broken 'a hook for Xen that says nothing' tests/gates/xen-apply.sh 'npt.hooks:[0-9]+: npt-set: @instead' \
    hypervisor/xen/npt.hooks \
    "sed -i '/^@hook npt-set/,/^@replace/s/^@replace/@instead/' hypervisor/xen/npt.hooks"
broken 'a patch for Xen that says no reason' tests/gates/xen-apply.sh 'no subject, or no reason' \
    hypervisor/xen/npt.hooks "sed -i '/^Off by default/,/^built before/d' hypervisor/xen/npt.hooks"

# ---- Python ----
broken 'a prototype is wrong in Python' "$python" 'not ok .*test_entries_are_their_comments' \
    bindings/python/xmem/_prototypes.py \
    "sed -i 's/(\"xmem_event_wait\", XmemDomainP, c_int)/(\"xmem_event_wait\", XmemDomainP, c_uint64)/' \
        bindings/python/xmem/_prototypes.py"
broken 'a prototype changes in C alone' "$python" 'not ok .*test_comments_are_the_header' \
    $header "sed -i 's/xmem_event_wait(struct xmem_domain \*d, int /xmem_event_wait(struct xmem_domain *d, long /' $header"
broken 'a function is missing in Python' "$python" 'not ok .*test_table_is_the_version_map' \
    lib/libxmem.map "sed -i 's/^    xmem_open;/&\n    xmem_more;/' lib/libxmem.map"
broken 'an offset is wrong in Python' "$python" 'not ok .*test_prototypes' \
    bindings/python/xmem/_structs.py \
    "sed -i '0,/(\"granule\", c_uint32),/s//(\"granule\", c_uint64),/' bindings/python/xmem/_structs.py"
broken 'a struct grows in C alone' "$python" 'not ok .*test_prototypes' \
    $header "sed -i 's/^    uint64_t bitmask;.*/&\n    uint64_t more;/' $header"
broken 'an enum is wrong in Python' "$python" 'not ok .*test_prototypes' \
    bindings/python/xmem/enums.py "sed -i 's/^    RX = 13/    RX = 14/' bindings/python/xmem/enums.py"

if command -v mypy >/dev/null; then
    broken 'a type is wrong in Python' 'tests/python/check-python test_package.Types' \
        'not ok .*test_package_tests_and_examples' bindings/python/xmem/view.py \
        "echo 'limit: int = \"none\"' >>bindings/python/xmem/view.py"
fi
broken 'the version of the Python package lags' "$python test_package" 'not ok .*' \
    $header "sed -i 's/\(VERSION_PATCH\) .*/\1 9/' $header"

# ---- what is installed ----
export DESTDIR=$FOLDER/stage
build install
installed="tests/install/check-install.sh $S /usr/local/lib/pkgconfig /usr/local/lib /usr/local/bin"
broken 'pkg-config forgets what static programs need' "$installed" 'undefined reference' \
    pkgconfig/libxmem.pc.in "sed -i /^Requires.private/d pkgconfig/libxmem.pc.in" install
broken 'the SONAME changes' "$installed" 'does not need libxmem.so.0' \
    'lib/Makemodule.am lib/libxmem.map' \
    "sed -i 's/-version-info 0:0:0/-version-info 1:0:0/' lib/Makemodule.am && touch lib/libxmem.map" install
broken 'the installed static library shows a name without a prefix' "$installed" 'shows names without its prefixes' \
    lib/api/open.c "echo 'int more(void); int more(void) { return 0; }' >>lib/api/open.c" install
unset DESTDIR

# ---- documents ----
broken 'a prototype is wrong in its page' "$manual" 'not ok .*xmem_event_wait' \
    docs/man3/xmem_event_next.3 \
    "sed -i 's/int timeout_ms/long timeout_ms/' docs/man3/xmem_event_next.3"
broken 'an example of a page does not compile' "$examples" 'not ok .*xmem' \
    docs/man3/xmem.3 "sed -i 's/int rc = xmem_domain_enable(d);/int rc = xmem_domain_start(d);/' docs/man3/xmem.3"
broken 'the C example of the README does not compile' "$examples" 'not ok .*README' \
    README.md "sed -i 's/rc = xmem_domain_enable(d);/rc = xmem_domain_start(d);/' README.md"
broken 'a document leads nowhere' "$documents" 'not ok .*' \
    docs/README.md "sed -i 's/(abi.md)/(abi-more.md)/' docs/README.md"
broken 'a document speaks of a function that is not there' "$documents" 'not ok .*' \
    docs/abi.md "echo 'Call \`xmem_more()\`.' >>docs/abi.md"
broken 'a generated table is edited by hand' "$documents" 'not ok .*' \
    docs/rights-by-machine.md "sed -i 's/^| rights .rwx. | yes/&, and more/' docs/rights-by-machine.md"
