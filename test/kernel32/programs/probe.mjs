// Probes the working folder. Its ntdll lacks what identifies Wine, so the filter manager is asked.
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';

const { probe } = createOdx({ kernel: loadKernel32({ ntdll: process.argv[2] }) });
const { filters, reasons } = await probe(process.cwd());
console.log(JSON.stringify(filters ?? reasons));
