/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linux in an arm64 domain: its kernel, and the device tree that it expects there (bindings arm,gic-v3, xen, psci). */
#include "../dom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libfdt.h>

#define MIB (1024u * 1024u)

/* Linux, Documentation/arm64/booting: the image header's fields. */
#define LINUX_MAGIC 0x644d5241u
#define LINUX_MAGIC_AT 56u
#define LINUX_TEXT_OFFSET 8u
#define LINUX_IMAGE_SIZE 16u
#define LINUX_HEADER_SIZE 64u

struct fdt_input {
    uint64_t ram_base;
    uint64_t ram_size;
    unsigned int vcpus;
    const char *args;
    uint64_t initrd_start;
    uint64_t initrd_end;
};

#define FDT_BYTES (64u * 1024u)
#define GIC_PHANDLE 1u
#define PPI 1u
#define FIRST_PPI 16u
#define LEVEL_LOW_ALL 0xf08u /* level, active low, all processors */

/* libfdt stops at the first error by itself: the first one is what is kept. */
static int step(int *rc, int result)
{
    if (!*rc)
        *rc = result;
    return *rc;
}

static void put_text(void *fdt, int *rc, const char *name, const char *text)
{
    step(rc, fdt_property(fdt, name, text, (int)strlen(text) + 1));
}

static void put_reg(void *fdt, int *rc, uint64_t base, uint64_t size)
{
    fdt64_t reg[2] = {cpu_to_fdt64(base), cpu_to_fdt64(size)};

    step(rc, fdt_property(fdt, "reg", reg, sizeof(reg)));
}

static void put_strings(void *fdt, int *rc, const char *name, const char *list, size_t size)
{
    step(rc, fdt_property(fdt, name, list, (int)size));
}

#define COMPATIBLE(fdt, rc, list) put_strings(fdt, rc, "compatible", list, sizeof(list))

static void put_chosen(void *fdt, int *rc, const struct fdt_input *input)
{
    step(rc, fdt_begin_node(fdt, "chosen"));
    put_text(fdt, rc, "bootargs", input->args);
    step(rc, fdt_property_u64(fdt, "linux,initrd-start", input->initrd_start));
    step(rc, fdt_property_u64(fdt, "linux,initrd-end", input->initrd_end));
    step(rc, fdt_end_node(fdt));
}

static void put_memory(void *fdt, int *rc, const struct fdt_input *input)
{
    char name[40];

    snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)input->ram_base);
    step(rc, fdt_begin_node(fdt, name));
    put_text(fdt, rc, "device_type", "memory");
    put_reg(fdt, rc, input->ram_base, input->ram_size);
    step(rc, fdt_end_node(fdt));
}

static void put_cpu(void *fdt, int *rc, unsigned int vcpu)
{
    /* Xen numbers vCPUs 16 to a cluster (vcpuid_to_vaffinity). */
    unsigned int mpidr = (vcpu & 0xfu) | (vcpu >> 4) << 8;
    char name[24];

    snprintf(name, sizeof(name), "cpu@%x", mpidr);
    step(rc, fdt_begin_node(fdt, name));
    put_text(fdt, rc, "device_type", "cpu");
    COMPATIBLE(fdt, rc, "arm,armv8");
    put_text(fdt, rc, "enable-method", "psci");
    step(rc, fdt_property_u32(fdt, "reg", mpidr));
    step(rc, fdt_end_node(fdt));
}

static void put_cpus(void *fdt, int *rc, unsigned int vcpus)
{
    unsigned int i;

    step(rc, fdt_begin_node(fdt, "cpus"));
    step(rc, fdt_property_u32(fdt, "#address-cells", 1));
    step(rc, fdt_property_u32(fdt, "#size-cells", 0));
    for (i = 0; i < vcpus; i++)
        put_cpu(fdt, rc, i);
    step(rc, fdt_end_node(fdt));
    step(rc, fdt_begin_node(fdt, "psci"));
    COMPATIBLE(fdt, rc, "arm,psci-1.0\0arm,psci-0.2");
    put_text(fdt, rc, "method", "hvc");
    step(rc, fdt_end_node(fdt));
}

static void put_gic(void *fdt, int *rc)
{
    fdt64_t reg[4] = {
        cpu_to_fdt64(GUEST_GICV3_GICD_BASE),
        cpu_to_fdt64(GUEST_GICV3_GICD_SIZE),
        cpu_to_fdt64(GUEST_GICV3_GICR0_BASE),
        cpu_to_fdt64(GUEST_GICV3_GICR0_SIZE),
    };

    step(rc, fdt_begin_node(fdt, "interrupt-controller@3001000"));
    COMPATIBLE(fdt, rc, "arm,gic-v3");
    step(rc, fdt_property_u32(fdt, "#interrupt-cells", 3));
    step(rc, fdt_property(fdt, "interrupt-controller", NULL, 0));
    step(rc, fdt_property(fdt, "reg", reg, sizeof(reg)));
    step(rc, fdt_property_u32(fdt, "phandle", GIC_PHANDLE));
    step(rc, fdt_end_node(fdt));
}

