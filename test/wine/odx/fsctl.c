#include "odx.h"

/* NTFS: 2^44 less one cluster of 64 KiB. */
#define MAXIMUM_FILE_SIZE 0xFFFFFFF0000u

static bool misaligned(const disk *d, uint64_t value) { return value % d->sector != 0; }

static NTSTATUS read_checks(const request *r, const offload_read_input *in, bool *nothing)
{
    const disk *d = r->disk;

    if (misaligned(d, in->file_offset) || misaligned(d, in->copy_length))
        return STATUS_INVALID_PARAMETER;
    if (in->size != sizeof *in || in->file_offset + in->copy_length < in->file_offset)
        return STATUS_INVALID_PARAMETER;
    if (in->copy_length == 0) {
        *nothing = true;
        return STATUS_SUCCESS;
    }
    if (d->switches & SWITCH_FILE_KIND)
        return ODX_READ_FILE_NOT_SUPPORTED;
    if (d->switches & SWITCH_DELETED)
        return STATUS_FILE_DELETED;
    if (in->file_offset > INT64_MAX)
        return STATUS_INVALID_PARAMETER;
    if (d->switches & SWITCH_LOCKED)
        return STATUS_FILE_LOCK_CONFLICT;
    if (in->file_offset >= d->eof)
        return STATUS_END_OF_FILE;
    return STATUS_SUCCESS;
}

/* MS-FSA 2.1.5.10.20, in its order. */
NTSTATUS fsctl_offload_read(request *r, ULONG_PTR *information)
{
    disk *d = r->disk;
    offload_read_output *out = r->irp->AssociatedIrp.SystemBuffer;
    offload_read_input in;
    bool nothing = false;
    NTSTATUS status;

    if (d->switches & SWITCH_NOT_IMPLEMENTED)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (d->switches & SWITCH_READ_UNSUPPORTED)
        return STATUS_NOT_SUPPORTED;
    if (r->input_length < sizeof in || r->output_length < sizeof *out)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(&in, out, sizeof in);
    status = read_checks(r, &in, &nothing);
    if (!NT_SUCCESS(status))
        return status;

    RtlZeroMemory(out, sizeof *out);
    out->size = sizeof *out;
    *information = sizeof *out;
    if (nothing)
        return STATUS_SUCCESS;

    if (in.file_offset >= d->vdl) {
        out->flags = READ_ALL_ZERO_BEYOND;
        out->transfer_length = least(in.copy_length, round_up(d->eof - in.file_offset, d->sector));
        token_make_zero(&out->token);
        return STATUS_SUCCESS;
    }
    if (d->switches & SWITCH_NO_ROD) {
        /* The file system then stops asking this volume until it is mounted anew. */
        d->switches |= SWITCH_READ_UNSUPPORTED;
        return ODX_FEATURE_NOT_SUPPORTED;
    }

    uint64_t length = in.copy_length;
    if (in.file_offset + length > d->vdl) {
        length = round_up(d->vdl - in.file_offset, d->sector);
        out->flags = READ_ALL_ZERO_BEYOND;
    }
    uint64_t covered = reply_limit(r, length, d->read_limit);
    if (covered < length)
        out->flags = 0;
    dsm_range extent = {.offset = in.file_offset, .length = covered};
    token_make(d, &extent, 1, covered, in.time_to_live, &out->token);
    out->transfer_length = covered;
    return STATUS_SUCCESS;
}

static NTSTATUS write_checks(const request *r, const offload_write_input *in, bool *nothing)
{
    const disk *d = r->disk;

    if (misaligned(d, in->file_offset) || misaligned(d, in->copy_length) || misaligned(d, in->transfer_offset))
        return STATUS_INVALID_PARAMETER;
    if (in->size != sizeof *in || in->file_offset + in->copy_length < in->file_offset)
        return STATUS_INVALID_PARAMETER;
    if (in->copy_length == 0) {
        *nothing = true;
        return STATUS_SUCCESS;
    }
    if (d->switches & SWITCH_FILE_KIND)
        return ODX_WRITE_FILE_NOT_SUPPORTED;
    if (d->switches & SWITCH_DELETED)
        return STATUS_FILE_DELETED;
    if (in->file_offset > INT64_MAX || in->file_offset + in->copy_length > MAXIMUM_FILE_SIZE)
        return STATUS_INVALID_PARAMETER;
    if (d->switches & SWITCH_LOCKED)
        return STATUS_FILE_LOCK_CONFLICT;
    if (in->file_offset >= d->eof)
        return STATUS_END_OF_FILE;
    if (in->file_offset > d->vdl)
        return ODX_BEYOND_VDL;
    return STATUS_SUCCESS;
}

/* What the array does; the file system has checked the request. */
static NTSTATUS device_write(const request *r, const offload_write_input *in, uint64_t *moved)
{
    disk *d = r->disk;
    uint64_t room = round_up(d->eof - in->file_offset, d->sector);
    uint64_t length = reply_limit(r, least(in->copy_length, room), d->write_limit);

    if (token_is_zero(&in->token)) {
        disk_zero(d, in->file_offset, length);
    } else {
        const token *t = token_find(&in->token);
        if (!t)
            return ODX_INVALID_TOKEN;
        if (in->transfer_offset >= token_length(t) || in->copy_length > token_length(t) - in->transfer_offset)
            return STATUS_INVALID_PARAMETER;
        token_write(t, in->transfer_offset, d, in->file_offset, length);
    }
    *moved = length;
    return STATUS_SUCCESS;
}

/* MS-FSA 2.1.5.10.21, in its order. */
NTSTATUS fsctl_offload_write(request *r, ULONG_PTR *information)
{
    disk *d = r->disk;
    offload_write_output *out = r->irp->AssociatedIrp.SystemBuffer;
    offload_write_input in;
    bool nothing = false;
    uint64_t moved = 0;
    NTSTATUS status;

    if (d->switches & SWITCH_NOT_IMPLEMENTED)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (d->switches & SWITCH_READ_ONLY)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (d->switches & SWITCH_WRITE_UNSUPPORTED)
        return STATUS_NOT_SUPPORTED;
    if (r->input_length < sizeof in || r->output_length < sizeof *out)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(&in, out, sizeof in);
    status = write_checks(r, &in, &nothing);
    if (NT_SUCCESS(status) && !nothing) {
        if (d->switches & SWITCH_NO_ROD) {
            d->switches |= SWITCH_WRITE_UNSUPPORTED;
            return ODX_FEATURE_NOT_SUPPORTED;
        }
        status = device_write(r, &in, &moved);
    }
    if (!NT_SUCCESS(status))
        return status;

    out->size = sizeof *out;
    out->flags = 0;
    out->length_written = moved;
    *information = sizeof *out;
    return STATUS_SUCCESS;
}
