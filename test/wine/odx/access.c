#include "odx.h"

/*
 * Wine hands a driver neither the desired nor the granted access of a handle. The list of all handles
 * has it: the caller's handles are duplicated one by one until one leads to the file object at hand.
 * The answer is kept in FsContext, tagged so that a granted access of 0 differs from "not looked up".
 */
enum { EXTENDED_HANDLE_INFORMATION = 64, DUPLICATE_ALIKE = 2, MAY_DUPLICATE = 0x40 };
#define UNKNOWN 0xFFFFFFFFu
#define LOOKED_UP ((ULONG_PTR)1 << 32)

typedef struct {
    void *object;
    ULONG_PTR process;
    ULONG_PTR handle;
    ULONG access;
    USHORT trace;
    USHORT type;
    ULONG attributes;
    ULONG reserved;
} handle_entry;

typedef struct {
    ULONG_PTR count;
    ULONG_PTR reserved;
    handle_entry entries[];
} handle_list;

NTSYSAPI NTSTATUS NTAPI ZwQuerySystemInformation(ULONG class, void *buffer, ULONG length, ULONG *needed);
NTSYSAPI NTSTATUS NTAPI ZwDuplicateObject(HANDLE from_process, HANDLE from, HANDLE to_process, HANDLE *to,
                                          ACCESS_MASK access, ULONG attributes, ULONG options);

/* The type number of file handles, known once the first was found; it spares most duplications. */
static USHORT file_type;

static handle_list *all_handles(void)
{
    ULONG size = 256 * 1024;
    for (int attempt = 0; attempt < 6; attempt++, size *= 2) {
        handle_list *list = ExAllocatePoolWithTag(PagedPool, size, POOL_TAG);
        if (!list)
            return NULL;
        if (NT_SUCCESS(ZwQuerySystemInformation(EXTENDED_HANDLE_INFORMATION, list, size, NULL)))
            return list;
        ExFreePoolWithTag(list, POOL_TAG);
    }
    return NULL;
}

static bool leads_to(HANDLE process, ULONG_PTR handle, const FILE_OBJECT *file)
{
    void *object;
    HANDLE copy;
    bool same = false;

    if (!NT_SUCCESS(ZwDuplicateObject(process, (HANDLE)handle, ZwCurrentProcess(), &copy, 0, 0, DUPLICATE_ALIKE)))
        return false;
    if (NT_SUCCESS(ObReferenceObjectByHandle(copy, 0, NULL, KernelMode, &object, NULL))) {
        same = object == file;
        ObDereferenceObject(object);
    }
    ZwClose(copy);
    return same;
}

static uint32_t look_up(const FILE_OBJECT *file)
{
    ULONG_PTR id = (ULONG_PTR)PsGetCurrentProcessId();
    CLIENT_ID client = {.UniqueProcess = (HANDLE)id};
    OBJECT_ATTRIBUTES attributes;
    uint32_t access = UNKNOWN;
    handle_list *list;
    HANDLE process;

    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenProcess(&process, MAY_DUPLICATE, &attributes, &client)))
        return UNKNOWN;
    list = all_handles();
    if (list) {
        /* From the end, where a handle that was just opened is most often found. */
        for (ULONG_PTR i = list->count; i-- > 0 && access == UNKNOWN;) {
            const handle_entry *e = &list->entries[i];
            if (e->process != id || (file_type && e->type != file_type) || !leads_to(process, e->handle, file))
                continue;
            file_type = e->type;
            access = e->access;
        }
        ExFreePoolWithTag(list, POOL_TAG);
    }
    ZwClose(process);
    return access;
}

uint32_t access_of(FILE_OBJECT *file)
{
    if (!file->FsContext)
        file->FsContext = (void *)(LOOKED_UP | look_up(file));
    return (uint32_t)(ULONG_PTR)file->FsContext;
}
