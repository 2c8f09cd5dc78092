/** Whether kernel32.dll can be loaded here. Told by the platform alone, so that importing touches no DLL. */
export const isSupported: boolean = process.platform === 'win32';
