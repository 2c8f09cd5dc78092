/*
 * What crosses the boundary to user mode: control codes, statuses and structures, declared from the
 * Windows SDK and the open specifications (MS-FSCC 2.3.41-44, MS-FSA 2.1.5.10.20-21, ntddstor.h).
 * Nothing here is shared with the TypeScript, so that each checks the other.
 */
#ifndef ODX_WIRE_H
#define ODX_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define SIZE_IS(type, size) _Static_assert(sizeof(type) == (size), #type)
#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)

enum {
    CODE_OFFLOAD_READ = 0x00094264,
    CODE_OFFLOAD_WRITE = 0x00098268,
    CODE_MANAGE_DATA_SET = 0x002D9404,
    CODE_QUERY_PROPERTY = 0x002D1400,
    CODE_GET_LENGTH_INFO = 0x0007405C,
    CODE_GET_DRIVE_GEOMETRY = 0x00070000,
    CODE_ALLOW_EXTENDED_DASD_IO = 0x00090083,
    CODE_GET_DEVICE_NUMBER = 0x002D1080,
};

/* Absent from the mingw headers, or spelled there in ways that differ between versions. */
#define ODX_FEATURE_NOT_SUPPORTED ((NTSTATUS)0xC0000463)
#define ODX_INVALID_TOKEN ((NTSTATUS)0xC0000465)
#define ODX_BEYOND_VDL ((NTSTATUS)0xC0000432)
#define ODX_READ_FILE_NOT_SUPPORTED ((NTSTATUS)0xC000A2A3)
#define ODX_WRITE_FILE_NOT_SUPPORTED ((NTSTATUS)0xC000A2A4)

enum {
    READ_ALL_ZERO_BEYOND = 1,
    RANGE_TRUNCATED = 1,
    TOKEN_INVALID = 2,
    TOKEN_LENGTH = 512,
    TOKEN_ID_LENGTH = 504,
};

#define ACTION_OFFLOAD_READ 0x80000003u
#define ACTION_OFFLOAD_WRITE 0x00000004u

/* Type and length are big-endian, hence bytes. */
typedef struct {
    uint8_t type[4];
    uint8_t reserved[2];
    uint8_t length[2];
    uint8_t id[TOKEN_ID_LENGTH];
} offload_token;
SIZE_IS(offload_token, 512);
AT(offload_token, length, 6);
AT(offload_token, id, 8);

typedef struct {
    uint32_t size;
    uint32_t flags;
    uint32_t time_to_live;
    uint32_t reserved;
    uint64_t file_offset;
    uint64_t copy_length;
} offload_read_input;
SIZE_IS(offload_read_input, 32);
AT(offload_read_input, flags, 4);
AT(offload_read_input, time_to_live, 8);
AT(offload_read_input, file_offset, 16);
AT(offload_read_input, copy_length, 24);

typedef struct {
    uint32_t size;
    uint32_t flags;
    uint64_t transfer_length;
    offload_token token;
} offload_read_output;
SIZE_IS(offload_read_output, 528);
AT(offload_read_output, flags, 4);
AT(offload_read_output, transfer_length, 8);
AT(offload_read_output, token, 16);

typedef struct {
    uint32_t size;
    uint32_t flags;
    uint64_t file_offset;
    uint64_t copy_length;
    uint64_t transfer_offset;
    offload_token token;
} offload_write_input;
SIZE_IS(offload_write_input, 544);
AT(offload_write_input, flags, 4);
AT(offload_write_input, file_offset, 8);
AT(offload_write_input, copy_length, 16);
AT(offload_write_input, transfer_offset, 24);
AT(offload_write_input, token, 32);

typedef struct {
    uint32_t size;
    uint32_t flags;
    uint64_t length_written;
} offload_write_output;
SIZE_IS(offload_write_output, 16);
AT(offload_write_output, flags, 4);
AT(offload_write_output, length_written, 8);

