# SPDX-License-Identifier: LGPL-2.1-or-later
# Lines of xmemctl watch: how many accesses to page `gfn` were seen between the first and the last mark of a
# round of linux/sums (one of the page's last 64 bytes, in turn), where a round makes `each`. With `every`
# it tells so each so many seconds, with all events and the longest time without one.
function digit(text, at) { return index("0123456789abcdef", substr(text, at, 1)) - 1 }
function told() {
    return sprintf("%d rounds, %d accesses, %d seen", rounds, rounds * each, total)
}
function tell_each(time) {
    if (time - last_time > gap)
        gap = time - last_time
    last_time = time
    if (every && time >= due) {
        printf "# %.0f s: %d events, longest time without one %.1f s; %s\n", time, events, gap, told()
        fflush()
        due = time + every
    }
}
# `at`: the offset in the page, as 0x and three digits.
function count(at) {
    if (marked)
        n++
    mark = digit(at, 4) * 16 + digit(at, 5) - 192
    if (substr(at, 3, 1) == "f" && mark >= 0) {
        if (marked)
            rounds += (mark - last + 64) % 64
        total += n
        n = 0
        marked = 1
        last = mark
    }
}
BEGIN { head = " mem_access gfn " }
from = index($0, head) {
    events++
    tell_each($1)
    split(substr($0, from + length(head)), words, " ")
    if (words[1] == gfn)
        count(words[3])
}
$1 == "summary:" || $1 == "stepped" { if (every) print "# " $0 }
END {
    if (every)
        printf "# longest time without an event %.1f s\n", gap
    print told()
    exit !(rounds && total == rounds * each)
}
