/*
 * A fltlib.dll whose loading can be observed: it appends its own path to the file that ODX_MARK names. The filter manager
 * that it plays has a volume without filters.
 */
#include <stdint.h>
#include <windows.h>

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    wchar_t path[MAX_PATH], mark[MAX_PATH];
    DWORD written;

    (void)reserved;
    if (reason != DLL_PROCESS_ATTACH || !GetEnvironmentVariableW(L"ODX_MARK", mark, MAX_PATH))
        return TRUE;
    DWORD length = GetModuleFileNameW(self, path, MAX_PATH - 1);
    path[length++] = L'\n';
    HANDLE file = CreateFileW(mark, FILE_APPEND_DATA, FILE_SHARE_READ, NULL, OPEN_ALWAYS, 0, NULL);
    WriteFile(file, path, length * sizeof *path, &written, NULL);
    CloseHandle(file);
    return TRUE;
}

__declspec(dllexport) HRESULT WINAPI FilterVolumeInstanceFindFirst(const wchar_t *volume, DWORD class, void *buffer, DWORD size,
                                                                   DWORD *returned, HANDLE *find)
{
    (void)volume, (void)class, (void)buffer, (void)size, (void)returned, (void)find;
    return HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS);
}
