import type { FileFacts, Frame, Kernel } from '../../src/kernel/kernel.ts';
import { OffloadToken } from '../../src/token.ts';
import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_READ_INPUT,
  FSCTL_OFFLOAD_READ_OUTPUT,
} from '../../structs/index.ts';

/** A kernel with some of its methods replaced. */
export function withMethods(kernel: Kernel, methods: Partial<Kernel>): Kernel {
  return new Proxy(kernel, {
    get(target, key) {
      const replaced: unknown = Reflect.get(methods, key);
      if (replaced !== undefined) return replaced;
      const own: unknown = Reflect.get(target, key);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

/** Tells other facts of the files whose path ends in a name. */
export function withFacts(kernel: Kernel, name: string, facts: Partial<FileFacts>): Kernel {
  return withMethods(kernel, {
    async facts(handle, path) {
      const own = await kernel.facts(handle, path);
      return path?.endsWith(name) ? { ...own, ...facts } : own;
    },
  });
}

export interface Stretch {
  readonly from: bigint;
  readonly to: bigint;
}

/** An array that knows where the source is zeros, answers such reads with the zero token, and any other up to there. */
export function knowingZeros(kernel: Kernel, zeros: readonly Stretch[]): Kernel {
  const { FileOffset, CopyLength } = FSCTL_OFFLOAD_READ_INPUT.offsetOf;
  return withMethods(kernel, {
    async control(handle, code, frame, inputLength, outputLength, signal) {
      if (code === FSCTL_OFFLOAD_READ) {
        const offset = frame.inputView.getBigUint64(FileOffset, true);
        const length = frame.inputView.getBigUint64(CopyLength, true);
        const within = zeros.find(({ from, to }) => from <= offset && offset < to);
        if (within !== undefined) {
          const left = within.to - offset;
          return answerZeros(frame, left < length ? left : length);
        }
        const ahead = zeros.find(({ from }) => from > offset && from < offset + length);
        if (ahead !== undefined) frame.inputView.setBigUint64(CopyLength, ahead.from - offset, true);
      }
      return kernel.control(handle, code, frame, inputLength, outputLength, signal);
    },
  });
}

function answerZeros(frame: Frame, length: bigint): number {
  const { Size, Flags, TransferLength, Token } = FSCTL_OFFLOAD_READ_OUTPUT.offsetOf;
  frame.outputView.setUint32(Size, FSCTL_OFFLOAD_READ_OUTPUT.size, true);
  frame.outputView.setUint32(Flags, 0, true);
  frame.outputView.setBigUint64(TransferLength, length, true);
  frame.output.set(OffloadToken.zeroData().bytes, Token);
  return FSCTL_OFFLOAD_READ_OUTPUT.size;
}
