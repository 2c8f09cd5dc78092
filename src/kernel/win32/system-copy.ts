import type { Signal } from '../../signal.ts';
import { KernelFailure, type SystemCopyRequest } from '../kernel.ts';
import { type Handles, nativePath } from './handles.ts';
import { type Native, nativeMemory } from './native.ts';

const COPY_FILE_FAIL_IF_EXISTS = 0x1;
const COPY_FILE_ALLOW_DECRYPTED_DESTINATION = 0x8;
const PROGRESS_CONTINUE = 0;
const PROGRESS_CANCEL = 1;
const MAIN_STREAM = 1;

/** CopyFileExW on a thread of the pool. An abort or the exit of the process sets the flag that it looks at between blocks. */
export async function copyBySystem(
  native: Native,
  handles: Handles,
  source: string,
  destination: string,
  { failIfExists, allowDecrypted, onProgress }: SystemCopyRequest,
  signal: Signal | undefined,
): Promise<void> {
  const cancelled = nativeMemory(4);
  const cancel = () => {
    cancelled[0] = 1;
  };
  const flags =
    (failIfExists ? COPY_FILE_FAIL_IF_EXISTS : 0) +
    (allowDecrypted ? COPY_FILE_ALLOW_DECRYPTED_DESTINATION : 0);
  // Each call of the routine takes a turn of the event loop, so there is none that nobody needs.
  const routine = onProgress && native.progressRoutine(progressOf(onProgress));
  try {
    await handles.runAlone(
      async (call) => {
        // SAFETY: the routine and the flag outlive the call.
        const { result, errno } = await call(
          'CopyFileExW',
          nativePath(source),
          nativePath(destination),
          routine?.address ?? 0,
          0,
          cancelled,
          flags,
        );
        if (result === 0) throw new KernelFailure(errno);
      },
      { cancel, signal },
    );
  } finally {
    routine?.free();
  }
}

function progressOf(onProgress: (done: bigint) => boolean): (stream: number, done: bigint) => number {
  return (stream, done) => (stream !== MAIN_STREAM || onProgress(done) ? PROGRESS_CONTINUE : PROGRESS_CANCEL);
}
