/* The same assertions against the headers that come with mingw-w64, for the structures that they have. */

#define _WIN32_WINNT 0x0A00
#define WINVER 0x0A00
#include <windows.h>
#include <stddef.h>
#include <winioctl.h>
#include <fltuser.h>

#ifndef _WIN64
typedef OVERLAPPED OVERLAPPED32;
#endif

#include LAYOUTS
