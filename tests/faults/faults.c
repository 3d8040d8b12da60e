/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs each scenario on each kind of machine, once without a failure and then once for each: every
 * hypercall with every errno that it can give, every allocation. A process for each pair of scenario
 * and kind, as many at a time as there are processors; one that crashes or hangs is a failed case,
 * and another goes on behind it. Prints TAP.
 *
 *   faults [-v] [-s SCENARIO] [-k KIND] [-c CASE] [-t FILE]
 * XMEM_FAULTS_SAMPLE=N: each N-th case.
 */
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "law.h"

#define CASE_SECONDS 10u
#define TODO_MAX 4096u
#define JOBS_MAX 512u
#define WATCH_EACH \
    8u /* cases in which the ledger is looked at after each hypercall; and without a failure */

static const struct kind kinds[] = {
    {"ept17", SIM_X86_EPT, 17}, {"ept20", SIM_X86_EPT, 20},  {"arm", SIM_ARM_S2, 17},
    {"pv", SIM_X86_PV, 17},     {"mpu", SIM_ARMV8R_MPU, 20}, {"npt", SIM_X86_NPT, 20},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct scenario *const scenarios[] = {
    &scenario_single,       &scenario_range,           &scenario_many,       &scenario_default,
    &scenario_batch,        &scenario_enable,          &scenario_pause,      &scenario_required,
    &scenario_monitors,     &scenario_pages,           &scenario_views,      &scenario_remap,
    &scenario_visible,      &scenario_hidden_host,     &scenario_suppress,   &scenario_switch,
    &scenario_view_default, &scenario_found_views,     &scenario_step,       &scenario_step_single,
    &scenario_step_emulate, &scenario_step_hypervisor, &scenario_step_ahead, &scenario_step_relax,
    &scenario_step_in_view, &scenario_reply,           &scenario_drop,       &scenario_pending,
    &scenario_reinject,     &scenario_policy,          &scenario_rollback,   &scenario_bad_policy,
    &scenario_symbols,      &scenario_recover,         &scenario_queue,      &scenario_kept,
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

/* A scenario on a kind; in memory that the processes share. */
struct job {
    const struct scenario *s;
    const struct kind *k;
    pid_t pid;
    bool done;
    uint32_t at; /* case under way, from 1; 0: the run without a failure */
    uint32_t cases, bad, todo;
    char name[200]; /* of that case */
};

static struct {
    bool verbose;
    const char *scenario, *kind;
    uint32_t only, sample; /* this case; each so-many-th */
    char *todo[TODO_MAX];
    unsigned todo_n;
    bool *met; /* of them; shared */
    struct job *jobs;
    unsigned job_n;
} all;
static struct job *job;
static bool case_bad, case_todo;

/* ---- what is known to fail ---- */

static void read_todo(const char *path)
{
    char line[1024];
    FILE *f = path ? fopen(path, "r") : NULL;
    while (f && fgets(line, sizeof(line), f) && all.todo_n < TODO_MAX) {
        line[strcspn(line, "\n")] = 0;
        if (*line && *line != '#')
            all.todo[all.todo_n++] = strdup(line);
    }
    if (f)
        fclose(f);
}

static bool is_todo(const char *text)
{
    for (unsigned i = 0; i < all.todo_n; i++)
        if (!fnmatch(all.todo[i], text, 0))
            return all.met[i] = true;
    return false;
}

void case_failed(const struct world *w, const char *text)
{
    char line[1600];
    (void)w;
    if ((case_bad || case_todo) && !all.verbose)
        return; /* what follows from it */
    snprintf(line, sizeof(line), "%s: %s", job->name, text);
    bool known = is_todo(line);
    case_bad = case_bad || !known;
    case_todo = case_todo || known;
    if (!known || all.verbose)
        printf("# %s%s [case %u]\n", known ? "todo: " : "", line, job->at);
    fflush(stdout);
}

/* ---- one case ---- */

static void run(const struct fault *f)
{
    struct world w;
    struct world *wp = &w;
    inject_begin(f);
    world_make(wp, job->k, f->kind == FAULT_NONE);
    if (job->at % WATCH_EACH == 0)
        world_watch(wp);
    job->s->run(wp);
    world_close(wp);
    world_end(wp);
    long left = inject_end();
    if (left && f->kind != FAULT_NONE)
        fail(wp, "%ld allocations were not given back", left);
}

static void begin_case(const char *what)
{
    snprintf(job->name, sizeof(job->name), "%s/%s %s", job->s->name, job->k->name, what);
    case_bad = case_todo = false;
    alarm(CASE_SECONDS);
}

static void end_case(void)
{
    alarm(0);
    job->cases++;
    job->bad += case_bad;
    job->todo += !case_bad && case_todo;
}

/* Cases up to `done` were run by a process before this one. */
static void one(uint32_t *n, uint32_t done, const struct fault *f, const char *what)
{
    if (++*n <= done || (all.only && *n != all.only) || *n % all.sample)
        return;
    job->at = *n;
    begin_case(what);
    run(f);
    end_case();
}

static void hypercall_cases(uint32_t *n, uint32_t done, uint32_t calls, const uint8_t *ops)
{
    static const char *const hows[] = {"once", "same", "all", "ever"};
    char what[100];
    for (uint32_t i = 1; i <= calls; i++) {
        int op = ops[i];
        for (unsigned how = FAULT_ONCE; how <= FAULT_EVER; how++) {
            for (unsigned e = 0; errno_of(op, e) && (!e || how == FAULT_ONCE); e++) {
                struct fault f = {FAULT_HYPERCALL, how, i, errno_of(op, e)};
                snprintf(what, sizeof(what), "%s#%u %s %s", op_name(op), i, strerrorname_np(f.err),
                         hows[how]);
                one(n, done, &f, what);
            }
        }
    }
}

static void allocation_cases(uint32_t *n, uint32_t done, uint32_t allocations)
{
    char what[100];
    for (uint32_t i = 1; i <= allocations; i++) {
        struct fault f = {FAULT_ALLOCATION, FAULT_ONCE, i, 0};
        snprintf(what, sizeof(what), "allocation#%u once", i);
        one(n, done, &f, what);
        f.how = FAULT_ALL;
        snprintf(what, sizeof(what), "allocation#%u all", i);
        one(n, done, &f, what);
        f.how = FAULT_EVER;
        snprintf(what, sizeof(what), "allocation#%u ever", i);
        one(n, done, &f, what);
    }
}

/* All cases of the job, in a process of its own. */
static void work(uint32_t done)
{
    static uint8_t ops[4096];
    const struct fault none = {FAULT_NONE, FAULT_ONCE, 0, 0};
    uint32_t n = 0;
    job->at = done;
    begin_case("without a failure");
    run(&none);
    uint32_t calls = inject_count(FAULT_HYPERCALL), allocations = inject_count(FAULT_ALLOCATION);
    if (done == 0 && (case_bad || case_todo))
        end_case();
    for (uint32_t i = 1; i <= calls && i < sizeof(ops); i++)
        ops[i] = (uint8_t)inject_op_of(i);
    hypercall_cases(&n, done, calls, ops);
    allocation_cases(&n, done, allocations);
    job->done = true;
}

/* ---- the processes ---- */

static void start(struct job *j)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    if (pid) {
        j->pid = pid;
        return;
    }
    job = j;
    work(j->at);
    fflush(stdout);
    _exit(0);
}

/* It ended in the middle of a case. */
static void crashed(struct job *j, int status)
{
    char text[100];
    struct world w = {0};
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    job = j;
    case_bad = case_todo = false;
    snprintf(text, sizeof(text),
             sig == SIGALRM ? "hangs" : "the process ends, signal %d, status %d", sig,
             WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    case_failed(&w, text);
    end_case();
    if (j->at)
        start(j);
    else
        j->done = true; /* without a failure, too */
}

static bool reap(unsigned *running)
{
    int status;
    pid_t pid = wait(&status);
    for (unsigned i = 0; i < all.job_n; i++) {
        struct job *j = &all.jobs[i];
        if (j->pid != pid)
            continue;
        j->pid = 0;
        if (!j->done)
            crashed(j, status);
        *running -= !j->pid;
        return true;
    }
    return pid > 0;
}

static void run_all(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned running = 0, next = 0;
    while (next < all.job_n || running) {
        while (next < all.job_n && running < (unsigned)(cpus > 0 ? cpus : 1)) {
            start(&all.jobs[next++]);
            running++;
        }
        if (!reap(&running))
            break;
    }
}

/* ---- what is told ---- */

/* What was repaired since goes out of the list. */
static void tell_unmet(void)
{
    bool whole = !all.scenario && !all.kind && !all.only && all.sample == 1;
    for (unsigned i = 0; whole && i < all.todo_n; i++)
        if (!all.met[i])
            printf("# todo: fails no more: %s\n", all.todo[i]);
}

static int tell(void)
{
    uint32_t cases = 0, bad = 0, todo = 0;
    printf("1..%u\n", all.job_n);
    for (unsigned i = 0; i < all.job_n; i++) {
        const struct job *j = &all.jobs[i];
        printf("%s %u - %s/%s: %u cases, %u failed, %u known to fail%s\n",
               j->bad || j->todo || !j->done ? "not ok" : "ok", i + 1, j->s->name, j->k->name,
               j->cases, j->bad, j->todo, !j->bad && j->todo ? " # TODO" : "");
        cases += j->cases;
        bad += j->bad;
        todo += j->todo;
    }
    printf("# %u cases: %u as they must be, %u failed, %u known to fail (todo, not passed)\n",
           cases, cases - bad - todo, bad, todo);
    tell_unmet();
    return bad != 0;
}

static void *shared(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

static void make_jobs(void)
{
    all.jobs = shared(JOBS_MAX * sizeof(*all.jobs));
    for (size_t s = 0; s < SCENARIOS; s++) {
        for (size_t k = 0; k < KINDS; k++) {
            if ((all.scenario && strcmp(all.scenario, scenarios[s]->name)) ||
                (all.kind && strcmp(all.kind, kinds[k].name)) ||
                (scenarios[s]->kinds && !(scenarios[s]->kinds & ON(kinds[k].sim))))
                continue;
            all.jobs[all.job_n++] = (struct job){.s = scenarios[s], .k = &kinds[k]};
        }
    }
}

int main(int argc, char **argv)
{
    static char todo[4096];
    const char *dir = getenv("TOP_SRCDIR"), *sample = getenv("XMEM_FAULTS_SAMPLE");
    int c;
    snprintf(todo, sizeof(todo), "%s/tests/faults/todo", dir ? dir : ".");
    while ((c = getopt(argc, argv, "vs:k:c:t:")) != -1) {
        if (c == 'v')
            all.verbose = true;
        else if (c == 's')
            all.scenario = optarg;
        else if (c == 'k')
            all.kind = optarg;
        else if (c == 'c')
            all.only = (uint32_t)strtoul(optarg, NULL, 10);
        else if (c == 't')
            snprintf(todo, sizeof(todo), "%s", optarg);
        else
            return 2;
    }
    all.sample = sample && !all.only ? (uint32_t)strtoul(sample, NULL, 10) : 1;
    all.sample += !all.sample;
    all.met = shared(TODO_MAX * sizeof(*all.met));
    read_todo(todo);
    make_jobs();
    run_all();
    return tell();
}
