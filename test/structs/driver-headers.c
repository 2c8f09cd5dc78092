/*
 * The same assertions against ntddstor.h, for the structures that only driver headers have. winioctl.h, which
 * windows.h brings in unless told not to, claims to be ntddstor.h and keeps it out.
 */

#define _WIN32_WINNT 0x0A00
#define WINVER 0x0A00
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stddef.h>
#include <devioctl.h>
#include <ntddstor.h>

#include LAYOUTS
