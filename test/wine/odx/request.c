#include "odx.h"

/*
 * A pended request is on the list and carries a cancel routine. Whoever exchanges that routine for NULL
 * and gets it back owns the request; if NULL comes back the I/O manager is about to call the routine,
 * which then owns it. So each is completed once.
 */
static LIST_ENTRY pending;
static KSPIN_LOCK lock;
static KEVENT wake;
static void *worker;
static volatile bool stopping;

static NTSTATUS perform(request *r, ULONG_PTR *information)
{
    NTSTATUS status;

    if (r->forced)
        return r->forced;
    ExAcquireFastMutex(&array_lock);
    switch (r->code) {
    case MATCH_READ:
        status = disk_read(r, information);
        break;
    case MATCH_WRITE:
        status = disk_write(r, information);
        break;
    case CODE_OFFLOAD_READ:
        status = fsctl_offload_read(r, information);
        break;
    case CODE_OFFLOAD_WRITE:
        status = fsctl_offload_write(r, information);
        break;
    case CODE_MANAGE_DATA_SET:
        status = dsm_manage(r, information);
        break;
    case CODE_QUERY_PROPERTY:
        status = property_query_answer(r, information);
        break;
    case CODE_GET_LENGTH_INFO:
        status = property_length(r, information);
        break;
    case CODE_GET_DRIVE_GEOMETRY:
        status = property_geometry(r, information);
        break;
    case CODE_ALLOW_EXTENDED_DASD_IO:
        status = disk_extend(r);
        break;
    case CODE_GET_DEVICE_NUMBER:
        status = property_device_number(r, information);
        break;
    default:
        status = STATUS_INVALID_DEVICE_REQUEST;
    }
    ExReleaseFastMutex(&array_lock);
    if (NT_SUCCESS(status))
        reply_spoil(r, information);
    return status;
}

static void complete(request *r, NTSTATUS status, ULONG_PTR information, bool cancelled)
{
    log_completion(r, status, information, cancelled);
    r->irp->IoStatus.Status = status;
    r->irp->IoStatus.Information = information;
    IoCompleteRequest(r->irp, IO_NO_INCREMENT);
}

static NTSTATUS finish(request *r)
{
    ULONG_PTR information = 0;
    NTSTATUS status = perform(r, &information);
    complete(r, status, information, false);
    return status;
}

/* The request is off the list and owned by the caller. */
static void finish_cancelled(request *r)
{
    complete(r, STATUS_CANCELLED, 0, true);
    ExFreePoolWithTag(r, POOL_TAG);
}

/* With the lock held. */
static void unlink(request *r)
{
    RemoveEntryList(&r->link);
    r->disk->pending--;
}

static void NTAPI cancelled(DEVICE_OBJECT *device, IRP *irp)
{
    request *r = irp->Tail.Overlay.DriverContext[0];
    KIRQL irql;

    (void)device;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    KeAcquireSpinLock(&lock, &irql);
    unlink(r);
    r->disk->cancelled++;
    KeReleaseSpinLock(&lock, irql);
    finish_cancelled(r);
}