typedef struct {
    uint32_t size;
    uint32_t action;
    uint32_t flags;
    uint32_t parameters_offset;
    uint32_t parameters_length;
    uint32_t ranges_offset;
    uint32_t ranges_length;
} dsm_input;
SIZE_IS(dsm_input, 28);
AT(dsm_input, action, 4);
AT(dsm_input, parameters_offset, 12);
AT(dsm_input, parameters_length, 16);
AT(dsm_input, ranges_offset, 20);
AT(dsm_input, ranges_length, 24);

typedef struct {
    int64_t offset;
    uint64_t length;
} dsm_range;
SIZE_IS(dsm_range, 16);
AT(dsm_range, length, 8);

typedef struct {
    uint32_t flags;
    uint32_t time_to_live;
    uint32_t reserved[2];
} dsm_read_parameters;
SIZE_IS(dsm_read_parameters, 16);
AT(dsm_read_parameters, time_to_live, 4);

typedef struct {
    uint32_t flags;
    uint32_t reserved;
    uint64_t token_offset;
    offload_token token;
} dsm_write_parameters;
SIZE_IS(dsm_write_parameters, 528);
AT(dsm_write_parameters, token_offset, 8);
AT(dsm_write_parameters, token, 16);

typedef struct {
    uint32_t flags;
    uint32_t reserved;
    uint64_t length_protected;
    uint32_t token_length;
    offload_token token;
} dsm_read_result;
SIZE_IS(dsm_read_result, 536);
AT(dsm_read_result, length_protected, 8);
AT(dsm_read_result, token_length, 16);
AT(dsm_read_result, token, 20);

typedef struct {
    uint32_t flags;
    uint32_t reserved;
    uint64_t length_copied;
} dsm_write_result;
SIZE_IS(dsm_write_result, 16);
AT(dsm_write_result, length_copied, 8);

typedef struct {
    uint32_t size;
    uint32_t action;
    uint32_t flags;
    uint32_t operation_status;
    uint32_t extended_error;
    uint32_t target_detailed_error;
    uint32_t reserved_status;
    uint32_t block_offset;
    uint32_t block_length;
} dsm_output;
SIZE_IS(dsm_output, 36);
AT(dsm_output, operation_status, 12);
AT(dsm_output, block_offset, 28);
AT(dsm_output, block_length, 32);

typedef struct {
    uint32_t property;
    uint32_t type;
    uint8_t additional[4];
} property_query;
SIZE_IS(property_query, 12);
AT(property_query, type, 4);

enum { PROPERTY_ACCESS_ALIGNMENT = 6, PROPERTY_COPY_OFFLOAD = 13, QUERY_STANDARD = 0, QUERY_EXISTS = 1 };

typedef struct {
    uint32_t version;
    uint32_t size;
    uint32_t maximum_token_lifetime;
    uint32_t default_token_lifetime;
    uint64_t maximum_transfer_size;
    uint64_t optimal_transfer_count;
    uint32_t maximum_data_descriptors;
    uint32_t maximum_transfer_length_per_descriptor;
    uint32_t optimal_transfer_length_per_descriptor;
    uint16_t optimal_transfer_length_granularity;
    uint8_t reserved[2];
} copy_offload_descriptor;
SIZE_IS(copy_offload_descriptor, 48);
AT(copy_offload_descriptor, maximum_token_lifetime, 8);
AT(copy_offload_descriptor, maximum_transfer_size, 16);
AT(copy_offload_descriptor, optimal_transfer_count, 24);
AT(copy_offload_descriptor, maximum_data_descriptors, 32);
AT(copy_offload_descriptor, optimal_transfer_length_granularity, 44);

typedef struct {
    uint32_t version;
    uint32_t size;
    uint32_t bytes_per_cache_line;
    uint32_t offset_for_cache_alignment;
    uint32_t bytes_per_logical_sector;
    uint32_t bytes_per_physical_sector;
    uint32_t offset_for_sector_alignment;
} access_alignment_descriptor;
SIZE_IS(access_alignment_descriptor, 28);
AT(access_alignment_descriptor, bytes_per_logical_sector, 16);
AT(access_alignment_descriptor, bytes_per_physical_sector, 20);

typedef struct {
    int64_t cylinders;
    uint32_t media_type;
    uint32_t tracks_per_cylinder;
    uint32_t sectors_per_track;
    uint32_t bytes_per_sector;
} drive_geometry;
SIZE_IS(drive_geometry, 24);
AT(drive_geometry, media_type, 8);
AT(drive_geometry, bytes_per_sector, 20);

