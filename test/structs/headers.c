/* The same assertions against the headers of mingw-w64, for the structures and numbers that they contain. */

#define _WIN32_WINNT 0x0A00
#define WINVER 0x0A00
/* ntstatus.h has the statuses that windows.h would define too, and more. */
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <winternl.h>
#include <ntstatus.h>
#include <stddef.h>
#include <winioctl.h>
#include <fltuser.h>

#ifndef _WIN64
typedef OVERLAPPED OVERLAPPED32;
#endif

#include LAYOUTS
