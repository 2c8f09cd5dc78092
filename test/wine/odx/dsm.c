#include "odx.h"

enum {
    /* Where a driver that prefixes its answer with a DEVICE_DSM_OUTPUT puts the block itself. */
    HEADED_BLOCK = 40,
    /* Seconds; the class driver compares a time to live with the device's maximum as it is. */
    MAXIMUM_LIFETIME = 600,
};

static bool behind_header(const request *r)
{
    return r->reply == REPLY_DSM_HEADER || (r->disk->switches & SWITCH_DSM_HEADER);
}

/* Puts the block at offset 0, or behind a header as two documents describe it. */
static void answer(const request *r, const dsm_input *in, const void *block, uint32_t length,
                   ULONG_PTR *information)
{
    uint8_t *out = r->irp->AssociatedIrp.SystemBuffer;
    uint32_t at = 0;

    if (behind_header(r)) {
        dsm_output head = {.size = sizeof head, .action = in->action, .block_offset = HEADED_BLOCK};
        head.block_length = length;
        at = HEADED_BLOCK;
        RtlZeroMemory(out, at);
        RtlCopyMemory(out, &head, sizeof head);
    }
    RtlCopyMemory(out + at, block, length);
    *information = at + length;
}

static bool fits(const request *r, uint32_t length)
{
    return r->output_length >= length + (behind_header(r) ? HEADED_BLOCK : 0);
}

static NTSTATUS check_ranges(const disk *d, const dsm_input *in, const dsm_range *ranges, uint32_t count)
{
    uint64_t end = round_up(d->eof, d->sector);

    if (!in->ranges_offset || !in->ranges_length || !count)
        return STATUS_INVALID_PARAMETER;
    for (uint32_t i = 0; i < count; i++)
        if ((uint64_t)ranges[i].offset % d->sector || ranges[i].length % d->sector || !ranges[i].length)
            return STATUS_INVALID_PARAMETER;
    for (uint32_t i = 0; i < count; i++)
        if ((uint64_t)ranges[i].offset > end || ranges[i].length > end - ranges[i].offset)
            return STATUS_NONEXISTENT_SECTOR;
    return STATUS_SUCCESS;
}

static uint64_t total(const dsm_range *ranges, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += ranges[i].length;
    return sum;
}

static NTSTATUS offload_read(request *r, const dsm_input *in, const uint8_t *parameters, dsm_range *ranges,
                             uint32_t count, ULONG_PTR *information)
{
    dsm_read_parameters p;
    dsm_read_result result = {.token_length = TOKEN_LENGTH};
    uint32_t used = count < TOKEN_EXTENTS ? count : TOKEN_EXTENTS;
    uint64_t asked = total(ranges, count);

    if (in->parameters_length < sizeof p)
        return STATUS_INVALID_PARAMETER;
    RtlCopyMemory(&p, parameters, sizeof p);
    if (p.time_to_live > MAXIMUM_LIFETIME)
        return STATUS_INVALID_PARAMETER;
    if (!fits(r, sizeof result))
        return STATUS_BUFFER_TOO_SMALL;

    result.length_protected = reply_limit(r, total(ranges, used), r->disk->read_limit);
    if (result.length_protected < asked)
        result.flags = RANGE_TRUNCATED;
    token_make(r->disk, ranges, used, result.length_protected, p.time_to_live * 1000ull, &result.token);
    answer(r, in, &result, sizeof result, information);
    return STATUS_SUCCESS;
}

/* Fills the ranges one after the other; a token that dies on the way ends the copy. */
static NTSTATUS fill(disk *d, const dsm_write_parameters *p, const dsm_range *ranges, uint64_t limit,
                     uint64_t *copied)
{
    uint64_t from = p->token_offset / d->sector * d->sector;

    for (uint32_t i = 0; *copied < limit; i++) {
        uint64_t part = least(ranges[i].length, limit - *copied);
        if (token_is_zero(&p->token)) {
            disk_zero(d, ranges[i].offset, part);
        } else {
            const token *t = token_find(&p->token);
            if (!t)
                return ODX_INVALID_TOKEN;
            if (from >= token_length(t) || part > token_length(t) - from)
                return STATUS_INVALID_PARAMETER;
            token_write(t, from, d, ranges[i].offset, part);
        }
        from += part;
        *copied += part;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS offload_write(request *r, const dsm_input *in, const uint8_t *parameters,
                              const dsm_range *ranges, uint32_t count, ULONG_PTR *information)
{
    dsm_write_parameters p;
    dsm_write_result result = {0};
    uint64_t asked = total(ranges, count);

    if (in->parameters_length < sizeof p)
        return STATUS_INVALID_PARAMETER;
    RtlCopyMemory(&p, parameters, sizeof p);
    if (!fits(r, sizeof result))
        return STATUS_BUFFER_TOO_SMALL;
    if (r->disk->switches & SWITCH_READ_ONLY)
        return STATUS_MEDIA_WRITE_PROTECTED;

    uint64_t limit = reply_limit(r, asked, r->disk->write_limit);
    NTSTATUS status = fill(r->disk, &p, ranges, limit, &result.length_copied);
    if (!NT_SUCCESS(status) && !result.length_copied)
        return status;
    if (result.length_copied < asked)
        result.flags = RANGE_TRUNCATED;
    if (status == ODX_INVALID_TOKEN || r->reply == REPLY_TOKEN_INVALID)
        result.flags |= TOKEN_INVALID;
    answer(r, in, &result, sizeof result, information);
    return STATUS_SUCCESS;
}

static bool inside(uint32_t offset, uint32_t length, uint32_t whole)
{
    return offset <= whole && length <= whole - offset;
}

/* The order of checks is that of the inbox storage class driver. */
NTSTATUS dsm_manage(request *r, ULONG_PTR *information)
{
    const uint8_t *buffer = r->irp->AssociatedIrp.SystemBuffer;
    dsm_input in;
    dsm_range *ranges;
    NTSTATUS status;

    if (r->input_length < sizeof in)
        return STATUS_INVALID_PARAMETER;
    RtlCopyMemory(&in, buffer, sizeof in);
    if (r->input_length < sizeof in + (uint64_t)in.parameters_length + in.ranges_length ||
        !inside(in.parameters_offset, in.parameters_length, r->input_length) ||
        !inside(in.ranges_offset, in.ranges_length, r->input_length))
        return STATUS_INVALID_PARAMETER;
    if (in.action != ACTION_OFFLOAD_READ && in.action != ACTION_OFFLOAD_WRITE)
        return STATUS_NOT_SUPPORTED;
    if (r->disk->switches & SWITCH_NO_ROD)
        return ODX_FEATURE_NOT_SUPPORTED;
    if (r->disk->switches & SWITCH_DSM_REFUSED)
        return STATUS_ACCESS_DENIED;

    /* A copy, since the answer goes into the same buffer. */
    uint32_t count = in.ranges_length / sizeof *ranges;
    ranges = ExAllocatePoolWithTag(NonPagedPool, (count + 1) * sizeof *ranges, POOL_TAG);
    if (!ranges)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(ranges, buffer + in.ranges_offset, count * sizeof *ranges);
    status = check_ranges(r->disk, &in, ranges, count);
    if (NT_SUCCESS(status)) {
        const uint8_t *parameters = buffer + in.parameters_offset;
        status = in.action == ACTION_OFFLOAD_READ
                     ? offload_read(r, &in, parameters, ranges, count, information)
                     : offload_write(r, &in, parameters, ranges, count, information);
    }
    ExFreePoolWithTag(ranges, POOL_TAG);
    return status;
}
