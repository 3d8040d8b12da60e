/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symbol files of every format, and what is not one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doc/doc.h"
#include "unit.h"
#include "doc/doc-int.h"

static char path[64], said[4096];
static struct xmem_error why;

static void setup(void)
{
    snprintf(path, sizeof(path), "/tmp/test-symbols.XXXXXX");
    ck_assert_int_ge(close(mkstemp(path)), 0);
    said[0] = '\0';
    xmi_error_clear(&why);
}

static void teardown(void)
{
    unlink(path);
}

static void write_bytes(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void say(void *arg, const struct symbol *s)
{
    size_t n = strlen(said);

    ck_assert_ptr_null(arg);
    n += (size_t)snprintf(said + n, sizeof(said) - n, "%llx %.*s", (unsigned long long)s->address,
                          (int)s->len, s->name);
    if (s->module)
        n += (size_t)snprintf(said + n, sizeof(said) - n, " in %.*s", (int)s->module_len,
                              s->module);
    snprintf(said + n, sizeof(said) - n, ";");
}

static int read_file(void)
{
    struct symbols s;
    int rc = xmi_symbols_load(path, &s, &why);

    if (rc)
        return rc;
    rc = xmi_symbols_each(&s, say, NULL, &why);
    xmi_symbols_free(&s);
    return rc;
}

static void is_read_n(const void *text, size_t n, const char *wanted)
{
    said[0] = '\0';
    write_bytes(text, n);
    ck_assert_msg(read_file() == 0, "%s", why.text);
    ck_assert_str_eq(said, wanted);
}

static void is_read(const char *text, const char *wanted)
{
    is_read_n(text, strlen(text), wanted);
}

static void is_refused_n(const void *text, size_t n, const char *part)
{
    write_bytes(text, n);
    ck_assert_int_eq(read_file(), -EBADMSG);
    ck_assert_msg(strstr(why.text, part), "%s", why.text);
}

static void is_refused(const char *text, const char *part)
{
    is_refused_n(text, strlen(text), part);
}

START_TEST(lines)
{
    is_read("ffffffff81000000 T _stext\nffffffff81a00123 t _etext", /* no end of line */
            "ffffffff81000000 _stext;ffffffff81a00123 _etext;");
    is_read("10 T a\r\n20 T b\r\n", "10 a;20 b;"); /* Windows */
    is_read("\n                 U undefined\n\ncrt1.o:\n10 T a\nabc\nxyz T b\n10T c\n10 T \n",
            "10 a;");
    is_read("0123456789abcdef0 T long\n10 T a\n", "10 a;");
    is_read("10 T a  \n20 T b\tfile.c:7\n", "10 a;20 b;"); /* nm -l */
}
END_TEST

START_TEST(byte_order_mark)
{
    is_read("\xef\xbb\xbf"
            "10 T a\n20 T b\n",
            "10 a;20 b;");
    is_read("\xef\xbb\xbf{\"symbols\":{\"a\":{\"address\":16}}}", "10 a;");
}
END_TEST

START_TEST(nul_in_a_line)
{
    static const char text[] = "10 T a\n20 T b\0 c\n30 T d\n40 \0T e\n50 T f\n";

    is_read_n(text, sizeof(text) - 1, "10 a;30 d;50 f;");
}
END_TEST

START_TEST(names_with_blanks)
{
    is_read("10 T foo(int, char)\n20 W operator new(unsigned long)\n",
            "10 foo(int, char);20 operator new(unsigned long);");
}
END_TEST

START_TEST(sizes)
{
    is_read("0000000000001040 0000000000000026 T main\n0000000000004018 B _end\n"
            "00001040 00000010 t f(int)\n",
            "1040 main;4018 _end;1040 f(int);");
}
END_TEST

START_TEST(modules)
{
    is_read("ffffffffc0000000 t foo\t[ext4]\nffffffffc0100000 t bar\t[]\n"
            "ffffffffc0200000 T x\t[\n",
            "ffffffffc0000000 foo in ext4;ffffffffc0100000 bar;ffffffffc0200000 x;");
}
END_TEST

START_TEST(thumb)
{
    is_read("c0008001 T f\nc0009001 t g\nc0009801 d odd_data\nc000a001 T h\nc000b000 T _etext\n",
            "c0008000 f;c0009000 g;c0009801 odd_data;c000a000 h;c000b000 _etext;");
    /* odd functions of a 32-bit x86 kernel are some of many; 64-bit Arm has none of that */
    is_read("c0008001 T f\nc0009000 t g\n", "c0008001 f;c0009000 g;");
    is_read("ffffffff81000001 T f\n", "ffffffff81000001 f;");
    is_read("c0008001 d f\n", "c0008001 f;");
}
END_TEST

START_TEST(all_at_zero)
{
    is_refused("0000000000000000 T _stext\n0000000000000000 t foo\t[ext4]\n", "kptr_restrict");
    is_read("0000000000000000 A percpu\n10 T a\n", "0 percpu;10 a;");
}
END_TEST

START_TEST(not_symbols)
{
    is_refused("", "has no lines as");
    is_refused("hello\n", "has no lines as");
    is_refused("\x7f"
               "ELF\x02\x01",
               "ELF");
    is_refused("\xff\xfe"
               "1",
               "UTF-16");
    is_refused("\x28\xb5\x2f\xfd"
               "x",
               "zstd");
    is_refused("BZh9", "bzip2");
}
END_TEST

START_TEST(isf)
{
    is_read("{ \"metadata\": {\"x\": [1, \"}\", {\"y\": \"\\\\\\\"{\"}]}, \"user_types\": {},\n"
            "  \"symbols\": { \"_stext\": {\"type\": {\"kind\": \"base\"}, \"address\": "
            "18446744071578845184},\n \"a\\u0062\": {\"address\": 32}, \"none\": {} }, \"z\": 1}",
            "ffffffff81000000 _stext;20 ab;");
    is_read("{\"symbols\":{}}", "");
    is_read(" \n{\"symbols\" : {\"a\" : {\"address\" : 1 } } }", "1 a;");
}
END_TEST

/* Names of every length, and addresses that are none. */
START_TEST(isf_members)
{
    char name[3000], text[3100], wanted[3100];

    for (size_t n = 1; n < sizeof(name) - 1; n += 1 + n / 7) {
        memset(name, 'x', n);
        name[n - 1] = 'e';
        name[n] = '\0';
        snprintf(text, sizeof(text), "{\"symbols\":{\"%.*s\\u0065\":{\"address\":%zu}}}",
                 (int)n - 1, name, n);
        snprintf(wanted, sizeof(wanted), "%zx %s;", n, name);
        is_read(text, wanted);
    }
    is_read(
        "{\"symbols\":{\"a\":{\"address\":\"16\"},\"b\":{\"address\":1.5},\"c\":{\"address\":-1},"
        "\"d\":{\"address\":18446744073709551616},\"e\":{\"address\":18446744073709551615},"
        "\"f\":{\"address\":null},\"g\":{\"x\":{\"address\":1}},\"\":{\"address\":2}}}",
        "ffffffffffffffff e;2 ;");
    is_read("{\"symbols\":{\"a\":{\"address\":1,\"address\":2}}}", "2 a;");
    is_read("{\"symbols\":{\"a\\u0000\":{\"address\":1},\"b\\\\u0000\":{\"address\":2},"
            "\"c\":{\"x\":\"\\u0000\",\"address\":3},\"d\":{\"address\":4}}}",
            "2 b\\u0000;4 d;");
    is_read("{\"symbols\":{\"\\u00e4\\ud834\\udd1e\\\"\":{\"address\":1}}}",
            "1 \xc3\xa4\xf0\x9d\x84\x9e\";");
}
END_TEST

START_TEST(not_isf)
{
    static const char *const broken[] = {
        "{",
        "{\"symbols\"",
        "{\"symbols\":",
        "{\"symbols\":{",
        "{\"symbols\":{\"a\":{\"address\":1}",
        "{\"symbols\":{\"a\":{\"address\":1}}",
        "{\"symbols\":[]}",
        "{\"symbols\":{\"a\":null}}",
        "{\"symbols\":{\"a\":{\"address\":1} 2}}",
        "{\"symbols\":{\"a\":{\"address\":}}}",
        "{\"symbols\":{a:{\"address\":1}}}",
        "{\"symbols\":{\"a",
        "{\"symbols\":{\"a\\",
        "{\"symbols\":{\"a\" {\"address\":1}}}",
        "{\"symbols\":{\"\\u00\":{\"address\":1}}}",
        "{\"symbols\":{\"a\":{\"address\":1 2}}}",
        "{\"symbols\":{\"a\":{\"address\":01}}}",
        "{\"symbols\":{\"\xff\":{\"address\":1}}}",
        "{\"x\":\"",
        "{\"x\":1,}",
        "{\"x\":]}",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        is_refused(broken[i], "is broken or cut: no JSON");
    is_refused("{\"x\": {\"symbols\": {}}}", "without \"symbols\"");
    is_refused("{}", "without \"symbols\"");
}
END_TEST

/* ---- compressed ---- */

/* Two members, one behind the other. */
static const unsigned char gz[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4b, 0x83, 0x00, 0x0b, 0x43,
    0x03, 0x30, 0x50, 0x08, 0x51, 0x88, 0x2f, 0x2e, 0x49, 0xad, 0x28, 0xe1, 0x02, 0x00, 0xf5, 0xe6,
    0xb7, 0x86, 0x1a, 0x00, 0x00, 0x00, 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
    0x4b, 0x4b, 0x83, 0x00, 0x0b, 0xc3, 0x44, 0x03, 0x03, 0x43, 0x23, 0x63, 0x85, 0x10, 0x85, 0xf8,
    0xd4, 0x92, 0xd4, 0x8a, 0x12, 0x2e, 0x00, 0x9d, 0x7f, 0x46, 0x9d, 0x1a, 0x00, 0x00, 0x00,
};
static const unsigned char xz[] = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01,
    0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x00, 0x33, 0x00, 0x20, 0x5d, 0x00, 0x33,
    0x6a, 0x8a, 0x06, 0x23, 0x2f, 0x42, 0x97, 0x14, 0x48, 0x81, 0xc7, 0xbf, 0xfb, 0x6b, 0x1f, 0xac,
    0xe2, 0x55, 0x74, 0x0f, 0xf2, 0x94, 0xe0, 0x34, 0x25, 0xda, 0x6b, 0xfc, 0x22, 0xc0, 0x00, 0x00,
    0xce, 0xe5, 0xba, 0x82, 0x55, 0xca, 0x2e, 0xa4, 0x00, 0x01, 0x3c, 0x34, 0x61, 0x38, 0xc1, 0x72,
    0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
};

static void packed(const unsigned char *bytes, size_t n, const char *what,
                   int (*unpack)(const void *, size_t, struct unpacked *))
{
    unsigned char bad[256];
    struct unpacked u = {.max = 10};

    if (unpack(bytes, n, &u) == -EOPNOTSUPP) {
        write_bytes(bytes, n);
        ck_assert_int_eq(read_file(), -EOPNOTSUPP);
        ck_assert_msg(strstr(why.text, "built without"), "%s", why.text);
        return;
    }
    free(u.text);
    u = (struct unpacked){.max = 10};
    ck_assert_int_eq(unpack(bytes, n, &u), -EFBIG);
    free(u.text);
    is_read_n(bytes, n, "ffffffff81000000 _stext;ffffffff81a00123 _etext;");
    for (size_t cut = 1; cut < 20; cut += 6)
        is_refused_n(bytes, n - cut, what);
    memcpy(bad, bytes, n);
    bad[n / 2] ^= 0x40;
    is_refused_n(bad, n, "broken or cut");
}

START_TEST(compressed_by_gzip)
{
    packed(gz, sizeof(gz), "is compressed by gzip, and broken or cut", xmi_unpack_gz);
}
END_TEST

START_TEST(compressed_by_xz)
{
    packed(xz, sizeof(xz), "is compressed by xz, and broken or cut", xmi_unpack_xz);
}
END_TEST

START_TEST(files)
{
    unlink(path);
    ck_assert_int_eq(read_file(), -ENOENT);
    ck_assert_str_eq(why.text, "cannot be read: No such file or directory");
    ck_assert_int_eq(xmi_symbols_load("/tmp", &(struct symbols){0}, &why), -EISDIR);
    ck_assert_int_eq(xmi_symbols_load("/dev/zero", &(struct symbols){0}, &why), -EINVAL);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {
        lines,       byte_order_mark, nul_in_a_line,      names_with_blanks, sizes,
        modules,     thumb,           all_at_zero,        not_symbols,       isf,
        isf_members, not_isf,         compressed_by_gzip, compressed_by_xz,  files,
        NULL,
    };

    return unit_main("symbols", setup, teardown, tests);
}
