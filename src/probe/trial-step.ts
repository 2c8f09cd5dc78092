import { ProtocolError, Win32Error } from '../errors.ts';
import type { TrialStep, TrialStepName } from './try-offload.ts';

/** What a step has done so far. */
export class StepRecord {
  bytes = 0;
  reads = 0;
  writes = 0;
  readonly #name: TrialStepName;
  readonly #startedAt = performance.now();
  #elapsedMs: number | undefined;
  #judgement: Judgement = { outcome: 'passed' };

  constructor(name: TrialStepName) {
    this.#name = name;
  }

  /** The transfer is complete: what follows is comparison, and not part of the time. */
  stop(): number {
    this.#elapsedMs = performance.now() - this.#startedAt;
    return this.#elapsedMs;
  }

  /** Default: passed. */
  judge(judgement: Judgement): void {
    this.#judgement = judgement;
  }

  /** Judges what the step threw. Anything but an answer of the storage is thrown again. */
  judgeError(error: unknown): void {
    if (error instanceof WrongAnswer) {
      this.judge({ outcome: 'failed', detail: error.detail });
    } else if (error instanceof ProtocolError && isControlCode(error.syscall)) {
      this.judge({ outcome: 'failed', status: error.code, detail: withoutPath(error) });
    } else if (isAnswer(error)) {
      this.judge({ outcome: error.action === 'fallback' ? 'refused' : 'failed', ...statusOf(error) });
    } else {
      throw error;
    }
  }

  finish(): TrialStep {
    const { bytes, reads, writes } = this;
    return {
      name: this.#name,
      ...this.#judgement,
      bytes: BigInt(bytes),
      elapsedMs: Math.ceil(this.#elapsedMs ?? performance.now() - this.#startedAt),
      ...(reads > 0 && { reads }),
      ...(writes > 0 && { writes }),
    };
  }
}

type Judgement = Pick<TrialStep, 'outcome' | 'status' | 'ntstatus' | 'detail'>;

/** The storage reported success, but the result is wrong. */
export class WrongAnswer {
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}

/** Whether the storage refused an offload read or write. A full disk says nothing about offload. */
export function isAnswer(error: unknown): error is Win32Error {
  return error instanceof Win32Error && isControlCode(error.syscall) && error.code !== 'ERROR_DISK_FULL';
}

function isControlCode(syscall: string): boolean {
  return syscall.startsWith('FSCTL_OFFLOAD_');
}

/** How a report names an error. */
export function statusOf({ code, ntstatus }: Win32Error): Pick<TrialStep, 'status' | 'ntstatus'> {
  return ntstatus === undefined ? { status: code } : { status: code, ntstatus: ntstatus.name };
}

// A report does not name the folders of the user.
function withoutPath({ message, path }: ProtocolError): string {
  return path === undefined ? message : message.replaceAll(` on '${path}'`, '');
}
