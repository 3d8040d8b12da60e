# SPDX-License-Identifier: LGPL-2.1-or-later
# Reads xmem.h and writes a C program that prints each number a caller compiles in: sizes and
# offsets of structs, values of enumerators and constants. Debug information has none of the
# constants, nor enums that no prototype names.
function emit(name) { printf "    offset(struct %s, %s);\n", scope[depth], name }
function fields(line, n, part, i) {
    sub(/;.*/, "", line)
    n = split(line, part, ",")
    for (i = 1; i <= n; i++) {
        gsub(/\[.*/, "", part[i])
        sub(/.*[ *]/, "", part[i])
        emit(part[i])
    }
}
BEGIN {
    print "#include <stdio.h>\n#include <xmem.h>"
    print "#define value(n) printf(\"%s %#llx\\n\", #n, (unsigned long long)(n))"
    print "#define offset(t, f) printf(\"%s.%s %zu\\n\", #t, #f, offsetof(t, f))"
    print "#define bytes(t) printf(\"%s %zu bytes\\n\", #t, sizeof(t))"
    print "int main(void)\n{"
}
{ gsub(/\/\*[^*]*\*\//, "") }
/^#define XMEM_[A-Z0-9_]+ [^ ]/ && !/XMEM_API|XMEM_VERSION/ { printf "    value(%s);\n", $2 }
/^enum [a-z_0-9]+ \{/ { in_enum = 1; printf "    bytes(enum %s);\n", $2; next }
in_enum && /^\}/ { in_enum = 0 }
in_enum {
    line = $0
    while (match(line, /XMEM_[A-Z0-9_]+ =/)) {
        printf "    value(%s);\n", substr(line, RSTART, RLENGTH - 2)
        line = substr(line, RSTART + RLENGTH)
    }
}
/^ *struct [a-z_0-9]+ \{/ { scope[++depth] = $2; printf "    bytes(struct %s);\n", $2; next }
/^ *union \{/ { depth++; scope[depth] = scope[depth - 1]; next }
/^ *\} *[a-z_0-9]*;/ && depth {
    depth--
    if (depth && match($0, /[a-z_0-9]+;/)) {
        name = substr($0, RSTART, RLENGTH - 1)
        where = depth > 1 && scope[depth] == scope[depth - 1] ? "u." name : name
        printf "    offset(struct %s, %s);\n", scope[depth], where
    }
    next
}
depth && /;/ && !/\(/ {
    if (depth > 1 && scope[depth] == scope[depth - 1]) next # raw[] of a union
    fields($0)
}
END { print "    return 0;\n}" }