static void put_interrupts(void *fdt, int *rc, const unsigned int *irqs, size_t count)
{
    fdt32_t cells[9];
    size_t i;

    for (i = 0; i < count && i < 3; i++) {
        cells[3 * i] = cpu_to_fdt32(PPI);
        cells[3 * i + 1] = cpu_to_fdt32(irqs[i] - FIRST_PPI);
        cells[3 * i + 2] = cpu_to_fdt32(LEVEL_LOW_ALL);
    }
    step(rc, fdt_property(fdt, "interrupts", cells, (int)(3 * i * sizeof(*cells))));
    step(rc, fdt_property_u32(fdt, "interrupt-parent", GIC_PHANDLE));
}

static void put_timer_and_xen(void *fdt, int *rc)
{
    static const unsigned int timer[] = {
        GUEST_TIMER_PHYS_S_PPI,
        GUEST_TIMER_PHYS_NS_PPI,
        GUEST_TIMER_VIRT_PPI,
    };
    static const unsigned int upcall[] = {GUEST_EVTCHN_PPI};

    step(rc, fdt_begin_node(fdt, "timer"));
    COMPATIBLE(fdt, rc, "arm,armv8-timer");
    put_interrupts(fdt, rc, timer, 3);
    step(rc, fdt_end_node(fdt));
    step(rc, fdt_begin_node(fdt, "hypervisor"));
    COMPATIBLE(fdt, rc, "xen,xen-4.17\0xen,xen");
    put_reg(fdt, rc, GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE);
    put_interrupts(fdt, rc, upcall, 1);
    step(rc, fdt_end_node(fdt));
}

static int make_fdt(const struct fdt_input *input, void **blob, size_t *size)
{
    void *fdt = calloc(1, FDT_BYTES);
    int rc = 0;

    if (!fdt)
        return dom_error("device tree");
    step(&rc, fdt_create(fdt, FDT_BYTES));
    step(&rc, fdt_finish_reservemap(fdt));
    step(&rc, fdt_begin_node(fdt, ""));
    COMPATIBLE(fdt, &rc, "xen,xenvm");
    step(&rc, fdt_property_u32(fdt, "#address-cells", 2));
    step(&rc, fdt_property_u32(fdt, "#size-cells", 2));
    put_chosen(fdt, &rc, input);
    put_memory(fdt, &rc, input);
    put_cpus(fdt, &rc, input->vcpus);
    put_gic(fdt, &rc);
    put_timer_and_xen(fdt, &rc);
    step(&rc, fdt_end_node(fdt));
    step(&rc, fdt_finish(fdt));
    if (rc) {
        fprintf(stderr, "labdom: device tree: %s\n", fdt_strerror(rc));
        free(fdt);
        return -EINVAL;
    }
    *blob = fdt;
    *size = fdt_totalsize(fdt);
    return 0;
}

static uint64_t header_u64(const char *header, size_t at)
{
    uint64_t value;

    memcpy(&value, header + at, sizeof(value));
    return value;
}

/* Where the kernel goes and how much it needs, from its own header. */
static int linux_place(const char *path, uint64_t *addr, uint64_t *end)
{
    void *bytes;
    uint64_t size;
    uint32_t magic = 0;
    int rc = dom_map_file(path, &bytes, &size);

    if (rc)
        return rc;
    if (size >= LINUX_HEADER_SIZE)
        memcpy(&magic, (const char *)bytes + LINUX_MAGIC_AT, sizeof(magic));
    if (magic == LINUX_MAGIC) {
        *addr = GUEST_RAM0_BASE + 2 * MIB + header_u64(bytes, LINUX_TEXT_OFFSET);
        *end = *addr + header_u64(bytes, LINUX_IMAGE_SIZE);
    } else {
        fprintf(stderr, "labdom: %s is not an arm64 Image\n", path);
        rc = -ENOEXEC;
    }
    munmap(bytes, size);
    return rc;
}

static int load_fdt(struct dom *dom, const struct fdt_input *input, uint64_t addr)
{
    void *blob = NULL;
    size_t size = 0;
    int rc = make_fdt(input, &blob, &size);

    if (rc)
        return rc;
    rc = size > MIB ? -E2BIG : dom_load_bytes(dom, blob, size, addr);
    free(blob);
    return rc;
}

int dom_load_linux(struct dom *dom)
{
    const struct dom_config *config = dom->config;
    struct fdt_input input = {
        .ram_base = GUEST_RAM0_BASE,
        .ram_size = (uint64_t)config->mem_mib * MIB,
        .vcpus = config->vcpus,
        .args = config->cmdline,
    };
    uint64_t entry, end, fdt, size;
    int rc = linux_place(config->image, &entry, &end);

    if (rc)
        return rc;
    fdt = (end + 2 * MIB - 1) / (2 * MIB) * (2 * MIB);
    input.initrd_start = fdt + 2 * MIB;
    rc = dom_load_file(dom, config->image, entry, &size);
    if (!rc)
        rc = dom_load_file(dom, config->initrd, input.initrd_start, &size);
    if (rc)
        return rc;
    input.initrd_end = input.initrd_start + size;
    rc = load_fdt(dom, &input, fdt);
    return rc ? rc : dom_start(dom, entry, fdt);
}
