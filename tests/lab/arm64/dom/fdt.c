/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device tree that a Linux guest on Xen/arm64 expects (Linux bindings arm,gic-v3, xen, psci). */
#include "dom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#define FDT_BYTES     (64u * 1024u)
#define GIC_PHANDLE   1u
#define PPI           1u
#define FIRST_PPI     16u
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

static void put_chosen(void *fdt, int *rc, const struct dom_fdt_input *input)
{
    step(rc, fdt_begin_node(fdt, "chosen"));
    put_text(fdt, rc, "bootargs", input->args);
    step(rc, fdt_property_u64(fdt, "linux,initrd-start", input->initrd_start));
    step(rc, fdt_property_u64(fdt, "linux,initrd-end", input->initrd_end));
    step(rc, fdt_end_node(fdt));
}

static void put_memory(void *fdt, int *rc, const struct dom_fdt_input *input)
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
        cpu_to_fdt64(GUEST_GICV3_GICD_BASE), cpu_to_fdt64(GUEST_GICV3_GICD_SIZE),
        cpu_to_fdt64(GUEST_GICV3_GICR0_BASE), cpu_to_fdt64(GUEST_GICV3_GICR0_SIZE),
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
        GUEST_TIMER_PHYS_S_PPI, GUEST_TIMER_PHYS_NS_PPI, GUEST_TIMER_VIRT_PPI,
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

int dom_fdt_make(const struct dom_fdt_input *input, void **blob, size_t *size)
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
