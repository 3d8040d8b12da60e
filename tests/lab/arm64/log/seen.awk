# SPDX-License-Identifier: LGPL-2.1-or-later
# Lines of xmemctl watch: how many accesses to page `gfn` were seen between the first and the last mark of a
# round of linux/sums (one of the page's last 64 bytes, in turn), where a round makes `each`. With `every`
# it tells so each so many seconds, with all events and the longest time without one.
function digit(at) { return index("0123456789abcdef", substr($11, at, 1)) - 1 }
function told() {
    return sprintf("%d rounds, %d accesses, %d seen", rounds, rounds * each, total)
}
$7 == "mem_access" {
    events++
    if ($1 - last_time > gap)
        gap = $1 - last_time
    last_time = $1
    if (every && $1 >= due) {
        printf "# %.0f s: %d events, longest time without one %.1f s; %s\n", $1, events, gap, told()
        fflush()
        due = $1 + every
    }
}
$8 == "gfn" && $9 == gfn {
    if (marked)
        n++
    mark = digit(4) * 16 + digit(5) - 192
    if (substr($11, 3, 1) == "f" && mark >= 0) {
        if (marked)
            rounds += (mark - last + 64) % 64
        total += n
        n = 0
        marked = 1
        last = mark
    }
}
$1 == "summary:" || $1 == "stepped" { if (every) print "# " $0 }
END {
    if (every)
        printf "# longest time without an event %.1f s\n", gap
    print told()
    exit !(rounds && total == rounds * each)
}
