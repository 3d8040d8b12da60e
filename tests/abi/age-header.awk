# SPDX-License-Identifier: LGPL-2.1-or-later
# awk -v age=older|newer: xmem.h as a caller of another version has it. older: the last field of
# each struct that starts with its size was not there yet. newer: each has got two more.
function end_struct(    last) {
    if (age == "newer")
        body[++n] = "    uint64_t xm_later[2];"
    else if (n > 2 && body[n] !~ /^    \} /) { # not the registers: their union is the struct
        last = n
        if (body[last] ~ / reserved[;[]/) last-- # padding goes with what it pads
        if (last > 2) n = last - 1
    }
    for (i = 1; i <= n; i++) print body[i]
    sized = n = 0
}
/^struct [a-z_]+ \{/ { open = $0; getline; print open
    if ($0 ~ /^    size_t size;/) sized = 1
    else { print; next } }
sized && /^\};/ { end_struct() }
sized { if ($0 ~ /;/ || $0 !~ /^ *(\/?\*|$)/) body[++n] = $0; next }
{ print }
