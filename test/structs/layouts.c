/*
 * The structures as winioctl.h, ntddstor.h, minwinbase.h, winbase.h, fileapi.h and fltuserstructures.h declare them,
 * for a compiler that knows the Windows ABI. compiler.test.ts generates assertions from the Koffi layouts and passes
 * them as the header LAYOUTS.
 */

#include <stddef.h>

typedef unsigned char UCHAR, BYTE, BOOLEAN;
typedef unsigned short USHORT, WCHAR;
typedef unsigned int UINT;
typedef unsigned long ULONG, DWORD;
typedef long LONG;
typedef unsigned long long ULONGLONG, DWORDLONG;
typedef long long LONGLONG;
typedef void *HANDLE, *PVOID;
#ifdef _WIN64
typedef unsigned long long ULONG_PTR;
#else
typedef unsigned long ULONG_PTR;
#endif

typedef union _LARGE_INTEGER {
  struct {
    DWORD LowPart;
    LONG HighPart;
  };
  LONGLONG QuadPart;
} LARGE_INTEGER;

typedef struct _FILETIME {
  DWORD dwLowDateTime;
  DWORD dwHighDateTime;
} FILETIME;

typedef struct _FILE_ID_128 {
  BYTE Identifier[16];
} FILE_ID_128;

typedef DWORD DEVICE_DSM_ACTION;
typedef DWORD DEVICE_TYPE;
typedef enum _STORAGE_PROPERTY_ID { StorageDeviceProperty = 0 } STORAGE_PROPERTY_ID;
typedef enum _STORAGE_QUERY_TYPE { PropertyStandardQuery = 0 } STORAGE_QUERY_TYPE;
typedef enum _MEDIA_TYPE { Unknown = 0 } MEDIA_TYPE;
typedef enum _FLT_FILESYSTEM_TYPE { FLT_FSTYPE_UNKNOWN = 0 } FLT_FILESYSTEM_TYPE;

#define MAX_PATH 260
#define STORAGE_OFFLOAD_MAX_TOKEN_LENGTH 512
#define STORAGE_OFFLOAD_TOKEN_ID_LENGTH 0x1F8

typedef struct _STORAGE_OFFLOAD_TOKEN {
  UCHAR TokenType[4];
  UCHAR Reserved[2];
  UCHAR TokenIdLength[2];
  union {
    struct {
      UCHAR Reserved2[STORAGE_OFFLOAD_TOKEN_ID_LENGTH];
    } StorageOffloadZeroDataToken;
    UCHAR Token[STORAGE_OFFLOAD_TOKEN_ID_LENGTH];
  };
} STORAGE_OFFLOAD_TOKEN;

typedef struct _FSCTL_OFFLOAD_READ_INPUT {
  DWORD Size;
  DWORD Flags;
  DWORD TokenTimeToLive;
  DWORD Reserved;
  DWORDLONG FileOffset;
  DWORDLONG CopyLength;
} FSCTL_OFFLOAD_READ_INPUT;

typedef struct _FSCTL_OFFLOAD_READ_OUTPUT {
  DWORD Size;
  DWORD Flags;
  DWORDLONG TransferLength;
  BYTE Token[STORAGE_OFFLOAD_MAX_TOKEN_LENGTH];
} FSCTL_OFFLOAD_READ_OUTPUT;

typedef struct _FSCTL_OFFLOAD_WRITE_INPUT {
  DWORD Size;
  DWORD Flags;
  DWORDLONG FileOffset;
  DWORDLONG CopyLength;
  DWORDLONG TransferOffset;
  BYTE Token[STORAGE_OFFLOAD_MAX_TOKEN_LENGTH];
} FSCTL_OFFLOAD_WRITE_INPUT;

typedef struct _FSCTL_OFFLOAD_WRITE_OUTPUT {
  DWORD Size;
  DWORD Flags;
  DWORDLONG LengthWritten;
} FSCTL_OFFLOAD_WRITE_OUTPUT;

