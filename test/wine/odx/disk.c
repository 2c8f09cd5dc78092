#include "odx.h"

disk disks[DISKS];
FAST_MUTEX array_lock;

bool disks_create(void)
{
    ExInitializeFastMutex(&array_lock);
    for (uint32_t i = 0; i < DISKS; i++) {
        disk *d = &disks[i];
        d->index = i;
        d->sector = i < 2 ? 512 : 4096;
        d->data = ExAllocatePoolWithTag(NonPagedPool, CAPACITY, POOL_TAG);
        if (!d->data)
            return false;
        d->vdl = d->dirty = CAPACITY;
        disk_reset(d);
    }
    return true;
}

void disks_destroy(void)
{
    for (uint32_t i = 0; i < DISKS; i++)
        if (disks[i].data)
            ExFreePoolWithTag(disks[i].data, POOL_TAG);
}

/* Everything but the handles that are open; the caller holds array_lock once requests can arrive. */
void disk_reset(disk *d)
{
    disk_set_size(d, CAPACITY, 0);
    d->vdl = CAPACITY;
    d->switches = 0;
    d->read_limit = d->write_limit = 0;
    d->requests = d->pended = d->cancelled = d->reads = d->writes = 0;
}

void disk_set_size(disk *d, uint64_t eof, uint64_t vdl)
{
    vdl = least(vdl, eof);
    if (vdl < d->dirty) {
        RtlZeroMemory(d->data + vdl, d->dirty - vdl);
        d->dirty = vdl;
    }
    d->eof = eof;
    d->vdl = vdl;
}

/* The part of a range that lies before the end of file: the last sector may run past it. */
static uint64_t kept(const disk *d, uint64_t offset, uint64_t length)
{
    return offset < d->eof ? least(length, d->eof - offset) : 0;
}

/* A range was written: tokens for it no longer hold. */
static void written(disk *d, uint64_t offset, uint64_t length)
{
    uint64_t end = least(d->eof, offset + length);
    if (end > d->vdl)
        d->vdl = end;
    if (end > d->dirty)
        d->dirty = end;
    tokens_touch(d, offset, length);
}

void disk_zero(disk *d, uint64_t offset, uint64_t length)
{
    RtlZeroMemory(d->data + offset, kept(d, offset, length));
    written(d, offset, length);
}

void disk_copy(disk *to, uint64_t to_offset, const disk *from, uint64_t from_offset, uint64_t length)
{
    RtlMoveMemory(to->data + to_offset, from->data + from_offset, kept(to, to_offset, length));
    written(to, to_offset, length);
}

/* Where reads end. The file system on a volume is a sector shorter, and keeps a handle within it until told otherwise. */
static uint64_t readable(const request *r)
{
    const disk *d = r->disk;
    bool is_short = (d->switches & SWITCH_VOLUME) && !r->stack->FileObject->FsContext2;
    return is_short && d->eof > d->sector ? d->eof - d->sector : d->eof;
}

/* FSCTL_ALLOW_EXTENDED_DASD_IO. A disk does not know it. */
NTSTATUS disk_extend(const request *r)
{
    if (!(r->disk->switches & SWITCH_VOLUME))
        return STATUS_INVALID_DEVICE_REQUEST;
    r->stack->FileObject->FsContext2 = r->disk;
    return STATUS_SUCCESS;
}

NTSTATUS disk_read(request *r, ULONG_PTR *information)
{
    disk *d = r->disk;
    uint64_t offset = r->stack->Parameters.Read.ByteOffset.QuadPart;
    uint64_t length = r->stack->Parameters.Read.Length;
    uint64_t end = readable(r);

    if (offset >= end)
        return STATUS_END_OF_FILE;
    length = least(length, end - offset);
    RtlCopyMemory(r->irp->AssociatedIrp.SystemBuffer, d->data + offset, length);
    *information = length;
    return STATUS_SUCCESS;
}

/* As on a file, a write past the end of file moves it, here up to the capacity. */
NTSTATUS disk_write(request *r, ULONG_PTR *information)
{
    disk *d = r->disk;
    uint64_t offset = r->stack->Parameters.Write.ByteOffset.QuadPart;
    uint64_t length = r->stack->Parameters.Write.Length;

    if (d->switches & SWITCH_READ_ONLY)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (offset > CAPACITY || length > CAPACITY - offset)
        return STATUS_DISK_FULL;
    if (offset + length > d->eof)
        d->eof = offset + length;
    RtlCopyMemory(d->data + offset, r->irp->AssociatedIrp.SystemBuffer, length);
    written(d, offset, length);
    *information = length;
    return STATUS_SUCCESS;
}
