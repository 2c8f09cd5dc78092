#include "odx.h"

/* The oldest token dies when more than this many are made. */
enum { TOKENS = 1024, WORDS = TOKEN_ID_LENGTH / 8 };

struct token {
    const disk *disk;
    uint64_t seed;
    uint64_t length;
    uint64_t expires;
    uint32_t count;
    dsm_range extents[TOKEN_EXTENTS];
};

static token *tokens;
/* First word of each token's id, apart so that a look-up reads 8 KiB and not the whole table. */
static uint64_t first_words[TOKENS];
static uint32_t next_slot;
static uint64_t seeds;

/* splitmix64: the id of a token is the sequence that its seed starts. */
static uint64_t word(uint64_t seed, uint32_t index)
{
    uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

bool tokens_create(void)
{
    tokens = ExAllocatePoolWithTag(NonPagedPool, TOKENS * sizeof(token), POOL_TAG);
    if (!tokens)
        return false;
    RtlZeroMemory(tokens, TOKENS * sizeof(token));
    seeds = clock_ticks();
    return true;
}

void tokens_destroy(void)
{
    if (tokens)
        ExFreePoolWithTag(tokens, POOL_TAG);
}

void token_make_zero(offload_token *out)
{
    static const uint8_t head[8] = {0xFF, 0xFF, 0, 1, 0, 0, 0x01, 0xF8};
    RtlZeroMemory(out, sizeof *out);
    RtlCopyMemory(out, head, sizeof head);
}

/* By the type alone: some implementations leave the length of a zero token at zero. */
bool token_is_zero(const offload_token *t)
{
    return t->type[0] == 0xFF && t->type[1] == 0xFF && t->type[2] == 0 && t->type[3] == 1;
}

void token_make(const disk *d, const dsm_range *ranges, uint32_t count, uint64_t length, uint64_t lifetime_ms,
                offload_token *out)
{
    uint32_t slot = next_slot++ % TOKENS;
    token *t = &tokens[slot];

    t->disk = d;
    t->seed = word(seeds++, slot);
    t->length = length;
    t->expires = lifetime_ms ? clock_ms() + lifetime_ms : 0;
    t->count = count;
    RtlCopyMemory(t->extents, ranges, count * sizeof *ranges);
    first_words[slot] = word(t->seed, 0);

    RtlZeroMemory(out, sizeof *out);
    /* SPC-4: point in time copy, change vulnerable. */
    out->type[1] = 0x80;
    out->type[3] = 0x01;
    out->length[0] = TOKEN_ID_LENGTH >> 8;
    out->length[1] = TOKEN_ID_LENGTH & 0xFF;
    for (uint32_t i = 0; i < WORDS; i++) {
        uint64_t w = word(t->seed, i);
        RtlCopyMemory(out->id + i * 8, &w, 8);
    }
}

static bool expired(const token *t) { return t->expires && clock_ms() >= t->expires; }

/* The whole token must be as it was given out. */
token *token_find(const offload_token *t)
{
    static const uint8_t head[8] = {0, 0x80, 0, 0x01, 0, 0, TOKEN_ID_LENGTH >> 8, TOKEN_ID_LENGTH & 0xFF};
    uint64_t first;

    if (RtlCompareMemory(t, head, sizeof head) != sizeof head)
        return NULL;
    RtlCopyMemory(&first, t->id, 8);
    for (uint32_t slot = 0; slot < TOKENS; slot++) {
        token *found = &tokens[slot];
        if (first_words[slot] != first || !found->disk)
            continue;
        for (uint32_t i = 1; i < WORDS; i++) {
            uint64_t w = word(found->seed, i);
            if (RtlCompareMemory(t->id + i * 8, &w, 8) != 8)
                return NULL;
        }
        return expired(found) ? NULL : found;
    }
    return NULL;
}

uint64_t token_length(const token *t) { return t->length; }

/* token_offset + length lies within the token. The copy may end the token: the caller finds it again. */
void token_write(const token *t, uint64_t token_offset, disk *to, uint64_t to_offset, uint64_t length)
{
    const disk *from = t->disk;

    for (uint32_t i = 0; i < t->count && length; i++) {
        const dsm_range *e = &t->extents[i];
        if (token_offset >= e->length) {
            token_offset -= e->length;
            continue;
        }
        uint64_t part = least(length, e->length - token_offset);
        disk_copy(to, to_offset, from, e->offset + token_offset, part);
        to_offset += part;
        length -= part;
        token_offset = 0;
    }
}

void tokens_touch(const disk *d, uint64_t offset, uint64_t length)
{
    for (uint32_t slot = 0; slot < TOKENS; slot++) {
        token *t = &tokens[slot];
        if (t->disk != d)
            continue;
        for (uint32_t i = 0; i < t->count; i++) {
            const dsm_range *e = &t->extents[i];
            if ((uint64_t)e->offset < offset + length && offset < e->offset + e->length) {
                t->disk = NULL;
                break;
            }
        }
    }
}

void tokens_expire(const disk *d)
{
    for (uint32_t slot = 0; slot < TOKENS; slot++)
        if (tokens[slot].disk == d)
            tokens[slot].disk = NULL;
}

uint32_t tokens_live(const disk *d)
{
    uint32_t live = 0;
    for (uint32_t slot = 0; slot < TOKENS; slot++)
        if (tokens[slot].disk == d && !expired(&tokens[slot]))
            live++;
    return live;
}
