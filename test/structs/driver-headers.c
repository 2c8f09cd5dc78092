/*
 * The same assertions against ntddstor.h, for the structures that only the driver headers contain. windows.h would
 * include winioctl.h, which defines the include guard of ntddstor.h and so keeps it out.
 */

#define _WIN32_WINNT 0x0A00
#define WINVER 0x0A00
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stddef.h>
#include <devioctl.h>
#include <ntddstor.h>

#include LAYOUTS
