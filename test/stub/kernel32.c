// A stand-in for the functions of kernel32 and ntdll that the package calls, on Linux.
//
// Paths without a drive letter (\tmp\x, and \\?\UNC\server\share\tmp\x) are files of this machine, and a colon in the name
// makes one a named stream. Whatever lies in a folder "mounted" is on a second volume. Drive S: is SUBST for the folder
// of stub_subst(folder). Any other path opens a file or device of 1 TiB without contents. Offload reads and writes of files
// succeed immediately and in full, without moving a byte, so the time of a call is the overhead of calling alone.
//
// Devices: C: and D: are mounted volumes on PhysicalDrive0, X: spans two disks, PhysicalDrive1 is offline.
//
// A file whose name contains "encrypted" is encrypted by EFS, and no other can be. A file "name:stream:$DATA" is a named
// stream of the file "name".
//
// stub_set(function, what, value) changes one function:
//   sleep   milliseconds spent inside the call; CancelIoEx ends them with ERROR_OPERATION_ABORTED where the call has an OVERLAPPED
//   hold    1: calls that begin now stay inside, until they are cancelled in the same way or release is set to any value
//   fail    the call then fails with this error
//   delay   an overlapped call is pending for this many milliseconds; -1: it succeeds at once instead of being pending;
//           CopyFileExW takes this long for each block
//   damage  ReadFile: what was written reads back otherwise from the disk, though not from the cache
//   busy    DeviceIoControl: files are open on every volume
//   break   CopyFileExW fails with this error in the middle
//   keep    1: CopyFileExW leaves a half-made destination where it is
// stub_get(function, what): calls (begun), inside (running now), here (calls by the thread that called stub_reset() first,
// which is that of JavaScript). Function "*": most (threads inside at the same time),
// strays (calls on the number of a closed handle), handles (open), locks (volumes locked), dismounts, torn (volumes
// dismounted without a lock, or written under a mounted file system), pending (calls), freed (memory of pending calls that
// was freed before they completed, which is seen where this library is preloaded). stub_reset() undoes all of it. A closed
// number is reused at once.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
typedef uint32_t DWORD;
typedef int32_t BOOL;
typedef void *HANDLE;

enum {
  FSCTL_OFFLOAD_READ = 0x00094264,
  FSCTL_OFFLOAD_WRITE = 0x00098268,
  IOCTL_DISK_GET_LENGTH_INFO = 0x0007405C,
  IOCTL_STORAGE_GET_DEVICE_NUMBER = 0x002D1080,
  FSCTL_ALLOW_EXTENDED_DASD_IO = 0x00090083,
  FSCTL_LOCK_VOLUME = 0x00090018,
  FSCTL_DISMOUNT_VOLUME = 0x00090020,
  FILE_FLAG_OVERLAPPED = 0x40000000,
  FILE_FLAG_NO_BUFFERING = 0x20000000,
  FILE_FLAG_BACKUP_SEMANTICS = 0x02000000,
  GENERIC_WRITE = 0x40000000,
  FILE_SHARE_READ = 1,
  FILE_SHARE_WRITE = 2,
  FILE_SHARE_DELETE = 4,
  VOLUME_NAME_GUID = 1,
  ERROR_INVALID_FUNCTION = 1,
  ERROR_FILE_NOT_FOUND = 2,
  ERROR_PATH_NOT_FOUND = 3,
  ERROR_ACCESS_DENIED = 5,
  ERROR_INVALID_HANDLE = 6,
  ERROR_SHARING_VIOLATION = 32,
  ERROR_HANDLE_EOF = 38,
  ERROR_FILE_EXISTS = 80,
  ERROR_INVALID_PARAMETER = 87,
  ERROR_INVALID_TOKEN = 315,
  ERROR_MORE_DATA = 234,
  ERROR_MR_MID_NOT_FOUND = 317,
  ERROR_OPERATION_ABORTED = 995,
  ERROR_IO_PENDING = 997,
  ERROR_NOT_FOUND = 1168,
  ERROR_REQUEST_ABORTED = 1235,
  ERROR_ENCRYPTION_FAILED = 6000,
  WAIT_TIMEOUT = 258,
  FileBasicInfo = 0,
  FileDispositionInfo = 4,
  FileEndOfFileInfo = 6,
  FileStreamInfo = 7,
  FileRemoteProtocolInfo = 13,
  FileStorageInfo = 16,
};
#define GENERIC_READ 0x80000000u
#define DELETE 0x00010000u
#define PAGE 4096
#define STATUS_PENDING 0x103u
#define STATUS_CANCELLED 0xC0000120u
#define STATUS_END_OF_FILE 0xC0000011u
#define STATUS_INVALID_LOCK_SEQUENCE 0xC000001Eu
#define STATUS_ACCESS_DENIED 0xC0000022u
#define STATUS_INVALID_TOKEN 0xC0000465u
#define INVALID_HANDLE ((HANDLE)-1)

typedef struct {
  uint64_t Internal, InternalHigh;
  uint32_t Offset, OffsetHigh;
  HANDLE hEvent;
} OVERLAPPED;

typedef struct {
  uint64_t lpCompletionKey;
  OVERLAPPED *lpOverlapped;
  uint64_t Internal;
  uint32_t dwNumberOfBytesTransferred;
} OVERLAPPED_ENTRY;

typedef struct { uint32_t Size, Flags, TokenTimeToLive, Reserved; uint64_t FileOffset, CopyLength; } ReadInput;
typedef struct { uint32_t Size, Flags; uint64_t TransferLength; uint8_t Token[512]; } ReadOutput;
typedef struct { uint32_t Size, Flags; uint64_t FileOffset, CopyLength, TransferOffset; uint8_t Token[512]; } WriteInput;
typedef struct { uint32_t Size, Flags; uint64_t LengthWritten; } WriteOutput;

#define FILE_SIZE (1ull << 40)
#define OK_EVENT ((HANDLE)0x7000)
#define MOST_FILES 256
#define MOST_SLEEPERS 1024
#define RING 65536

// Koffi carries errno from a thread of the pool to the callback, as it carries GetLastError on Windows.
#define last_error errno
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static BOOL fail(DWORD error) {
  last_error = error;
  return 0;
}

// --- Switches

