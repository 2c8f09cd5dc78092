#include "odx.h"

static void reset(disk *d)
{
    rules_clear(d->index);
    requests_cancel(d, NULL);
    ExAcquireFastMutex(&array_lock);
    tokens_expire(d);
    disk_reset(d);
    d->log_start = log_next();
    ExReleaseFastMutex(&array_lock);
}

static NTSTATUS set_size(disk *d, const command *c)
{
    if (c->size.eof > CAPACITY || c->size.vdl > c->size.eof)
        return STATUS_INVALID_PARAMETER;
    ExAcquireFastMutex(&array_lock);
    disk_set_size(d, c->size.eof, c->size.vdl);
    ExReleaseFastMutex(&array_lock);
    return STATUS_SUCCESS;
}

static NTSTATUS per_disk(disk *d, const command *c)
{
    switch (c->command) {
    case COMMAND_RESET:
        reset(d);
        return STATUS_SUCCESS;
    case COMMAND_SIZE:
        return set_size(d, c);
    case COMMAND_LIMITS:
        d->read_limit = c->limits.read;
        d->write_limit = c->limits.write;
        return STATUS_SUCCESS;
    case COMMAND_SWITCHES:
        d->switches = c->switches;
        return STATUS_SUCCESS;
    case COMMAND_EXPIRE:
        ExAcquireFastMutex(&array_lock);
        tokens_expire(d);
        ExReleaseFastMutex(&array_lock);
        return STATUS_SUCCESS;
    case COMMAND_RELEASE:
        requests_release(d);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

static void describe(const disk *d, disk_state *out)
{
    *out = (disk_state){
        .requests = d->requests,
        .pended = d->pended,
        .cancelled = d->cancelled,
        .reads = d->reads,
        .writes = d->writes,
        .pending = d->pending,
        .handles = d->handles,
        .tokens = tokens_live(d),
        .sector = d->sector,
        .capacity = CAPACITY,
        .eof = d->eof,
        .vdl = d->vdl,
        .switches = d->switches,
    };
}

/* Disk ANY_DISK means every disk, except where the answer is about one. */
NTSTATUS control_command(IRP *irp)
{
    IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    ULONG room = stack->Parameters.DeviceIoControl.OutputBufferLength;
    void *out = irp->AssociatedIrp.SystemBuffer;
    command c;
    NTSTATUS status = STATUS_SUCCESS;

    if (stack->Parameters.DeviceIoControl.IoControlCode != CODE_COMMAND)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (stack->Parameters.DeviceIoControl.InputBufferLength != sizeof c)
        return STATUS_INVALID_PARAMETER;
    RtlCopyMemory(&c, out, sizeof c);
    if (c.disk >= DISKS && c.disk != ANY_DISK)
        return STATUS_INVALID_PARAMETER;

    switch (c.command) {
    case COMMAND_RULE:
        /* Nothing could release a routine that blocks for ever: Wine calls a driver from one thread. */
        if (c.rule.reply >= REPLY_KINDS || (c.rule.blocks && c.rule.delay == FOREVER))
            return STATUS_INVALID_PARAMETER;
        return rule_add(c.disk, &c.rule) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    case COMMAND_CLEAR_RULES:
        rules_clear(c.disk);
        return STATUS_SUCCESS;
    case COMMAND_LOG:
        irp->IoStatus.Information = log_copy(c.disk, c.log_from, out, room / sizeof(log_entry)) * sizeof(log_entry);
        return STATUS_SUCCESS;
    case COMMAND_STATE:
        if (c.disk == ANY_DISK || room < sizeof(disk_state))
            return STATUS_INVALID_PARAMETER;
        describe(&disks[c.disk], out);
        irp->IoStatus.Information = sizeof(disk_state);
        return STATUS_SUCCESS;
    }
    if (c.disk != ANY_DISK)
        return per_disk(&disks[c.disk], &c);
    if (c.command == COMMAND_RESET)
        rules_clear(ANY_DISK);
    for (uint32_t i = 0; i < DISKS && NT_SUCCESS(status); i++)
        status = per_disk(&disks[i], &c);
    return status;
}