static NTSTATUS pend(const request *template)
{
    request *r = ExAllocatePoolWithTag(NonPagedPool, sizeof *r, POOL_TAG);
    IRP *irp = template->irp;
    KIRQL irql;

    if (!r) {
        complete((request *)template, STATUS_INSUFFICIENT_RESOURCES, 0, false);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *r = *template;
    r->due = r->delay == FOREVER ? ~(uint64_t)0 : clock_ticks() + r->delay * 10000ull;
    log_pended(r);
    IoMarkIrpPending(irp);
    irp->Tail.Overlay.DriverContext[0] = r;

    KeAcquireSpinLock(&lock, &irql);
    InsertTailList(&pending, &r->link);
    r->disk->pending++;
    r->disk->pended++;
    IoSetCancelRoutine(irp, cancelled);
    /* Cancelled before the routine was set: nobody will call it. */
    bool late = irp->Cancel && IoSetCancelRoutine(irp, NULL);
    if (late) {
        unlink(r);
        r->disk->cancelled++;
    }
    KeReleaseSpinLock(&lock, irql);

    if (late)
        finish_cancelled(r);
    else
        KeSetEvent(&wake, IO_NO_INCREMENT, FALSE);
    return STATUS_PENDING;
}

/* As a file system does that handles a request in the thread of the caller, overlapped or not. */
static void block(const request *r)
{
    uint64_t due = clock_ms() + r->delay;
    LARGE_INTEGER step = {.QuadPart = -10000};

    while (clock_ms() < due && !r->irp->Cancel)
        KeDelayExecutionThread(KernelMode, FALSE, &step);
}

NTSTATUS request_arrive(disk *d, IRP *irp)
{
    request r = {.irp = irp, .stack = IoGetCurrentIrpStackLocation(irp), .disk = d};

    r.code = r.stack->MajorFunction;
    if (r.code == IRP_MJ_READ) {
        d->reads++;
    } else if (r.code == IRP_MJ_WRITE) {
        d->writes++;
    } else {
        d->requests++;
        r.code = r.stack->Parameters.DeviceIoControl.IoControlCode;
        r.input_length = r.stack->Parameters.DeviceIoControl.InputBufferLength;
        r.output_length = r.stack->Parameters.DeviceIoControl.OutputBufferLength;
        log_arrival(&r);
    }
    rule_apply(&r);
    if (r.delay && !r.blocks)
        return pend(&r);
    block(&r);
    return finish(&r);
}

static void take(request *r, LIST_ENTRY *into)
{
    /* If the cancel routine is on its way the request stays: the routine takes it off the list. */
    if (!IoSetCancelRoutine(r->irp, NULL))
        return;
    unlink(r);
    InsertTailList(into, &r->link);
}

void requests_cancel(const disk *d, const FILE_OBJECT *file)
{
    LIST_ENTRY taken, *next;
    KIRQL irql;

    InitializeListHead(&taken);
    KeAcquireSpinLock(&lock, &irql);
    for (LIST_ENTRY *e = pending.Flink; e != &pending; e = next) {
        request *r = CONTAINING_RECORD(e, request, link);
        next = e->Flink;
        if (r->disk == d && (!file || r->stack->FileObject == file))
            take(r, &taken);
    }
    KeReleaseSpinLock(&lock, irql);
    while (!IsListEmpty(&taken))
        finish_cancelled(CONTAINING_RECORD(RemoveHeadList(&taken), request, link));
}

void requests_release(const disk *d)
{
    KIRQL irql;

    KeAcquireSpinLock(&lock, &irql);
    for (LIST_ENTRY *e = pending.Flink; e != &pending; e = e->Flink) {
        request *r = CONTAINING_RECORD(e, request, link);
        if (r->disk == d)
            r->due = 0;
    }
    KeReleaseSpinLock(&lock, irql);
    KeSetEvent(&wake, IO_NO_INCREMENT, FALSE);
}

/* Moves what is due to the list and gives the moment at which the next one is. */
static uint64_t take_due(LIST_ENTRY *due)
{
    uint64_t now = clock_ticks(), soonest = ~(uint64_t)0;
    LIST_ENTRY *next;
    KIRQL irql;

    KeAcquireSpinLock(&lock, &irql);
    for (LIST_ENTRY *e = pending.Flink; e != &pending; e = next) {
        request *r = CONTAINING_RECORD(e, request, link);
        next = e->Flink;
        if (r->due <= now)
            take(r, due);
        else
            soonest = least(soonest, r->due);
    }
    KeReleaseSpinLock(&lock, irql);
    return soonest;
}

static void NTAPI work(void *context)
{
    (void)context;
    while (!stopping) {
        LARGE_INTEGER timeout;
        LIST_ENTRY due;

        InitializeListHead(&due);
        uint64_t soonest = take_due(&due);
        while (!IsListEmpty(&due)) {
            request *r = CONTAINING_RECORD(RemoveHeadList(&due), request, link);
            finish(r);
            ExFreePoolWithTag(r, POOL_TAG);
        }
        uint64_t now = clock_ticks();
        if (soonest <= now)
            continue;
        timeout.QuadPart = -(LONGLONG)(soonest - now);
        KeWaitForSingleObject(&wake, Executive, KernelMode, FALSE, soonest == ~(uint64_t)0 ? NULL : &timeout);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

NTSTATUS requests_start(void)
{
    HANDLE thread;
    NTSTATUS status;

    InitializeListHead(&pending);
    KeInitializeSpinLock(&lock);
    KeInitializeEvent(&wake, SynchronizationEvent, FALSE);
    status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, work, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, NULL, KernelMode, &worker, NULL);
    ZwClose(thread);
    return status;
}

void requests_stop(void)
{
    if (!worker)
        return;
    stopping = true;
    KeSetEvent(&wake, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(worker, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(worker);
}
