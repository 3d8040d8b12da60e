/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of printf as is used here: %s %c %d %u %x with l, ll and z, a width, and zeroes before. */
#include "bare.h"

static void put_number(uint64_t v, unsigned base, unsigned width, char pad)
{
    char text[24];
    unsigned n = 0;

    do {
        text[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v != 0);
    while (width > n) {
        arch_putc(pad);
        width--;
    }
    while (n > 0)
        arch_putc(text[--n]);
}

static void put_text(const char *s)
{
    while (*s != '\0')
        arch_putc(*s++);
}

struct spec {
    char pad;
    unsigned width, longs;
};

static const char *spec_read(const char *f, struct spec *s)
{
    *s = (struct spec){.pad = ' '};
    if (*f == '0')
        s->pad = *f++;
    while (*f >= '0' && *f <= '9')
        s->width = s->width * 10 + (unsigned)(*f++ - '0');
    for (; *f == 'l' || *f == 'z'; f++)
        s->longs += *f == 'l' ? 1 : sizeof(size_t) / sizeof(int) - 1;
    return f;
}

static uint64_t unsigned_arg(const struct spec *s, va_list *ap)
{
    if (s->longs == 0)
        return va_arg(*ap, unsigned);
    return s->longs == 1 ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned long long);
}

static int64_t signed_arg(const struct spec *s, va_list *ap)
{
    if (s->longs == 0)
        return va_arg(*ap, int);
    return s->longs == 1 ? va_arg(*ap, long) : va_arg(*ap, long long);
}

static void convert(char c, const struct spec *s, va_list *ap)
{
    int64_t v;

    switch (c) {
    case 's': put_text(va_arg(*ap, const char *)); break;
    case 'c': arch_putc((char)va_arg(*ap, int)); break;
    case 'u': put_number(unsigned_arg(s, ap), 10, s->width, s->pad); break;
    case 'x': put_number(unsigned_arg(s, ap), 16, s->width, s->pad); break;
    case 'd':
        v = signed_arg(s, ap);
        if (v < 0)
            arch_putc('-');
        put_number(v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, s->width, s->pad);
        break;
    default: arch_putc(c); break;
    }
}

static void print_list(const char *f, va_list *ap)
{
    struct spec s;

    for (; *f != '\0'; f++) {
        if (*f != '%') {
            arch_putc(*f);
            continue;
        }
        f = spec_read(f + 1, &s);
        if (*f == '\0')
            return;
        convert(*f, &s, ap);
    }
}

void bare_print_list(const char *fmt, va_list ap)
{
    va_list own;

    va_copy(own, ap);
    print_list(fmt, &own);
    va_end(own);
}

void bare_print(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_list(fmt, &ap);
    va_end(ap);
}

void xm_env_log(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    bare_print("# ");
    print_list(fmt, &ap);
    bare_print("\n");
    va_end(ap);
}
