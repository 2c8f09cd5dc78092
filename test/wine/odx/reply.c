#include "odx.h"

/* limit 0 stands for no limit. */
uint64_t reply_limit(const request *r, uint64_t asked, uint64_t limit)
{
    if (limit)
        asked = least(asked, limit);
    if (r->reply == REPLY_ZERO)
        return 0;
    if (r->reply == REPLY_HALF || r->reply == REPLY_TOKEN_INVALID) {
        uint64_t half = asked / 2 / r->disk->sector * r->disk->sector;
        return half ? half : asked;
    }
    return asked;
}

void reply_spoil(const request *r, ULONG_PTR *information)
{
    uint8_t *out = r->irp->AssociatedIrp.SystemBuffer;
    /* In all four results the length of what was done is the 64-bit number at offset 8. */
    uint64_t *length = (uint64_t *)(out + 8);
    ULONG_PTR end;

    if (*information < 16)
        return;
    switch (r->reply) {
    case REPLY_SHORT:
        *information = 8;
        break;
    case REPLY_TOO_MUCH:
        *length += r->disk->sector;
        break;
    case REPLY_LONG:
        /* 528 bytes in answer to a write, as one NFS client does it. */
        end = least(r->output_length, sizeof(offload_read_output));
        if (end > *information) {
            RtlZeroMemory(out + *information, end - *information);
            *information = end;
        }
        break;
    case REPLY_SIZE_ZERO:
        *(uint32_t *)out = 0;
        break;
    case REPLY_EMPTY:
        *information = 0;
        break;
    case REPLY_HUGE:
        *length = ~(uint64_t)0;
        break;
    case REPLY_UNALIGNED:
        *length -= 1;
        break;
    }
}
