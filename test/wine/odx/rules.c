#include "odx.h"

/* Rules in the order they were added; a request is ruled by the first one that fits it. */
enum { RULES = 1024 };

typedef struct {
    uint32_t disk;
    rule_request is;
} rule;

static rule rules[RULES];
static uint32_t used;
static KSPIN_LOCK lock;

static bool matches(const rule *rule, const request *r)
{
    if (!rule->is.count || (rule->disk != ANY_DISK && rule->disk != r->disk->index))
        return false;
    switch (rule->is.code) {
    case MATCH_ANY_CONTROL:
        return r->code != MATCH_READ && r->code != MATCH_WRITE;
    case MATCH_OFFLOAD:
        return r->code == CODE_OFFLOAD_READ || r->code == CODE_OFFLOAD_WRITE || r->code == CODE_MANAGE_DATA_SET;
    default:
        return r->code == rule->is.code;
    }
}

static void drop_spent(void)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < used; i++)
        if (rules[i].is.count)
            rules[kept++] = rules[i];
    used = kept;
}

void rule_apply(request *r)
{
    KIRQL irql;

    KeAcquireSpinLock(&lock, &irql);
    for (uint32_t i = 0; i < used; i++) {
        rule_request *is = &rules[i].is;
        if (!matches(&rules[i], r))
            continue;
        if (is->skip) {
            is->skip--;
            continue;
        }
        r->delay = is->delay;
        r->forced = (NTSTATUS)is->status;
        r->reply = is->reply;
        r->blocks = is->blocks != 0;
        if (is->count != FOREVER && --is->count == 0)
            drop_spent();
        break;
    }
    KeReleaseSpinLock(&lock, irql);
}

bool rule_add(uint32_t disk, const rule_request *rule)
{
    KIRQL irql;

    KeAcquireSpinLock(&lock, &irql);
    bool room = used < RULES;
    if (room) {
        rules[used].disk = disk;
        rules[used].is = *rule;
        used++;
    }
    KeReleaseSpinLock(&lock, irql);
    return room;
}

/* A rule for any disk goes only with ANY_DISK. */
void rules_clear(uint32_t disk)
{
    KIRQL irql;

    KeAcquireSpinLock(&lock, &irql);
    for (uint32_t i = 0; i < used; i++)
        if (disk == ANY_DISK || rules[i].disk == disk)
            rules[i].is.count = 0;
    drop_spent();
    KeReleaseSpinLock(&lock, irql);
}
