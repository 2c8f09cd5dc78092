// A stand-in for the functions of kernel32 and ntdll that the package calls. There is no device behind it: offload reads
// and writes succeed immediately and in full, so the time of a call is the overhead of calling alone.
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
typedef uint32_t DWORD;
typedef int32_t BOOL;
typedef void *HANDLE;

enum {
  FSCTL_OFFLOAD_READ = 0x00094264,
  FSCTL_OFFLOAD_WRITE = 0x00098268,
  FILE_FLAG_OVERLAPPED = 0x40000000,
  ERROR_INVALID_FUNCTION = 1,
  ERROR_INVALID_PARAMETER = 87,
  ERROR_IO_PENDING = 997,
  WAIT_TIMEOUT = 258,
  FileStorageInfo = 16,
};

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
#define THE_PORT ((HANDLE)0x7004)
#define MOST_FILES 256
#define RING 65536

// A handle outside this table counts as a synchronous one.
static uint8_t overlapped_files[MOST_FILES];
static uint32_t next_file = 1;
static _Thread_local DWORD last_error;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static OVERLAPPED *ring[RING];
static uint32_t head, tail;

static BOOL fail(DWORD error) {
  last_error = error;
  return 0;
}

static int is_overlapped(HANDLE file) {
  uintptr_t index = (uintptr_t)file / 4;
  return index < MOST_FILES && overlapped_files[index];
}

static int post(OVERLAPPED *overlapped) {
  pthread_mutex_lock(&lock);
  int room = tail - head < RING;
  if (room) ring[tail++ % RING] = overlapped;
  pthread_cond_signal(&arrived);
  pthread_mutex_unlock(&lock);
  return room;
}

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

EXPORT BOOL DeviceIoControl(HANDLE file, DWORD code, void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned, OVERLAPPED *overlapped) {
  DWORD done;
  if (code == FSCTL_OFFLOAD_READ) done = offload_read(input, input_length, output, output_length);
  else if (code == FSCTL_OFFLOAD_WRITE) done = offload_write(input, input_length, output, output_length);
  else return fail(ERROR_INVALID_FUNCTION);
  if (done == 0) return fail(ERROR_INVALID_PARAMETER);
  if (returned) *returned = done;
  if (!overlapped) return 1;
  overlapped->Internal = 0;
  overlapped->InternalHigh = done;
  // The low bit of the event suppresses the completion packet.
  if (((uintptr_t)overlapped->hEvent & 1) || !is_overlapped(file)) return 1;
  return fail(post(overlapped) ? ERROR_IO_PENDING : ERROR_INVALID_FUNCTION);
}

EXPORT HANDLE CreateIoCompletionPort(HANDLE file, HANDLE port, uint64_t key, DWORD threads) {
  (void)file, (void)port, (void)key, (void)threads;
  return THE_PORT;
}

EXPORT BOOL PostQueuedCompletionStatus(HANDLE port, DWORD bytes, uint64_t key, OVERLAPPED *overlapped) {
  (void)port, (void)bytes, (void)key;
  return post(overlapped);
}

EXPORT BOOL GetQueuedCompletionStatusEx(HANDLE port, OVERLAPPED_ENTRY *entries, DWORD count, DWORD *removed,
                                        DWORD milliseconds, BOOL alertable) {
  (void)port, (void)alertable;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  uint64_t nanoseconds = until.tv_nsec + milliseconds % 1000 * 1000000ull;
  until.tv_sec += milliseconds / 1000 + nanoseconds / 1000000000;
  until.tv_nsec = nanoseconds % 1000000000;
  pthread_mutex_lock(&lock);
  while (head == tail && pthread_cond_timedwait(&arrived, &lock, &until) != ETIMEDOUT) continue;
  DWORD taken = 0;
  for (; taken < count && head != tail; taken++, head++) {
    OVERLAPPED *overlapped = ring[head % RING];
    entries[taken].lpCompletionKey = 0;
    entries[taken].lpOverlapped = overlapped;
    entries[taken].dwNumberOfBytesTransferred = overlapped ? overlapped->InternalHigh : 0;
  }
  pthread_mutex_unlock(&lock);
  *removed = taken;
  return taken ? 1 : fail(WAIT_TIMEOUT);
}

EXPORT HANDLE CreateFileW(const uint16_t *path, DWORD access, DWORD share, void *security, DWORD disposition,
                          DWORD flags, HANDLE template) {
  (void)path, (void)access, (void)share, (void)security, (void)disposition, (void)template;
  uint32_t index = next_file < MOST_FILES ? next_file++ : MOST_FILES - 1;
  overlapped_files[index] = (flags & FILE_FLAG_OVERLAPPED) != 0;
  return (HANDLE)(uintptr_t)(index * 4);
}

EXPORT BOOL GetFileSizeEx(HANDLE file, uint64_t *size) {
  (void)file;
  *size = FILE_SIZE;
  return 1;
}

EXPORT BOOL GetFileInformationByHandleEx(HANDLE file, DWORD kind, uint32_t *information, DWORD length) {
  (void)file;
  if (kind != FileStorageInfo) return fail(ERROR_INVALID_PARAMETER);
  memset(information, 0, length);
  information[0] = 512;
  return 1;
}

EXPORT BOOL GetFileInformationByHandle(HANDLE file, void *information) {
  (void)file;
  memset(information, 0, 52);
  return 1;
}

EXPORT HANDLE CreateEventW(void *security, BOOL manual, BOOL initial, void *name) {
  (void)security, (void)manual, (void)initial, (void)name;
  return OK_EVENT;
}

EXPORT BOOL CloseHandle(HANDLE handle) {
  (void)handle;
  return 1;
}

EXPORT BOOL CancelIoEx(HANDLE file, OVERLAPPED *overlapped) {
  (void)file, (void)overlapped;
  return fail(ERROR_INVALID_PARAMETER);
}

EXPORT DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds) {
  (void)handle, (void)milliseconds;
  return 0;
}

EXPORT DWORD GetLastError(void) { return last_error; }
EXPORT DWORD RtlGetLastNtStatus(void) { return 0; }
EXPORT DWORD RtlNtStatusToDosErrorNoTeb(DWORD status) { return status; }
