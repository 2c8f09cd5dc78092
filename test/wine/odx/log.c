#include "odx.h"

enum { ENTRIES = 512 };

static log_entry *entries;
static uint64_t next_sequence = 1;
static KSPIN_LOCK lock;

bool log_create(void)
{
    KeInitializeSpinLock(&lock);
    entries = ExAllocatePoolWithTag(NonPagedPool, ENTRIES * sizeof(log_entry), POOL_TAG);
    if (entries)
        RtlZeroMemory(entries, ENTRIES * sizeof(log_entry));
    return entries != NULL;
}

void log_destroy(void)
{
    if (entries)
        ExFreePoolWithTag(entries, POOL_TAG);
}

void log_arrival(request *r)
{
    log_entry *e;
    KIRQL irql;
    uint32_t kept = r->input_length < LOG_BYTES ? r->input_length : LOG_BYTES;
    uint32_t access = access_of(r->stack->FileObject);
    uint32_t process = (uint32_t)(ULONG_PTR)PsGetCurrentProcessId();

    KeAcquireSpinLock(&lock, &irql);
    r->sequence = next_sequence++;
    e = &entries[r->sequence % ENTRIES];
    RtlZeroMemory(e, sizeof *e);
    e->sequence = r->sequence;
    e->disk = r->disk->index;
    e->code = r->code;
    e->input_length = r->input_length;
    e->output_length = r->output_length;
    e->access = access;
    e->process = process;
    e->kept = kept;
    e->arrived = clock_ticks();
    RtlCopyMemory(e->input, r->irp->AssociatedIrp.SystemBuffer, kept);
    KeReleaseSpinLock(&lock, irql);
}

/* Newer requests may have taken the entry while this one was pending. */
static log_entry *entry_of(const request *r)
{
    log_entry *e = &entries[r->sequence % ENTRIES];
    return r->sequence && e->sequence == r->sequence ? e : NULL;
}

void log_pended(const request *r)
{
    KIRQL irql;
    KeAcquireSpinLock(&lock, &irql);
    log_entry *e = entry_of(r);
    if (e)
        e->flags |= LOG_PENDED;
    KeReleaseSpinLock(&lock, irql);
}

void log_completion(const request *r, NTSTATUS status, ULONG_PTR information, bool cancelled)
{
    KIRQL irql;
    KeAcquireSpinLock(&lock, &irql);
    log_entry *e = entry_of(r);
    if (e) {
        e->flags |= LOG_COMPLETED | (cancelled ? LOG_CANCELLED : 0);
        e->status = (uint32_t)status;
        e->information = (uint32_t)information;
        e->completed = clock_ticks();
    }
    KeReleaseSpinLock(&lock, irql);
}

uint64_t log_next(void) { return next_sequence; }

uint32_t log_copy(uint32_t disk, uint64_t from, log_entry *out, uint32_t room)
{
    uint32_t count = 0;
    KIRQL irql;

    KeAcquireSpinLock(&lock, &irql);
    uint64_t oldest = next_sequence > ENTRIES ? next_sequence - ENTRIES : 1;
    for (uint64_t s = from > oldest ? from : oldest; s < next_sequence && count < room; s++) {
        const log_entry *e = &entries[s % ENTRIES];
        if (e->sequence < disks[e->disk].log_start || (disk != ANY_DISK && disk != e->disk))
            continue;
        out[count++] = *e;
    }
    KeReleaseSpinLock(&lock, irql);
    return count;
}