/* The private control code of \\.\OdxControl; ../README.md describes it for those who call it. */

/* CTL_CODE(0x8DD0, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS) */
#define CODE_COMMAND 0x8DD02000u
#define ANY_DISK 0xFFFFFFFFu
#define FOREVER 0xFFFFFFFFu

enum {
    COMMAND_RESET = 1,
    COMMAND_SIZE,
    COMMAND_LIMITS,
    COMMAND_SWITCHES,
    COMMAND_RULE,
    COMMAND_CLEAR_RULES,
    COMMAND_EXPIRE,
    COMMAND_RELEASE,
    COMMAND_LOG,
    COMMAND_STATE,
};

enum {
    SWITCH_NOT_IMPLEMENTED = 0x001,
    SWITCH_READ_UNSUPPORTED = 0x002,
    SWITCH_WRITE_UNSUPPORTED = 0x004,
    SWITCH_READ_ONLY = 0x008,
    SWITCH_FILE_KIND = 0x010,
    SWITCH_DELETED = 0x020,
    SWITCH_LOCKED = 0x040,
    SWITCH_DSM_REFUSED = 0x080,
    SWITCH_DSM_HEADER = 0x100,
    SWITCH_NO_ROD = 0x200,
    SWITCH_VOLUME = 0x400,
};

enum {
    REPLY_PROPER,
    REPLY_SHORT,
    REPLY_TOO_MUCH,
    REPLY_ZERO,
    REPLY_LONG,
    REPLY_SIZE_ZERO,
    REPLY_EMPTY,
    REPLY_HUGE,
    REPLY_UNALIGNED,
    REPLY_HALF,
    REPLY_TOKEN_INVALID,
    REPLY_DSM_HEADER,
    REPLY_KINDS,
};

/* Values of rule.code that stand for no single control code. */
enum { MATCH_ANY_CONTROL = 0, MATCH_OFFLOAD = 1, MATCH_READ = 3, MATCH_WRITE = 4 };

typedef struct {
    uint32_t code;
    uint32_t count;
    uint32_t delay;
    uint32_t status;
    uint16_t reply;
    uint16_t blocks;
    uint32_t skip;
} rule_request;
SIZE_IS(rule_request, 24);
AT(rule_request, blocks, 18);

typedef struct {
    uint32_t command;
    uint32_t disk;
    union {
        rule_request rule;
        struct {
            uint64_t eof;
            uint64_t vdl;
        } size;
        struct {
            uint64_t read;
            uint64_t write;
        } limits;
        uint32_t switches;
        uint64_t log_from;
    };
} command;
SIZE_IS(command, 32);
AT(command, rule, 8);

enum { LOG_PENDED = 1, LOG_CANCELLED = 2, LOG_COMPLETED = 4, LOG_BYTES = 1024 };

typedef struct {
    uint64_t sequence;
    uint32_t disk;
    uint32_t code;
    uint32_t input_length;
    uint32_t output_length;
    uint32_t access;
    uint32_t flags;
    uint32_t status;
    uint32_t information;
    uint32_t process;
    uint32_t kept;
    uint64_t arrived;
    uint64_t completed;
    uint8_t input[LOG_BYTES];
} log_entry;
SIZE_IS(log_entry, 1088);
AT(log_entry, access, 24);
AT(log_entry, status, 32);
AT(log_entry, arrived, 48);
AT(log_entry, input, 64);

typedef struct {
    uint64_t requests;
    uint64_t pended;
    uint64_t cancelled;
    uint64_t reads;
    uint64_t writes;
    uint32_t pending;
    uint32_t handles;
    uint32_t tokens;
    uint32_t sector;
    uint64_t capacity;
    uint64_t eof;
    uint64_t vdl;
    uint32_t switches;
    uint32_t reserved;
} disk_state;
SIZE_IS(disk_state, 88);
AT(disk_state, pending, 40);
AT(disk_state, capacity, 56);
AT(disk_state, switches, 80);

#endif
