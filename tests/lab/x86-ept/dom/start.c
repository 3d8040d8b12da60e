/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first vCPU's registers, handed over as a saved state (public/arch-x86/hvm/save.h). */
#include "dom.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/save.h>

/* Segment attributes in VMX's form (SDM vol. 3, 24.4.1): present, code or data, 4 GiB, 32 bits. */
#define FLAT_CODE 0xc9bu
#define FLAT_DATA 0xc93u
#define BUSY_TSS  0x8bu

struct saved_state {
    struct hvm_save_descriptor header_d;
    HVM_SAVE_TYPE(HEADER) header;
    struct hvm_save_descriptor cpu_d;
    HVM_SAVE_TYPE(CPU) cpu;
    struct hvm_save_descriptor end_d;
    HVM_SAVE_TYPE(END) end;
} __attribute__((packed));

static struct hvm_save_descriptor describe(unsigned int code, size_t length)
{
    return (struct hvm_save_descriptor){.typecode = (uint16_t)code, .length = (uint32_t)length};
}

static void fill_cpu(struct hvm_hw_cpu *cpu, uint32_t entry)
{
    cpu->cs_limit = cpu->ds_limit = cpu->es_limit = cpu->ss_limit = 0xffffffff;
    cpu->fs_limit = cpu->gs_limit = 0xffffffff;
    cpu->cs_arbytes = FLAT_CODE;
    cpu->ds_arbytes = cpu->es_arbytes = cpu->ss_arbytes = FLAT_DATA;
    cpu->fs_arbytes = cpu->gs_arbytes = FLAT_DATA;
    cpu->tr_limit = 0x67;
    cpu->tr_arbytes = BUSY_TSS;
    cpu->cr0 = 0x11; /* PE, ET */
    cpu->rflags = 2;
    cpu->dr6 = 0xffff0ff0;
    cpu->dr7 = 0x400;
    cpu->rip = entry;
}

/* Xen takes a state only with the header that it writes itself: its first record. */
static int own_header(struct dom *dom, struct saved_state *state)
{
    int size = xc_domain_hvm_getcontext(dom->xc, dom->domid, NULL, 0);
    size_t want = sizeof(state->header_d) + sizeof(state->header);
    uint8_t *buffer;
    int rc = 0;

    if (size < (int)want)
        return dom_error("xc_domain_hvm_getcontext");
    buffer = calloc(1, (size_t)size);
    if (!buffer || xc_domain_hvm_getcontext(dom->xc, dom->domid, buffer, (uint32_t)size) < 0)
        rc = dom_error("xc_domain_hvm_getcontext");
    else
        memcpy(&state->header_d, buffer, want);
    free(buffer);
    return rc;
}

int dom_start(struct dom *dom, uint32_t entry)
{
    struct saved_state state;
    struct hvm_hw_cpu cpu;
    int rc;

    memset(&state, 0, sizeof(state));
    memset(&cpu, 0, sizeof(cpu));
    rc = own_header(dom, &state);
    if (rc)
        return rc;
    fill_cpu(&cpu, entry);
    state.cpu = cpu;
    state.cpu_d = describe(HVM_SAVE_CODE(CPU), sizeof(state.cpu));
    state.end_d = describe(HVM_SAVE_CODE(END), 0);
    if (xc_domain_hvm_setcontext(dom->xc, dom->domid, (uint8_t *)&state,
                                 (uint32_t)offsetof(struct saved_state, end)))
        return dom_error("xc_domain_hvm_setcontext");
    if (xc_domain_unpause(dom->xc, dom->domid))
        return dom_error("xc_domain_unpause");
    return 0;
}
