/* Shared by the files of the driver. */
#ifndef ODX_H
#define ODX_H

#include <ntddk.h>
#include <stdbool.h>
#include "wire.h"

enum { DISKS = 4, CAPACITY = 32 * 1024 * 1024, POOL_TAG = 0x2058444F };

typedef struct {
    uint32_t index;
    uint32_t sector;
    uint32_t switches;
    uint32_t pending;
    volatile LONG handles;
    uint64_t eof;
    /* Invariant: every byte at or beyond the valid data length is zero. */
    uint64_t vdl;
    /* No byte at or beyond this one was written since it was last zeroed; it makes a reset cheap. */
    uint64_t dirty;
    uint64_t read_limit;
    uint64_t write_limit;
    uint64_t requests, pended, cancelled, reads, writes;
    uint64_t log_start;
    uint8_t *data;
} disk;

typedef struct {
    LIST_ENTRY link;
    IRP *irp;
    IO_STACK_LOCATION *stack;
    disk *disk;
    uint64_t due;
    uint64_t sequence;
    uint32_t code;
    uint32_t delay;
    uint32_t reply;
    bool blocks;
    NTSTATUS forced;
    uint32_t input_length;
    uint32_t output_length;
} request;

extern disk disks[DISKS];
/* Held while contents, sizes or tokens of any disk are used. */
extern FAST_MUTEX array_lock;

static inline uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

/* clock.c: milliseconds and 100 ns units since some fixed moment. */
uint64_t clock_ms(void);
uint64_t clock_ticks(void);

/* disk.c */
bool disks_create(void);
void disks_destroy(void);
void disk_reset(disk *d);
void disk_set_size(disk *d, uint64_t eof, uint64_t vdl);
void disk_zero(disk *d, uint64_t offset, uint64_t length);
void disk_copy(disk *to, uint64_t to_offset, const disk *from, uint64_t from_offset, uint64_t length);
NTSTATUS disk_read(request *r, ULONG_PTR *information);
NTSTATUS disk_write(request *r, ULONG_PTR *information);
NTSTATUS disk_extend(const request *r);

/* token.c */
typedef struct token token;
enum { TOKEN_EXTENTS = 64 };
bool tokens_create(void);
void tokens_destroy(void);
void token_make_zero(offload_token *out);
bool token_is_zero(const offload_token *t);
void token_make(const disk *d, const dsm_range *ranges, uint32_t count, uint64_t length, uint64_t lifetime_ms,
                offload_token *out);
token *token_find(const offload_token *t);
uint64_t token_length(const token *t);
void token_write(const token *t, uint64_t token_offset, disk *to, uint64_t to_offset, uint64_t length);
void tokens_touch(const disk *d, uint64_t offset, uint64_t length);
void tokens_expire(const disk *d);
uint32_t tokens_live(const disk *d);

/* fsctl.c, dsm.c, property.c */
NTSTATUS fsctl_offload_read(request *r, ULONG_PTR *information);
NTSTATUS fsctl_offload_write(request *r, ULONG_PTR *information);
NTSTATUS dsm_manage(request *r, ULONG_PTR *information);
NTSTATUS property_query_answer(request *r, ULONG_PTR *information);
NTSTATUS property_length(request *r, ULONG_PTR *information);
NTSTATUS property_geometry(request *r, ULONG_PTR *information);
NTSTATUS property_device_number(request *r, ULONG_PTR *information);

/* reply.c: the bytes one request may move, and the spoiling of a good answer. */
uint64_t reply_limit(const request *r, uint64_t asked, uint64_t limit);
void reply_spoil(const request *r, ULONG_PTR *information);

/* rules.c */
void rule_apply(request *r);
bool rule_add(uint32_t disk, const rule_request *rule);
void rules_clear(uint32_t disk);

/* log.c */
bool log_create(void);
void log_destroy(void);
void log_arrival(request *r);
void log_completion(const request *r, NTSTATUS status, ULONG_PTR information, bool cancelled);
void log_pended(const request *r);
uint64_t log_next(void);
uint32_t log_copy(uint32_t disk, uint64_t from, log_entry *out, uint32_t room);

/* access.c */
uint32_t access_of(FILE_OBJECT *file);

/* request.c */
NTSTATUS requests_start(void);
void requests_stop(void);
NTSTATUS request_arrive(disk *d, IRP *irp);
void requests_cancel(const disk *d, const FILE_OBJECT *file);
void requests_release(const disk *d);

/* control.c */
NTSTATUS control_command(IRP *irp);

#endif