typedef struct { const char *name; int sleep, hold, released, fail, delay, damage, busy, break_off, keep, calls, inside, here; } Function;
static Function functions[] = {
  {"DeviceIoControl"}, {"CreateFileW"}, {"CloseHandle"}, {"ReadFile"}, {"WriteFile"}, {"GetFileSizeEx"},
  {"GetFileInformationByHandle"}, {"GetFileInformationByHandleEx"}, {"SetFileInformationByHandle"},
  {"GetFileAttributesW"}, {"GetDiskFreeSpaceW"}, {"GetDriveTypeW"}, {"GetVolumePathNameW"}, {"GetVolumeInformationW"},
  {"GetVolumeNameForVolumeMountPointW"}, {"GetQueuedCompletionStatusEx"}, {"CancelIoEx"}, {"ReOpenFile"},
  {"FlushFileBuffers"}, {"GetFinalPathNameByHandleW"}, {"GetFileAttributesExW"}, {"CopyFileExW"},
};
enum { COUNT = sizeof functions / sizeof *functions };
enum {
  DEVICE_IO_CONTROL, CREATE_FILE, CLOSE_HANDLE, READ_FILE, WRITE_FILE, FILE_SIZE_EX, BY_HANDLE, BY_HANDLE_EX, SET_BY_HANDLE,
  ATTRIBUTES, FREE_SPACE, DRIVE_TYPE, VOLUME_PATH, VOLUME_INFORMATION, VOLUME_NAME, QUEUED_STATUS, CANCEL_IO,
  REOPEN_FILE, FLUSH_BUFFERS, FINAL_PATH, ATTRIBUTES_EX, COPY_FILE,
};
static int inside, most, strays, freed, locks, dismounts, torn;
static pthread_t javascript;
static int has_javascript;
// What waits inside a function looks again whether it may go on.
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static Function *find(const char *name) {
  for (int i = 0; i < COUNT; i++) if (!strcmp(functions[i].name, name)) return &functions[i];
  return NULL;
}

static void release(Function *f) {
  pthread_mutex_lock(&lock);
  f->released++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

EXPORT BOOL stub_set(const char *name, const char *what, int value) {
  Function *f = find(name);
  if (!f) return 0;
  if (!strcmp(what, "sleep")) f->sleep = value;
  else if (!strcmp(what, "hold")) f->hold = value;
  else if (!strcmp(what, "release")) release(f);
  else if (!strcmp(what, "fail")) f->fail = value;
  else if (!strcmp(what, "delay")) f->delay = value;
  else if (!strcmp(what, "damage")) f->damage = value;
  else if (!strcmp(what, "busy")) f->busy = value;
  else if (!strcmp(what, "break")) f->break_off = value;
  else if (!strcmp(what, "keep")) f->keep = value;
  else return 0;
  return 1;
}

static int pending_now(void), handles_now(void);

static int total(const char *what) {
  return !strcmp(what, "most") ? most : !strcmp(what, "strays") ? strays : !strcmp(what, "locks") ? locks
       : !strcmp(what, "dismounts") ? dismounts : !strcmp(what, "torn") ? torn : !strcmp(what, "freed") ? freed
       : !strcmp(what, "pending") ? pending_now() : !strcmp(what, "handles") ? handles_now() : -1;
}

EXPORT int stub_get(const char *name, const char *what) {
  Function *f = find(name);
  if (!strcmp(name, "*")) return total(what);
  if (!f) return -1;
  return !strcmp(what, "calls") ? f->calls : !strcmp(what, "inside") ? f->inside : !strcmp(what, "here") ? f->here : -1;
}

EXPORT void stub_reset(void) {
  pthread_mutex_lock(&lock);
  if (!has_javascript) javascript = pthread_self();
  has_javascript = 1;
  for (int i = 0; i < COUNT; i++) {
    Function *f = &functions[i];
    *f = (Function){.name = f->name, .inside = f->inside, .released = f->released + 1};
  }
  pthread_cond_broadcast(&changed);
  most = strays = freed = locks = dismounts = torn = 0;
  pthread_mutex_unlock(&lock);
}

// --- Waiting that CancelIoEx can end

typedef struct { HANDLE file; OVERLAPPED *overlapped; int active, cancelled; } Sleeper;
static Sleeper sleepers[MOST_SLEEPERS];

static struct timespec after(uint64_t milliseconds) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  uint64_t nanoseconds = until.tv_nsec + milliseconds % 1000 * 1000000ull;
  until.tv_sec += milliseconds / 1000 + nanoseconds / 1000000000;
  until.tv_nsec = nanoseconds % 1000000000;
  return until;
}

// Waits for a time, or until a function that holds its calls releases them. Returns whether the wait was cancelled.
static int wait_for(HANDLE file, OVERLAPPED *overlapped, int milliseconds, Function *holds) {
  struct timespec until = after(milliseconds);
  pthread_mutex_lock(&lock);
  int released = holds ? holds->released : 0;
  Sleeper *sleeper = sleepers;
  while (sleeper->active && sleeper < sleepers + MOST_SLEEPERS - 1) sleeper++;
  *sleeper = (Sleeper){file, overlapped, 1, 0};
  if (holds) while (!sleeper->cancelled && holds->released == released) pthread_cond_wait(&changed, &lock);
  else while (!sleeper->cancelled && pthread_cond_timedwait(&changed, &lock, &until) != ETIMEDOUT) continue;
  int was = sleeper->cancelled;
  sleeper->active = 0;
  pthread_mutex_unlock(&lock);
  return was;
}

// Returns whether the function goes on.
static int enter(int which, HANDLE file, OVERLAPPED *overlapped) {
  Function *f = &functions[which];
  __atomic_add_fetch(&f->calls, 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&f->inside, 1, __ATOMIC_RELAXED);
  if (has_javascript && pthread_equal(javascript, pthread_self())) __atomic_add_fetch(&f->here, 1, __ATOMIC_RELAXED);
  if (!f->sleep && !f->hold && !f->fail) return 1;
  int now = __atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED);
  if (now > most) most = now;
  if ((f->sleep || f->hold) && wait_for(file, overlapped, f->sleep, f->hold ? f : NULL)) last_error = ERROR_OPERATION_ABORTED;
  else last_error = f->fail;
  __atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
  return last_error == 0;
}

#define LEAVE(which, value) do { __atomic_sub_fetch(&functions[which].inside, 1, __ATOMIC_RELAXED); return value; } while (0)

EXPORT BOOL CancelIoEx(HANDLE file, OVERLAPPED *overlapped) {
  functions[CANCEL_IO].calls++;
  int found = 0;
  pthread_mutex_lock(&lock);
  for (Sleeper *s = sleepers; s < sleepers + MOST_SLEEPERS; s++) {
    if (!s->active || s->file != file || !s->overlapped || (overlapped && s->overlapped != overlapped)) continue;
    s->cancelled = found = 1;
  }
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return found || fail(ERROR_NOT_FOUND);
}

// --- Handles. One outside this table counts as a synchronous one that somebody else opened.

typedef struct { OVERLAPPED *overlapped; uint32_t bytes; } Packet;
typedef struct { pthread_cond_t arrived; Packet ring[RING]; uint32_t head, tail; } Port;
typedef struct { const char *name; DWORD number, partition; int spans, mounted; } Device;
// What reports no device number, as a volume that spans several disks does, has number -1.
static const Device devices[] = {
  {"PhysicalDrive0", 0, 0, 0, 1}, {"PhysicalDrive1", 1, 0, 0, 0},
  {"C:", 0, 1, 0, 1}, {"Volume{57550000-0000-0000-0000-000000000000}", 0, 1, 0, 1},
  {"GLOBALROOT/Device/HarddiskVolume1", 0, 1, 0, 1}, {"GLOBALROOT/Device/Harddisk0/Partition1", 0, 1, 0, 1},
  {"D:", 0, 2, 0, 1}, {"GLOBALROOT/Device/HarddiskVolume2", 0, 2, 0, 1},
  {"X:", -1, 0, 1, 1}, {"", -1, 0, 0, 0},
};

