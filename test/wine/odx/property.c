#include "odx.h"

typedef union {
    uint32_t header[2];
    copy_offload_descriptor copy_offload;
    access_alignment_descriptor alignment;
} descriptor;

/* Values count logical blocks, as in the class driver, though the documentation says bytes. */
static uint32_t copy_offload(const disk *d, descriptor *out)
{
    uint64_t most = d->read_limit ? d->read_limit : CAPACITY;
    out->copy_offload = (copy_offload_descriptor){
        .version = 1,
        .size = sizeof out->copy_offload,
        .maximum_token_lifetime = 600,
        .default_token_lifetime = 60,
        .maximum_transfer_size = most / d->sector,
        .optimal_transfer_count = 16 * 1024 * 1024 / d->sector,
        .maximum_data_descriptors = TOKEN_EXTENTS,
        .maximum_transfer_length_per_descriptor = CAPACITY / d->sector,
        .optimal_transfer_length_per_descriptor = 1024 * 1024 / d->sector,
        .optimal_transfer_length_granularity = 1,
    };
    return sizeof out->copy_offload;
}

static uint32_t alignment(const disk *d, descriptor *out)
{
    out->alignment = (access_alignment_descriptor){
        .version = sizeof out->alignment,
        .size = sizeof out->alignment,
        .bytes_per_logical_sector = d->sector,
        .bytes_per_physical_sector = 4096,
    };
    return sizeof out->alignment;
}

NTSTATUS property_query_answer(request *r, ULONG_PTR *information)
{
    property_query in;
    descriptor out;
    uint32_t size;

    if (r->input_length < sizeof in)
        return STATUS_INFO_LENGTH_MISMATCH;
    RtlCopyMemory(&in, r->irp->AssociatedIrp.SystemBuffer, sizeof in);
    if (in.property == PROPERTY_COPY_OFFLOAD)
        size = copy_offload(r->disk, &out);
    else if (in.property == PROPERTY_ACCESS_ALIGNMENT)
        size = alignment(r->disk, &out);
    else
        return STATUS_NOT_SUPPORTED;
    if (in.type == QUERY_EXISTS)
        return STATUS_SUCCESS;
    if (in.type != QUERY_STANDARD)
        return STATUS_NOT_SUPPORTED;
    if (r->output_length < sizeof out.header)
        return STATUS_BUFFER_TOO_SMALL;
    if (r->output_length < size) {
        /* The header alone, from which the caller learns the size. */
        out.header[0] = out.header[1] = size;
        size = sizeof out.header;
    } else if (in.property == PROPERTY_COPY_OFFLOAD && (r->disk->switches & SWITCH_NO_ROD)) {
        return ODX_FEATURE_NOT_SUPPORTED;
    }
    RtlCopyMemory(r->irp->AssociatedIrp.SystemBuffer, &out, size);
    *information = size;
    return STATUS_SUCCESS;
}

NTSTATUS property_length(request *r, ULONG_PTR *information)
{
    if (r->output_length < sizeof(uint64_t))
        return STATUS_BUFFER_TOO_SMALL;
    *(uint64_t *)r->irp->AssociatedIrp.SystemBuffer = r->disk->eof;
    *information = sizeof(uint64_t);
    return STATUS_SUCCESS;
}

NTSTATUS property_geometry(request *r, ULONG_PTR *information)
{
    enum { FIXED_MEDIA = 12, SECTORS_PER_TRACK = 8 };
    drive_geometry geometry = {
        .cylinders = CAPACITY / (SECTORS_PER_TRACK * r->disk->sector),
        .media_type = FIXED_MEDIA,
        .tracks_per_cylinder = 1,
        .sectors_per_track = SECTORS_PER_TRACK,
        .bytes_per_sector = r->disk->sector,
    };

    if (r->output_length < sizeof geometry)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(r->irp->AssociatedIrp.SystemBuffer, &geometry, sizeof geometry);
    *information = sizeof geometry;
    return STATUS_SUCCESS;
}

/* The same under every name of the disk. */
NTSTATUS property_device_number(request *r, ULONG_PTR *information)
{
    const uint32_t number[3] = {FILE_DEVICE_DISK, r->disk->index, 0};

    if (r->output_length < sizeof number)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(r->irp->AssociatedIrp.SystemBuffer, number, sizeof number);
    *information = sizeof number;
    return STATUS_SUCCESS;
}
