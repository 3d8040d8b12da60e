/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bar on the terminal for what takes more than a second. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"

#define BAR_WIDTH 40u
#define SHOW_AFTER_MS 1000u
#define REDRAW_MS 100u

static uint64_t now_ms(void)
{
    return clock_ns() / 1000000u;
}

void progress_start(struct progress *p, const char *what, bool force)
{
    *p = (struct progress){.what = what, .start_ms = now_ms(), .force = force};
}

static void draw(const struct progress *p, uint64_t done, uint64_t total)
{
    char bar[BAR_WIDTH + 1];
    double part = total == 0 ? 1.0 : (double)done / (double)total;
    unsigned full = (unsigned)(part * BAR_WIDTH);

    for (unsigned i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < full ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3.0f%% %" PRIu64 "/%" PRIu64, p->what, bar, part * 100, done,
            total);
    fflush(stderr);
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
    uint64_t now = now_ms();

    if (!p->force && (now - p->start_ms < SHOW_AFTER_MS || !isatty(STDERR_FILENO))) {
        return;
    }
    if (p->drawn && now - p->drawn_ms < REDRAW_MS && done < total) {
        return;
    }
    draw(p, done < total ? done : total, total);
    p->drawn = true;
    p->drawn_ms = now;
}

void progress_end(struct progress *p)
{
    if (p->drawn) {
        fputc('\n', stderr);
    }
}