typedef struct {
  int used, known, overlapped, extended, unbuffered, written, locked, dismounted, remote, fd;
  DWORD access, share;
  const Device *device;
  Port *port;
  // base: the file that a named stream belongs to, or the file itself.
  char path[1024], base[1024];
} File;
static File files[MOST_FILES];

static int handles_now(void) {
  int count = 0;
  for (int index = 0; index < MOST_FILES; index++) count += files[index].used;
  return count;
}

static File *file_of(HANDLE handle) {
  uintptr_t index = (uintptr_t)handle / 4;
  return index < MOST_FILES && files[index].known ? &files[index] : NULL;
}

static int is_stray(HANDLE handle) {
  File *file = file_of(handle);
  if (!file || file->used) return 0;
  __atomic_add_fetch(&strays, 1, __ATOMIC_RELAXED);
  return 1;
}

static DWORD error_of(int error) {
  return error == ENOENT || error == ENOTDIR ? ERROR_FILE_NOT_FOUND : error == EEXIST ? ERROR_FILE_EXISTS
       : error == EACCES || error == EISDIR ? ERROR_ACCESS_DENIED : ERROR_INVALID_PARAMETER;
}

// With slashes. ASCII is all that the tests need.
static void narrow(const uint16_t *path, char *out, size_t room) {
  size_t length = 0;
  for (; path[length] && length < room - 1; length++) out[length] = path[length] == '\\' ? '/' : (char)path[length];
  out[length] = 0;
}

static char subst[1024];

// SUBST S: folder
EXPORT void stub_subst(const char *folder) { snprintf(subst, sizeof subst, "%s", folder); }

// The path on this machine; 0 when there is none.
static int real_path(const uint16_t *path, char *out) {
  char text[1024];
  narrow(path, text, sizeof text);
  // file::$DATA is the file itself.
  size_t length = strlen(text);
  if (length > 7 && !strcasecmp(text + length - 7, "::$DATA")) text[length - 7] = 0;
  const char *start = text;
  if (*subst && !strncmp(text, "//?/S:/", 7)) {
    snprintf(out, sizeof text, "%s/%s", subst, text + 7);
    return 1;
  }
  if (!strncmp(text, "//?/UNC/", 8)) {
    start = strchr(text + 8, '/');
    start = start ? strchr(start + 1, '/') : NULL;
    if (!start) start = "/";
  }
  if (start[0] != '/' || start[1] == '/') return 0;
  strcpy(out, start);
  return 1;
}

// A device is named whole: what follows it is a path on it.
static const Device *device_of(const uint16_t *path) {
  char text[1024];
  narrow(path, text, sizeof text);
  if (strncmp(text, "//./", 4) && strncmp(text, "//?/", 4)) return NULL;
  const Device *device = devices;
  while (*device->name && strcasecmp(device->name, text + 4)) device++;
  return *device->name || !strchr(text + 4, '/') ? device : NULL;
}

static int is_same_device(const Device *a, const Device *b) {
  return a && b && (a == b || (a->number == b->number && a->partition == b->partition && (int32_t)a->number >= 0));
}

static int is_locked(const Device *device) {
  for (File *f = files; f < files + MOST_FILES; f++) if (f->used && f->locked && is_same_device(f->device, device)) return 1;
  return 0;
}

static int is_remote(const uint16_t *path) {
  char text[1024];
  narrow(path, text, sizeof text);
  return !strncmp(text, "//?/UNC/", 8);
}

static int is_on_second_volume(const char *path) {
  const char *at = strstr(path, "/mounted");
  return at && (at[8] == '/' || at[8] == 0);
}

// Whether access and sharing agree with those of the other handles of the file.
static int is_shared(const char *path, DWORD access, DWORD share) {
  struct stat wanted, other;
  DWORD any = GENERIC_READ | GENERIC_WRITE | DELETE;
  if (!(access & any) || stat(path, &wanted)) return 1;
  for (File *f = files; f < files + MOST_FILES; f++) {
    if (!f->used || f->fd < 0 || !(f->access & any) || fstat(f->fd, &other)) continue;
    if (other.st_dev != wanted.st_dev || other.st_ino != wanted.st_ino) continue;
    if (((access & GENERIC_READ) && !(f->share & FILE_SHARE_READ)) || ((f->access & GENERIC_READ) && !(share & FILE_SHARE_READ)) ||
        ((access & GENERIC_WRITE) && !(f->share & FILE_SHARE_WRITE)) || ((f->access & GENERIC_WRITE) && !(share & FILE_SHARE_WRITE)) ||
        ((access & DELETE) && !(f->share & FILE_SHARE_DELETE)) || ((f->access & DELETE) && !(share & FILE_SHARE_DELETE))) return 0;
  }
  return 1;
}

