#include "odx.h"

uint64_t clock_ticks(void)
{
    LARGE_INTEGER frequency;
    LARGE_INTEGER now = KeQueryPerformanceCounter(&frequency);
    uint64_t whole = now.QuadPart / frequency.QuadPart;
    uint64_t rest = now.QuadPart % frequency.QuadPart;
    return whole * 10000000 + rest * 10000000 / frequency.QuadPart;
}

uint64_t clock_ms(void) { return clock_ticks() / 10000; }