typedef struct _DEVICE_MANAGE_DATA_SET_ATTRIBUTES {
  DWORD Size;
  DEVICE_DSM_ACTION Action;
  DWORD Flags;
  DWORD ParameterBlockOffset;
  DWORD ParameterBlockLength;
  DWORD DataSetRangesOffset;
  DWORD DataSetRangesLength;
} DEVICE_MANAGE_DATA_SET_ATTRIBUTES;

typedef struct _DEVICE_DATA_SET_RANGE {
  LONGLONG StartingOffset;
  DWORDLONG LengthInBytes;
} DEVICE_DATA_SET_RANGE;

typedef struct _DEVICE_DSM_OFFLOAD_READ_PARAMETERS {
  DWORD Flags;
  DWORD TimeToLive;
  DWORD Reserved[2];
} DEVICE_DSM_OFFLOAD_READ_PARAMETERS;

typedef struct _DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS {
  DWORD Flags;
  DWORD Reserved;
  DWORDLONG TokenOffset;
  STORAGE_OFFLOAD_TOKEN Token;
} DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS;

typedef struct _STORAGE_OFFLOAD_READ_OUTPUT {
  DWORD OffloadReadFlags;
  DWORD Reserved;
  DWORDLONG LengthProtected;
  DWORD TokenLength;
  STORAGE_OFFLOAD_TOKEN Token;
} STORAGE_OFFLOAD_READ_OUTPUT;

typedef struct _STORAGE_OFFLOAD_WRITE_OUTPUT {
  DWORD OffloadWriteFlags;
  DWORD Reserved;
  DWORDLONG LengthCopied;
} STORAGE_OFFLOAD_WRITE_OUTPUT;

typedef struct _DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT {
  DWORD Size;
  DEVICE_DSM_ACTION Action;
  DWORD Flags;
  DWORD OperationStatus;
  DWORD ExtendedError;
  DWORD TargetDetailedError;
  DWORD ReservedStatus;
  DWORD OutputBlockOffset;
  DWORD OutputBlockLength;
} DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT;

typedef struct _DEVICE_DSM_DEFINITION {
  DEVICE_DSM_ACTION Action;
  BOOLEAN SingleRange;
  DWORD ParameterBlockAlignment;
  DWORD ParameterBlockLength;
  BOOLEAN HasOutput;
  DWORD OutputBlockAlignment;
  DWORD OutputBlockLength;
} DEVICE_DSM_DEFINITION;

typedef struct _STORAGE_PROPERTY_QUERY {
  STORAGE_PROPERTY_ID PropertyId;
  STORAGE_QUERY_TYPE QueryType;
  BYTE AdditionalParameters[1];
} STORAGE_PROPERTY_QUERY;

typedef struct _STORAGE_DESCRIPTOR_HEADER {
  DWORD Version;
  DWORD Size;
} STORAGE_DESCRIPTOR_HEADER;

typedef struct _DEVICE_COPY_OFFLOAD_DESCRIPTOR {
  DWORD Version;
  DWORD Size;
  DWORD MaximumTokenLifetime;
  DWORD DefaultTokenLifetime;
  DWORDLONG MaximumTransferSize;
  DWORDLONG OptimalTransferCount;
  DWORD MaximumDataDescriptors;
  DWORD MaximumTransferLengthPerDescriptor;
  DWORD OptimalTransferLengthPerDescriptor;
  USHORT OptimalTransferLengthGranularity;
  BYTE Reserved[2];
} DEVICE_COPY_OFFLOAD_DESCRIPTOR;

typedef struct _STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR {
  DWORD Version;
  DWORD Size;
  DWORD BytesPerCacheLine;
  DWORD BytesOffsetForCacheAlignment;
  DWORD BytesPerLogicalSector;
  DWORD BytesPerPhysicalSector;
  DWORD BytesOffsetForSectorAlignment;
} STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR;

typedef struct _OVERLAPPED {
  ULONG_PTR Internal;
  ULONG_PTR InternalHigh;
  union {
    struct {
      DWORD Offset;
      DWORD OffsetHigh;
    };
    PVOID Pointer;
  };
  HANDLE hEvent;
} OVERLAPPED, *LPOVERLAPPED;