static int is_folder(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static HANDLE add(File file) {
  pthread_mutex_lock(&lock);
  uintptr_t index = 1;
  while (index < MOST_FILES - 1 && files[index].used) index++;
  files[index] = file;
  pthread_mutex_unlock(&lock);
  return (HANDLE)(index * 4);
}

static HANDLE open_file(const uint16_t *path, DWORD access, DWORD share, DWORD disposition, DWORD flags) {
  File file = {.used = 1, .known = 1, .overlapped = (flags & FILE_FLAG_OVERLAPPED) != 0, .fd = -1, .access = access,
               .share = share, .unbuffered = (flags & FILE_FLAG_NO_BUFFERING) != 0, .remote = is_remote(path)};
  if (real_path(path, file.path)) {
    strcpy(file.base, file.path);
    char *name = strrchr(file.base, '/'), *colon = name ? strchr(name, ':') : NULL;
    if (colon) *colon = 0;
    if (is_folder(file.path) && !(flags & FILE_FLAG_BACKUP_SEMANTICS)) return fail(ERROR_ACCESS_DENIED), INVALID_HANDLE;
    if (disposition != 1 && !is_shared(file.path, access, share)) return fail(ERROR_SHARING_VIOLATION), INVALID_HANDLE;
    int mode = (access & GENERIC_WRITE) ? O_RDWR : O_RDONLY;
    mode |= disposition == 1 ? O_CREAT | O_EXCL : disposition == 2 ? O_CREAT | O_TRUNC : 0;
    file.fd = open(file.path, mode | O_CLOEXEC, 0666);
    if (file.fd < 0) return fail(error_of(errno)), INVALID_HANDLE;
  } else if (is_locked(file.device = device_of(path))) return fail(ERROR_ACCESS_DENIED), INVALID_HANDLE;
  return add(file);
}

EXPORT HANDLE CreateFileW(const uint16_t *path, DWORD access, DWORD share, void *security, DWORD disposition,
                          DWORD flags, HANDLE template) {
  (void)security, (void)template;
  HANDLE file = enter(CREATE_FILE, NULL, NULL) ? open_file(path, access, share, disposition, flags) : INVALID_HANDLE;
  LEAVE(CREATE_FILE, file);
}

static HANDLE reopen(HANDLE handle, DWORD access, DWORD share, DWORD flags) {
  File *file = file_of(handle);
  if (is_stray(handle) || !file || file->fd < 0) return fail(ERROR_INVALID_HANDLE), INVALID_HANDLE;
  char same[64];
  snprintf(same, sizeof same, "/proc/self/fd/%d", file->fd);
  if (!is_shared(same, access, share)) return fail(ERROR_SHARING_VIOLATION), INVALID_HANDLE;
  File again = *file;
  again.access = access, again.share = share;
  again.overlapped = (flags & FILE_FLAG_OVERLAPPED) != 0;
  again.unbuffered = (flags & FILE_FLAG_NO_BUFFERING) != 0;
  again.written = (file->access & GENERIC_WRITE) != 0;
  again.fd = open(same, ((access & GENERIC_WRITE) ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (again.fd < 0) return fail(error_of(errno)), INVALID_HANDLE;
  return add(again);
}

EXPORT HANDLE ReOpenFile(HANDLE handle, DWORD access, DWORD share, DWORD flags) {
  HANDLE file = enter(REOPEN_FILE, handle, NULL) ? reopen(handle, access, share, flags) : INVALID_HANDLE;
  LEAVE(REOPEN_FILE, file);
}

EXPORT BOOL FlushFileBuffers(HANDLE handle) {
  BOOL done = enter(FLUSH_BUFFERS, handle, NULL);
  if (done && is_stray(handle)) done = fail(ERROR_INVALID_HANDLE);
  File *file = file_of(handle);
  if (done && file && !(file->access & GENERIC_WRITE)) done = fail(ERROR_ACCESS_DENIED);
  LEAVE(FLUSH_BUFFERS, done);
}

EXPORT BOOL CloseHandle(HANDLE handle) {
  if (handle == OK_EVENT) return 1;
  BOOL done = enter(CLOSE_HANDLE, handle, NULL);
  if (done && is_stray(handle)) done = fail(ERROR_INVALID_HANDLE);
  File *file = file_of(handle);
  if (done && file) {
    // A file system that stays mounted writes its old state over what was written to its volume.
    if (file->device && file->locked && file->written && !file->dismounted) torn++;
    if (file->fd >= 0) close(file->fd);
    file->fd = -1;
    file->used = 0;
  }
  LEAVE(CLOSE_HANDLE, done);
}

// --- Completion

static int post(Port *port, OVERLAPPED *overlapped, uint32_t bytes) {
  pthread_mutex_lock(&lock);
  int room = port->tail - port->head < RING;
  if (room) port->ring[port->tail++ % RING] = (Packet){overlapped, bytes};
  pthread_cond_signal(&port->arrived);
  pthread_mutex_unlock(&lock);
  return room;
}

// What a pending call transfers reaches the caller's memory when it completes.
typedef struct {
  HANDLE file; OVERLAPPED *overlapped; Port *port; int delay; uint32_t status, bytes; void *into; uint8_t data[];
} Pending;

// Memory that pending calls will write to: the OVERLAPPED and where the bytes go, two for each call.
static void *watched[2 * MOST_SLEEPERS];

static void **watch(void *address) {
  for (void **at = watched;; at = at < watched + 2 * MOST_SLEEPERS - 1 ? at + 1 : watched) {
    void *none = NULL;
    if (__atomic_compare_exchange_n(at, &none, address, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return at;
  }
}

// Returns whether the memory is still there.
static int unwatch(void **at) { return __atomic_exchange_n(at, NULL, __ATOMIC_ACQ_REL) != (void *)-1; }

static int pending_now(void) {
  int count = 0;
  for (void **at = watched; at < watched + 2 * MOST_SLEEPERS; at++) count += __atomic_load_n(at, __ATOMIC_ACQUIRE) != NULL;
  return count / 2;
}

extern void __libc_free(void *);

// This is the process's own free where the library is preloaded.
EXPORT void free(void *memory) {
  char *end = (char *)memory + malloc_usable_size(memory);
  for (void **at = watched; memory && at < watched + 2 * MOST_SLEEPERS; at++) {
    char *address = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    if (address < (char *)memory || address >= end) continue;
    __atomic_store_n(at, (void *)-1, __ATOMIC_RELEASE);
    __atomic_add_fetch(&freed, 1, __ATOMIC_RELAXED);
  }
  __libc_free(memory);
}

static void *complete_later(void *argument) {
  Pending *pending = argument;
  void **overlapped = watch(pending->overlapped), **into = watch(pending->into ? pending->into : pending->overlapped);
  int was = wait_for(pending->file, pending->overlapped, pending->delay, NULL);
  uint32_t bytes = was ? 0 : pending->bytes;
  if (unwatch(into) && pending->into) memcpy(pending->into, pending->data, bytes);
  if (unwatch(overlapped)) {
    pending->overlapped->InternalHigh = bytes;
    __atomic_store_n(&pending->overlapped->Internal, was ? STATUS_CANCELLED : pending->status, __ATOMIC_RELEASE);
  }
  if (pending->port) post(pending->port, pending->overlapped, bytes);
  free(pending);
  return NULL;
}

// How a call that transferred so many bytes, to `into` unless that is NULL, ends: at once, or pending.
static BOOL finish(int which, HANDLE handle, OVERLAPPED *overlapped, uint32_t status, void *into, uint32_t bytes) {
  if (!overlapped) return 1;
  File *file = file_of(handle);
  int is_overlapped = file && file->overlapped;
  // The low bit of the event suppresses the completion packet.
  Port *port = is_overlapped && !((uintptr_t)overlapped->hEvent & 1) ? file->port : NULL;
  int delay = functions[which].delay;
  if (is_overlapped && delay > 0) {
    Pending *pending = malloc(sizeof *pending + bytes);
    *pending = (Pending){handle, overlapped, port, delay, status, bytes, into};
    if (into) memcpy(pending->data, into, bytes), memset(into, 0xEE, bytes);
    overlapped->Internal = STATUS_PENDING;
    pthread_t thread;
    if (pthread_create(&thread, NULL, complete_later, pending)) return fail(ERROR_INVALID_FUNCTION);
    pthread_detach(thread);
    return fail(ERROR_IO_PENDING);
  }
  if (status && (delay < 0 || !port)) return fail(ERROR_HANDLE_EOF);
  overlapped->InternalHigh = bytes;
  overlapped->Internal = status;
  if (!port) return 1;
  if (!post(port, overlapped, bytes)) return fail(ERROR_INVALID_FUNCTION);
  return delay < 0 ? 1 : fail(ERROR_IO_PENDING);
}

EXPORT HANDLE CreateIoCompletionPort(HANDLE handle, HANDLE existing, uint64_t key, DWORD threads) {
  (void)key, (void)threads;
  Port *port = existing ? existing : calloc(1, sizeof *port);
  if (!port) return fail(ERROR_INVALID_PARAMETER), NULL;
  if (!existing) pthread_cond_init(&port->arrived, NULL);
  if (file_of(handle)) file_of(handle)->port = port;
  return port;
}

EXPORT BOOL PostQueuedCompletionStatus(HANDLE port, DWORD bytes, uint64_t key, OVERLAPPED *overlapped) {
  (void)key;
  return post(port, overlapped, bytes);
}

EXPORT BOOL GetQueuedCompletionStatusEx(HANDLE handle, OVERLAPPED_ENTRY *entries, DWORD count, DWORD *removed,
                                        DWORD milliseconds, BOOL alertable) {
  (void)alertable;
  Port *port = handle;
  functions[QUEUED_STATUS].calls++;
  if (functions[QUEUED_STATUS].fail) return fail(functions[QUEUED_STATUS].fail);
  struct timespec until = after(milliseconds);
  pthread_mutex_lock(&lock);
  while (port->head == port->tail && pthread_cond_timedwait(&port->arrived, &lock, &until) != ETIMEDOUT) continue;
  DWORD taken = 0;
  for (; taken < count && port->head != port->tail; taken++, port->head++) {
    Packet *packet = &port->ring[port->head % RING];
    entries[taken] = (OVERLAPPED_ENTRY){0, packet->overlapped, 0, packet->bytes};
  }
  pthread_mutex_unlock(&lock);
  *removed = taken;
  return taken ? 1 : fail(WAIT_TIMEOUT);
}

EXPORT HANDLE CreateEventW(void *security, BOOL manual, BOOL initial, void *name) {
  (void)security, (void)manual, (void)initial, (void)name;
  return OK_EVENT;
}

EXPORT DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds) {
  (void)handle, (void)milliseconds;
  return 0;
}

// --- Control codes, reads and writes

static DWORD offload_read(const ReadInput *input, DWORD length, ReadOutput *output, DWORD room) {
  static const uint8_t body[504];
  static uint64_t serial;
  if (length < sizeof *input || room < sizeof *output || input->Size != sizeof *input) return 0;
  output->Size = sizeof *output;
  output->Flags = 0;
  output->TransferLength = input->CopyLength;
  memcpy(output->Token + 8, body, sizeof body);
  serial++;
  memcpy(output->Token, &serial, sizeof serial);
  return sizeof *output;
}

static DWORD offload_write(const WriteInput *input, DWORD length, WriteOutput *output, DWORD room) {
  if (length < sizeof *input || room < sizeof *output || input->Size != sizeof *input) return 0;
  output->Size = sizeof *output;
  output->Flags = 0;
  output->LengthWritten = input->CopyLength;
  return sizeof *output;
}

static DWORD device_number(const File *file, DWORD *output) {
  if (!file || !file->device || (int32_t)file->device->number < 0) return 0;
  output[0] = 7, output[1] = file->device->number, output[2] = file->device->partition;
  return 12;
}

static int is_volume(const File *file) {
  return file && file->device && file->device->mounted && (file->device->partition || file->device->spans);
}

// Handles that can read or write the volume, whatever its name.
static int opened(const Device *device) {
  int count = 0;
  for (File *f = files; f < files + MOST_FILES; f++) count += f->used && f->access && is_same_device(f->device, device);
  return count;
}

static BOOL change_volume(File *file, DWORD code) {
  if (!is_volume(file)) return fail(ERROR_INVALID_FUNCTION);
  if (code == FSCTL_LOCK_VOLUME) {
    if (functions[DEVICE_IO_CONTROL].busy || file->locked || opened(file->device) > 1) return fail(ERROR_ACCESS_DENIED);
    file->locked = 1, locks++;
  } else {
    if (!file->locked) torn++;
    file->dismounted = 1, dismounts++;
  }
  return 1;
}

static BOOL control(HANDLE file, DWORD code, void *input, DWORD input_length, void *output, DWORD output_length,
                    DWORD *returned, OVERLAPPED *overlapped) {
  DWORD done;
  if (returned) *returned = 0;
  if (is_stray(file)) return fail(ERROR_INVALID_HANDLE);
  int is_offload = code == FSCTL_OFFLOAD_READ || code == FSCTL_OFFLOAD_WRITE;
  if (is_offload && file_of(file) && file_of(file)->device) return fail(ERROR_INVALID_FUNCTION);
  if (code == FSCTL_OFFLOAD_READ) done = offload_read(input, input_length, output, output_length);
  else if (code == FSCTL_OFFLOAD_WRITE) done = offload_write(input, input_length, output, output_length);
  else if (code == IOCTL_DISK_GET_LENGTH_INFO && output_length >= 8) *(uint64_t *)output = FILE_SIZE, done = 8;
  else if (code == IOCTL_STORAGE_GET_DEVICE_NUMBER && output_length >= 12) done = device_number(file_of(file), output);
  else if (code == FSCTL_ALLOW_EXTENDED_DASD_IO && file_of(file)) {
    file_of(file)->extended = 1;
    return finish(DEVICE_IO_CONTROL, file, overlapped, 0, NULL, 0);
  } else if (code == FSCTL_LOCK_VOLUME || code == FSCTL_DISMOUNT_VOLUME) {
    return change_volume(file_of(file), code) && finish(DEVICE_IO_CONTROL, file, overlapped, 0, NULL, 0);
  } else return fail(ERROR_INVALID_FUNCTION);
  if (done == 0) return fail(code == IOCTL_STORAGE_GET_DEVICE_NUMBER ? ERROR_INVALID_FUNCTION : ERROR_INVALID_PARAMETER);
  if (returned) *returned = done;
  return finish(DEVICE_IO_CONTROL, file, overlapped, 0, output, done);
}

EXPORT BOOL DeviceIoControl(HANDLE file, DWORD code, void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned, OVERLAPPED *overlapped) {
  BOOL done = enter(DEVICE_IO_CONTROL, file, overlapped) &&
              control(file, code, input, input_length, output, output_length, returned, overlapped);
  LEAVE(DEVICE_IO_CONTROL, done);
}

// A write to a named stream changes the last write time of its file.
static void touch(const File *file) {
  if (strcmp(file->path, file->base)) utimensat(AT_FDCWD, file->base, NULL, 0);
}

static BOOL transfer(int which, HANDLE handle, void *bytes, DWORD length, OVERLAPPED *overlapped) {
  if (is_stray(handle)) return fail(ERROR_INVALID_HANDLE);
  File *file = file_of(handle);
  off_t offset = ((uint64_t)overlapped->OffsetHigh << 32) + overlapped->Offset;
  ssize_t done = length;
  if (file && (file->unbuffered || file->device)) {
    DWORD sector = is_on_second_volume(file->base) ? 4096 : 512;
    if ((uintptr_t)bytes % (file->device ? PAGE : sector) || length % sector || offset % sector) return fail(ERROR_INVALID_PARAMETER);
  }
  // A mounted volume, or a disk that holds one, is written to only by the handle that has locked or dismounted it.
  if (which == WRITE_FILE && file && file->device && file->device->mounted && !file->locked && !file->dismounted)
    return fail(ERROR_ACCESS_DENIED);
  if (!file || file->fd < 0) {
    // The file system ends a sector before its volume.
    uint64_t end = file && !file->extended ? FILE_SIZE - 512 : FILE_SIZE;
    if (offset + done > (ssize_t)end) done = offset < (ssize_t)end ? (ssize_t)end - offset : 0;
    if (which == READ_FILE) memset(bytes, 0, done);
    else if (file) file->written = 1;
  } else {
    done = which == READ_FILE ? pread(file->fd, bytes, length, offset) : pwrite(file->fd, bytes, length, offset);
    if (done < 0) return fail(error_of(errno));
    if (which == WRITE_FILE) file->written = 1, touch(file);
    else if (done > 0 && file->unbuffered && file->written && functions[READ_FILE].damage) *(uint8_t *)bytes ^= 1;
  }
  int ended = which == READ_FILE && done == 0 && length > 0;
  return finish(which, handle, overlapped, ended ? STATUS_END_OF_FILE : 0, which == READ_FILE ? bytes : NULL, done);
}

EXPORT BOOL ReadFile(HANDLE handle, void *into, DWORD length, DWORD *read, OVERLAPPED *overlapped) {
  (void)read;
  BOOL done = enter(READ_FILE, handle, overlapped) && transfer(READ_FILE, handle, into, length, overlapped);
  LEAVE(READ_FILE, done);
}

EXPORT BOOL WriteFile(HANDLE handle, void *from, DWORD length, DWORD *written, OVERLAPPED *overlapped) {
  (void)written;
  BOOL done = enter(WRITE_FILE, handle, overlapped) && transfer(WRITE_FILE, handle, from, length, overlapped);
  LEAVE(WRITE_FILE, done);
}

// --- Named streams

#define ENCRYPTED 0x4000u

static int is_encrypted(const char *path) { return strstr(path, "encrypted") != NULL; }

static uint64_t time_of(const struct stat *found) {
  return found->st_mtim.tv_sec * 10000000ull + found->st_mtim.tv_nsec / 100;
}

static DWORD attributes_of(const char *path, const struct stat *found) {
  DWORD attributes = S_ISLNK(found->st_mode) ? 0x400 : S_ISDIR(found->st_mode) ? 0x10 : 0x80;
  // The name says it, because files of the host cannot be compressed.
  if (strstr(path, "compressed")) attributes |= 0x800;
  return is_encrypted(path) ? attributes | ENCRYPTED : attributes;
}

// Calls `each` with the path and the name of each stream, ":stream:$DATA", until it returns 0.
static BOOL each_stream(const char *path, BOOL (*each)(const char *stream, const char *name, void *data), void *data) {
  char folder[1024], stream[2048];
  const char *base = strrchr(path, '/');
  if (!base) return 1;
  snprintf(folder, sizeof folder, "%.*s/", (int)(base - path), path);
  base++;
  DIR *entries = opendir(folder);
  if (!entries) return 1;
  BOOL done = 1;
  size_t length = strlen(base);
  for (struct dirent *entry; done && (entry = readdir(entries));) {
    if (strncmp(entry->d_name, base, length) || entry->d_name[length] != ':') continue;
    snprintf(stream, sizeof stream, "%s%s", folder, entry->d_name);
    done = each(stream, entry->d_name + length, data);
  }
  closedir(entries);
  return done;
}

static BOOL unlink_stream(const char *stream, const char *name, void *data) {
  (void)name, (void)data;
  return unlink(stream) == 0;
}

typedef struct { uint8_t *start, *last; DWORD room, used; } StreamList;

static BOOL list_stream(const char *stream, const char *name, void *data) {
  (void)stream;
  StreamList *list = data;
  DWORD bytes = strlen(name) * 2, size = (24 + bytes + 7) & ~7u;
  if (list->used + size > list->room) return fail(ERROR_MORE_DATA);
  uint8_t *entry = list->start + list->used;
  memset(entry, 0, size);
  memcpy(entry + 4, &bytes, 4);
  for (DWORD at = 0; name[at]; at++) entry[24 + 2 * at] = name[at];
  DWORD distance = entry - list->last;
  if (list->used) memcpy(list->last, &distance, 4);
  list->last = entry;
  list->used += size;
  return 1;
}

static BOOL list_streams(File *file, uint8_t *information, DWORD length) {
  StreamList list = {information, information, length, 0};
  return list_stream("", "::$DATA", &list) && (!file || file->fd < 0 || each_stream(file->path, list_stream, &list));
}

// --- What is known of a file

static BOOL stat_of(HANDLE handle, struct stat *found) {
  if (is_stray(handle)) return fail(ERROR_INVALID_HANDLE);
  File *file = file_of(handle);
  memset(found, 0, sizeof *found);
  found->st_size = FILE_SIZE;
  if (!file || file->fd < 0) return 1;
  struct stat base;
  if (fstat(file->fd, found)) return fail(ERROR_INVALID_HANDLE);
  if (strcmp(file->path, file->base) && stat(file->base, &base) == 0) {
    found->st_dev = base.st_dev, found->st_ino = base.st_ino, found->st_mtim = base.st_mtim;
  }
  return 1;
}

// Where the file really is, on the host.
static int final_path(const File *file, char *out, size_t room) {
  char same[64];
  snprintf(same, sizeof same, "/proc/self/fd/%d", file->fd);
  ssize_t length = readlink(same, out, room - 1);
  if (length >= 0) out[length] = 0;
  return length >= 0;
}

EXPORT BOOL GetFileSizeEx(HANDLE file, uint64_t *size) {
  struct stat found;
  BOOL done = enter(FILE_SIZE_EX, file, NULL) && stat_of(file, &found);
  if (done) *size = found.st_size;
  LEAVE(FILE_SIZE_EX, done);
}

static BOOL query(HANDLE file, DWORD kind, uint8_t *information, DWORD length) {
  struct stat found;
  if (!stat_of(file, &found)) return 0;
  if (kind == FileStreamInfo) return list_streams(file_of(file), information, length);
  if (kind == FileRemoteProtocolInfo) return (file_of(file) && file_of(file)->remote) || fail(ERROR_INVALID_PARAMETER);
  // FileIdInfo is unknown, as on FAT.
  if (kind != FileStorageInfo && kind != FileBasicInfo) return fail(ERROR_INVALID_PARAMETER);
  memset(information, 0, length);
  uint64_t time = time_of(&found);
  char path[1024] = "";
  if (file_of(file) && file_of(file)->fd >= 0) final_path(file_of(file), path, sizeof path);
  uint32_t sector = is_on_second_volume(path) ? 4096 : 512, attributes = attributes_of(path, &found);
  if (kind == FileStorageInfo) memcpy(information, &sector, 4);
  else memcpy(information + 16, &time, 8), memcpy(information + 32, &attributes, 4);
  return 1;
}

EXPORT BOOL GetFileInformationByHandleEx(HANDLE file, DWORD kind, void *information, DWORD length) {
  BOOL done = enter(BY_HANDLE_EX, file, NULL) && query(file, kind, information, length);
  LEAVE(BY_HANDLE_EX, done);
}

EXPORT BOOL GetFileInformationByHandle(HANDLE file, void *information) {
  struct stat found;
  BOOL done = enter(BY_HANDLE, file, NULL) && stat_of(file, &found);
  if (done) {
    uint32_t volume = found.st_dev, high = found.st_ino >> 32, low = found.st_ino;
    char path[1024] = "";
    if (file_of(file) && file_of(file)->fd >= 0) final_path(file_of(file), path, sizeof path);
    DWORD attributes = attributes_of(path, &found);
    memset(information, 0, 52);
    memcpy(information, &attributes, 4);
    memcpy((char *)information + 28, &volume, 4);
    memcpy((char *)information + 44, &high, 4);
    memcpy((char *)information + 48, &low, 4);
  }
  LEAVE(BY_HANDLE, done);
}

static BOOL set(HANDLE handle, DWORD kind, const uint8_t *information) {
  if (is_stray(handle)) return fail(ERROR_INVALID_HANDLE);
  File *file = file_of(handle);
  if (!file || file->fd < 0) return 1;
  int64_t value;
  memcpy(&value, information, 8);
  if (kind == FileEndOfFileInfo) return ftruncate(file->fd, value) == 0 || fail(error_of(errno));
  if (kind == FileDispositionInfo) {
    each_stream(file->path, unlink_stream, NULL);
    return unlink(file->path) == 0 || fail(error_of(errno));
  }
  if (kind != FileBasicInfo) return fail(ERROR_INVALID_PARAMETER);
  memcpy(&value, information + 16, 8);
  struct timespec times[2] = {{0, UTIME_OMIT}, {value / 10000000, value % 10000000 * 100}};
  return futimens(file->fd, times) == 0 || fail(error_of(errno));
}

EXPORT BOOL SetFileInformationByHandle(HANDLE file, DWORD kind, void *information, DWORD length) {
  (void)length;
  BOOL done = enter(SET_BY_HANDLE, file, NULL) && set(file, kind, information);
  LEAVE(SET_BY_HANDLE, done);
}

// --- Volumes

static BOOL text(uint16_t *out, const char *value) {
  while ((*out++ = (uint8_t)*value++)) continue;
  return 1;
}

EXPORT DWORD GetFileAttributesW(const uint16_t *path) {
  char name[1024];
  struct stat found;
  DWORD attributes = 0x80;
  if (!enter(ATTRIBUTES, NULL, NULL)) attributes = -1;
  else if (real_path(path, name)) {
    // A symbolic link is not followed.
    if (lstat(name, &found)) fail(error_of(errno)), attributes = -1;
    else attributes = attributes_of(name, &found);
  }
  LEAVE(ATTRIBUTES, attributes);
}

static BOOL attributes_by_name(const uint16_t *path, uint8_t *information) {
  char name[1024];
  struct stat found;
  if (!real_path(path, name)) return fail(ERROR_FILE_NOT_FOUND);
  if (lstat(name, &found)) return fail(error_of(errno));
  DWORD attributes = attributes_of(name, &found), high = found.st_size >> 32, low = found.st_size;
  uint64_t time = time_of(&found);
  memset(information, 0, 36);
  memcpy(information, &attributes, 4);
  memcpy(information + 20, &time, 8);
  memcpy(information + 28, &high, 4);
  memcpy(information + 32, &low, 4);
  return 1;
}

EXPORT BOOL GetFileAttributesExW(const uint16_t *path, DWORD level, void *information) {
  (void)level;
  BOOL done = enter(ATTRIBUTES_EX, NULL, NULL) && attributes_by_name(path, information);
  LEAVE(ATTRIBUTES_EX, done);
}

// --- Copies

typedef DWORD (*Progress)(int64_t total, int64_t done, int64_t size, int64_t stream_done, DWORD stream, DWORD reason,
                          HANDLE source, HANDLE destination, void *data);
#define BLOCK 65536

static BOOL copy_blocks(int from, int to, int64_t size, Progress progress, void *data, volatile BOOL *cancel) {
  static const DWORD PROGRESS_CANCEL = 1;
  Function *f = &functions[COPY_FILE];
  char *bytes = malloc(BLOCK);
  DWORD error = 0;
  for (int64_t done = 0; !error;) {
    if (f->delay > 0) usleep(f->delay * 1000);
    if (cancel && *cancel) error = ERROR_REQUEST_ABORTED;
    else if (f->break_off && done >= size / 2) error = f->break_off;
    if (error) break;
    ssize_t length = pread(from, bytes, BLOCK, done);
    if (length == 0) break;
    if (length < 0 || pwrite(to, bytes, length, done) != length) error = error_of(errno);
    done += length;
    // Streams of other numbers do not count as bytes of the file.
    if (progress) progress(size + 10, done + 10, 10, 10, 2, 0, NULL, NULL, data);
    if (progress && progress(size, done, size, done, 1, 0, NULL, NULL, data) == PROGRESS_CANCEL) {
      error = ERROR_REQUEST_ABORTED;
    }
  }
  free(bytes);
  return error ? fail(error) : 1;
}

static BOOL copy_stream(const char *stream, const char *name, void *data) {
  char path[2048];
  snprintf(path, sizeof path, "%s%s", (const char *)data, name);
  int from = open(stream, O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  BOOL done = from >= 0 && to >= 0 && copy_blocks(from, to, 0, NULL, NULL, NULL);
  close(from);
  close(to);
  return done;
}

static BOOL copy_file(const uint16_t *source, const uint16_t *destination, Progress progress, void *data, BOOL *cancel,
                      DWORD flags) {
  char from_path[1024], to_path[1024];
  struct stat found;
  if (!real_path(source, from_path) || !real_path(destination, to_path)) return fail(ERROR_INVALID_FUNCTION);
  int from = open(from_path, O_RDONLY | O_CLOEXEC);
  if (from < 0) return fail(error_of(errno));
  fstat(from, &found);
  if (is_encrypted(from_path) && !is_encrypted(to_path) && !(flags & 8)) return close(from), fail(ERROR_ENCRYPTION_FAILED);
  int to = open(to_path, O_WRONLY | O_CREAT | O_CLOEXEC | (flags & 1 ? O_EXCL : O_TRUNC), 0666);
  if (to < 0) return close(from), fail(error_of(errno));
  each_stream(to_path, unlink_stream, NULL);
  // Windows sets the size first.
  BOOL done = ftruncate(to, found.st_size) == 0 && copy_blocks(from, to, found.st_size, progress, data, cancel) &&
              each_stream(from_path, copy_stream, to_path);
  DWORD error = last_error;
  struct timespec times[2] = {{0, UTIME_OMIT}, found.st_mtim};
  if (done) futimens(to, times);
  else if (!functions[COPY_FILE].keep) unlink(to_path);
  close(from);
  close(to);
  return done ? 1 : fail(error);
}

EXPORT BOOL CopyFileExW(const uint16_t *source, const uint16_t *destination, Progress progress, void *data, BOOL *cancel,
                        DWORD flags) {
  BOOL done = enter(COPY_FILE, NULL, NULL) && copy_file(source, destination, progress, data, cancel, flags);
  LEAVE(COPY_FILE, done);
}

#define FIRST_VOLUME "\\\\?\\Volume{57550000-0000-0000-0000-000000000000}\\"
#define SECOND_VOLUME "\\\\?\\Volume{57550001-0000-0000-0000-000000000000}\\"
#define SHARE "\\\\?\\UNC\\server\\share\\"

static int begins(const uint16_t *path, const char *with) {
  while (*with) if (*path++ != (uint8_t)*with++) return 0;
  return 1;
}

static int is_second(const uint16_t *root) { return begins(root, SECOND_VOLUME); }

// The second volume has no letter: it is mounted in C:\mnt.
EXPORT DWORD GetFinalPathNameByHandleW(HANDLE handle, uint16_t *out, DWORD room, DWORD flags) {
  File *file = file_of(handle);
  char path[1024], name[1400];
  DWORD length = 0;
  if (!enter(FINAL_PATH, handle, NULL)) LEAVE(FINAL_PATH, 0);
  if (is_stray(handle) || !file || file->fd < 0 || !final_path(file, path, sizeof path)) fail(ERROR_INVALID_HANDLE);
  else if (flags == VOLUME_NAME_GUID && file->remote) fail(ERROR_PATH_NOT_FOUND);
  else {
    for (char *at = path; *at; at++) if (*at == '/') *at = '\\';
    int second = strstr(path, "\\mounted") != NULL;
    const char *root = flags == VOLUME_NAME_GUID ? (second ? SECOND_VOLUME : FIRST_VOLUME)
                     : file->remote ? SHARE : second ? "\\\\?\\C:\\mnt\\" : "\\\\?\\C:\\";
    length = snprintf(name, sizeof name, "%s%s", root, path + 1);
    if (length < room) text(out, name);
  }
  LEAVE(FINAL_PATH, length);
}

// Goes by the name, as Windows does: it knows mounted folders, but neither SUBST drives nor symbolic links.
EXPORT BOOL GetVolumePathNameW(const uint16_t *path, uint16_t *volume, DWORD length) {
  BOOL done = enter(VOLUME_PATH, NULL, NULL);
  DWORD needed = 1;
  while (path[needed - 1]) needed++;
  if (done && length < needed) fail(206), done = 0;
  if (done) text(volume, begins(path, SHARE) ? SHARE : begins(path, "\\\\?\\C:\\mnt\\") ? "\\\\?\\C:\\mnt\\"
                       : begins(path, "\\\\?\\S:\\") ? "S:\\" : "C:\\");
  LEAVE(VOLUME_PATH, done);
}

EXPORT BOOL GetVolumeNameForVolumeMountPointW(const uint16_t *root, uint16_t *name, DWORD length) {
  (void)length;
  BOOL done = enter(VOLUME_NAME, NULL, NULL);
  if (done && (begins(root, "S:") || begins(root, SHARE))) done = fail(ERROR_INVALID_PARAMETER);
  if (done) text(name, FIRST_VOLUME);
  LEAVE(VOLUME_NAME, done);
}

EXPORT BOOL GetVolumeInformationW(const uint16_t *root, uint16_t *label, DWORD label_length, DWORD *serial, DWORD *longest,
                                  DWORD *flags, uint16_t *system, DWORD system_length) {
  (void)label, (void)label_length, (void)serial, (void)longest, (void)system_length;
  BOOL done = enter(VOLUME_INFORMATION, NULL, NULL) && text(system, is_second(root) ? "ReFS" : "NTFS");
  if (done) *flags = 0;
  LEAVE(VOLUME_INFORMATION, done);
}

EXPORT BOOL GetDiskFreeSpaceW(const uint16_t *root, DWORD *per_cluster, DWORD *bytes, DWORD *free, DWORD *clusters) {
  (void)per_cluster, (void)free, (void)clusters;
  BOOL done = enter(FREE_SPACE, NULL, NULL);
  if (done) *bytes = is_second(root) ? 4096 : 512;
  LEAVE(FREE_SPACE, done);
}

EXPORT DWORD GetDriveTypeW(const uint16_t *root) {
  enter(DRIVE_TYPE, NULL, NULL);
  LEAVE(DRIVE_TYPE, begins(root, SHARE) ? 4 : 3);
}

// The system folder. On Linux a backslash is part of a file name, so "<folder>\fltlib.dll" is a file beside the folder.
EXPORT DWORD GetSystemDirectoryW(uint16_t *out, DWORD length) {
  const char *folder = getenv("STUB_SYSTEM_FOLDER");
  if (!folder || strlen(folder) >= length) return 0;
  text(out, folder);
  return strlen(folder);
}

// The filter manager of a volume without filters: HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS).
EXPORT DWORD FilterVolumeInstanceFindFirst(const uint16_t *volume, DWORD kind, void *buffer, DWORD length, DWORD *returned,
                                           HANDLE *find) {
  (void)volume, (void)kind, (void)buffer, (void)length, (void)returned, (void)find;
  return 0x80070103;
}

// --- The end of the process

EXPORT void ExitProcess(DWORD code) { _exit(code); }

typedef struct { void (*callback)(void *, uint8_t); void *argument; DWORD due; } Timer;

static void *run_timer(void *argument) {
  Timer *timer = argument;
  usleep(timer->due * 1000);
  timer->callback(timer->argument, 1);
  return NULL;
}

EXPORT BOOL CreateTimerQueueTimer(HANDLE *out, HANDLE queue, void (*callback)(void *, uint8_t), void *argument, DWORD due,
                                  DWORD period, DWORD flags) {
  (void)out, (void)queue, (void)period, (void)flags;
  Timer *timer = malloc(sizeof *timer);
  *timer = (Timer){callback, argument, due};
  pthread_t thread;
  return pthread_create(&thread, NULL, run_timer, timer) == 0;
}

// --- Errors

EXPORT DWORD GetLastError(void) { return last_error; }
EXPORT DWORD RtlGetLastNtStatus(void) { return 0; }

EXPORT DWORD RtlNtStatusToDosErrorNoTeb(DWORD status) {
  switch (status) {
    case STATUS_CANCELLED: return ERROR_OPERATION_ABORTED;
    case STATUS_END_OF_FILE: return ERROR_HANDLE_EOF;
    case STATUS_INVALID_TOKEN: return ERROR_INVALID_TOKEN;
    case STATUS_INVALID_LOCK_SEQUENCE:
    case STATUS_ACCESS_DENIED: return ERROR_ACCESS_DENIED;
    default: return ERROR_MR_MID_NOT_FOUND;
  }
}