#ifndef _WIN64
typedef OVERLAPPED OVERLAPPED32;
#endif

typedef struct _OVERLAPPED_ENTRY {
  ULONG_PTR lpCompletionKey;
  LPOVERLAPPED lpOverlapped;
  ULONG_PTR Internal;
  DWORD dwNumberOfBytesTransferred;
} OVERLAPPED_ENTRY;

typedef struct _BY_HANDLE_FILE_INFORMATION {
  DWORD dwFileAttributes;
  FILETIME ftCreationTime;
  FILETIME ftLastAccessTime;
  FILETIME ftLastWriteTime;
  DWORD dwVolumeSerialNumber;
  DWORD nFileSizeHigh;
  DWORD nFileSizeLow;
  DWORD nNumberOfLinks;
  DWORD nFileIndexHigh;
  DWORD nFileIndexLow;
} BY_HANDLE_FILE_INFORMATION;

typedef struct _FILE_BASIC_INFO {
  LARGE_INTEGER CreationTime;
  LARGE_INTEGER LastAccessTime;
  LARGE_INTEGER LastWriteTime;
  LARGE_INTEGER ChangeTime;
  DWORD FileAttributes;
} FILE_BASIC_INFO;

typedef struct _FILE_STANDARD_INFO {
  LARGE_INTEGER AllocationSize;
  LARGE_INTEGER EndOfFile;
  DWORD NumberOfLinks;
  BOOLEAN DeletePending;
  BOOLEAN Directory;
} FILE_STANDARD_INFO;

typedef struct _FILE_ATTRIBUTE_TAG_INFO {
  DWORD FileAttributes;
  DWORD ReparseTag;
} FILE_ATTRIBUTE_TAG_INFO;

typedef struct _FILE_END_OF_FILE_INFO {
  LARGE_INTEGER EndOfFile;
} FILE_END_OF_FILE_INFO;

typedef struct _FILE_DISPOSITION_INFO {
  BOOLEAN DeleteFile;
} FILE_DISPOSITION_INFO;

typedef struct _FILE_STORAGE_INFO {
  ULONG LogicalBytesPerSector;
  ULONG PhysicalBytesPerSectorForAtomicity;
  ULONG PhysicalBytesPerSectorForPerformance;
  ULONG FileSystemEffectivePhysicalBytesPerSectorForAtomicity;
  ULONG Flags;
  ULONG ByteOffsetForSectorAlignment;
  ULONG ByteOffsetForPartitionAlignment;
} FILE_STORAGE_INFO;

typedef struct _FILE_ID_INFO {
  ULONGLONG VolumeSerialNumber;
  FILE_ID_128 FileId;
} FILE_ID_INFO;

typedef struct _WIN32_FILE_ATTRIBUTE_DATA {
  DWORD dwFileAttributes;
  FILETIME ftCreationTime;
  FILETIME ftLastAccessTime;
  FILETIME ftLastWriteTime;
  DWORD nFileSizeHigh;
  DWORD nFileSizeLow;
} WIN32_FILE_ATTRIBUTE_DATA;

typedef struct _FILE_STREAM_INFO {
  DWORD NextEntryOffset;
  DWORD StreamNameLength;
  LARGE_INTEGER StreamSize;
  LARGE_INTEGER StreamAllocationSize;
  WCHAR StreamName[1];
} FILE_STREAM_INFO;

typedef struct _WIN32_FIND_STREAM_DATA {
  LARGE_INTEGER StreamSize;
  WCHAR cStreamName[MAX_PATH + 36];
} WIN32_FIND_STREAM_DATA;

typedef struct _GET_LENGTH_INFORMATION {
  LARGE_INTEGER Length;
} GET_LENGTH_INFORMATION;

typedef struct _DISK_GEOMETRY {
  LARGE_INTEGER Cylinders;
  MEDIA_TYPE MediaType;
  DWORD TracksPerCylinder;
  DWORD SectorsPerTrack;
  DWORD BytesPerSector;
} DISK_GEOMETRY;

typedef struct _STORAGE_DEVICE_NUMBER {
  DEVICE_TYPE DeviceType;
  DWORD DeviceNumber;
  DWORD PartitionNumber;
} STORAGE_DEVICE_NUMBER;

typedef struct _INSTANCE_AGGREGATE_STANDARD_INFORMATION {
  ULONG NextEntryOffset;
  ULONG Flags;
  union {
    struct {
      ULONG Flags;
      ULONG FrameID;
      FLT_FILESYSTEM_TYPE VolumeFileSystemType;
      USHORT InstanceNameLength;
      USHORT InstanceNameBufferOffset;
      USHORT AltitudeLength;
      USHORT AltitudeBufferOffset;
      USHORT VolumeNameLength;
      USHORT VolumeNameBufferOffset;
      USHORT FilterNameLength;
      USHORT FilterNameBufferOffset;
      ULONG SupportedFeatures;
    } MiniFilter;
    struct {
      ULONG Flags;
      USHORT AltitudeLength;
      USHORT AltitudeBufferOffset;
      USHORT VolumeNameLength;
      USHORT VolumeNameBufferOffset;
      USHORT FilterNameLength;
      USHORT FilterNameBufferOffset;
      ULONG SupportedFeatures;
    } LegacyFilter;
  } Type;
} INSTANCE_AGGREGATE_STANDARD_INFORMATION;

/* Assertions about this file itself, so that the same mistake here and in TypeScript does not go unnoticed. */

#define HOLDS(what) _Static_assert(what, #what)

HOLDS(sizeof(FSCTL_OFFLOAD_READ_INPUT) == 32);
HOLDS(offsetof(FSCTL_OFFLOAD_READ_INPUT, FileOffset) == 16);
HOLDS(sizeof(FSCTL_OFFLOAD_READ_OUTPUT) == 528);
HOLDS(offsetof(FSCTL_OFFLOAD_READ_OUTPUT, Token) == 16);
HOLDS(sizeof(FSCTL_OFFLOAD_WRITE_INPUT) == 544);
HOLDS(offsetof(FSCTL_OFFLOAD_WRITE_INPUT, Token) == 32);
HOLDS(sizeof(FSCTL_OFFLOAD_WRITE_OUTPUT) == 16);
HOLDS(sizeof(STORAGE_OFFLOAD_TOKEN) == 512);
HOLDS(_Alignof(STORAGE_OFFLOAD_TOKEN) == 1);
HOLDS(sizeof(DEVICE_MANAGE_DATA_SET_ATTRIBUTES) == 28);
HOLDS(sizeof(DEVICE_DATA_SET_RANGE) == 16);
HOLDS(sizeof(DEVICE_DSM_OFFLOAD_READ_PARAMETERS) == 16);
HOLDS(sizeof(DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS) == 528);
HOLDS(sizeof(STORAGE_OFFLOAD_READ_OUTPUT) == 536);
HOLDS(offsetof(STORAGE_OFFLOAD_READ_OUTPUT, Token) == 20);
HOLDS(sizeof(STORAGE_OFFLOAD_WRITE_OUTPUT) == 16);
HOLDS(sizeof(DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT) == 36);
HOLDS(sizeof(DEVICE_DSM_DEFINITION) == 28);
HOLDS(sizeof(STORAGE_PROPERTY_QUERY) == 12);
HOLDS(sizeof(DEVICE_COPY_OFFLOAD_DESCRIPTOR) == 48);
HOLDS(_Alignof(DEVICE_COPY_OFFLOAD_DESCRIPTOR) == 8);
HOLDS(sizeof(FILE_STANDARD_INFO) == 24);
HOLDS(sizeof(WIN32_FIND_STREAM_DATA) == 600);
HOLDS(sizeof(STORAGE_DEVICE_NUMBER) == 12);
#ifdef _WIN64
HOLDS(sizeof(OVERLAPPED) == 32);
#else
HOLDS(sizeof(OVERLAPPED) == 20);
#endif

#ifdef LAYOUTS
#include LAYOUTS
#endif
