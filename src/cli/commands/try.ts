import { clearLine, cursorTo } from 'node:readline';
import { guide } from '../../help.ts';
import type { TrialProgress, TrialReport, TrialStep, TrialVolume } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { DONE, explainInterruption, FAILED, INCAPABLE } from '../errors.ts';
import { columnsOf, table, wrap } from '../output.ts';
import { byteCount, formatDuration, formatRate, formatSize, parseSize } from '../quantities.ts';

const EXIT_CODES = { offloads: DONE, incapable: INCAPABLE, broken: FAILED } as const;

export const tryCommand: Command = defineCommand({
  name: 'try',
  operands: 'FOLDER [FOLDER]',
  count: [1, 2],
  summary: 'prove on scratch files what the storage does',
  usesKernel: true,
  completion: 'paths',
  notes: [
    'Offloads scratch files from the first FOLDER to the second, or within the only one, compares every byte and times an ' +
      'ordinary copy. The scratch files are removed, also after Ctrl-C. Nothing else is changed.',
    'The report names no folder and holds no token; attach it when you report an array.',
    'Exit codes: 0 the storage offloads, 3 it cannot, 1 it answered wrongly or the trial failed.',
  ],
  fieldNames: { folder: 'FOLDER', path: 'FOLDER', destination: 'the second FOLDER', size: '--size' },
  advice: {
    ERROR_FILE_NOT_FOUND: 'Name a folder that exists.',
    ERROR_PATH_NOT_FOUND: 'Name a folder that exists.',
    ERROR_DISK_FULL: 'Pass a smaller --size, or free some space.',
  },
  options: {
    size: {
      type: 'string',
      value: 'SIZE',
      help: 'size of the scratch files, of which two exist at the same time; default 64MiB',
    },
  },
  examples: [
    { line: 'try . --size 1MiB', does: 'try the working folder' },
    { line: 'try images backup --json', does: 'try a copy between two volumes, report as JSON' },
  ],
  async run([folder = '', destination], { size }, { json, kernels, interruptible }) {
    const bytes = size === undefined ? undefined : byteCount(parseSize('--size', size));
    const { odx } = await kernels.load();
    const signal = interruptible();
    const line = json ? undefined : new ProgressLine(process.stderr);
    try {
      const report = await odx.tryOffload(folder, {
        destination,
        size: bytes,
        signal,
        onProgress: (progress) => line?.update(progress),
      });
      line?.end();
      return {
        data: report,
        text: describeReport(report, columnsOf(process.stdout)) + HELP[report.verdict],
        exitCode: EXIT_CODES[report.verdict],
      };
    } catch (error) {
      line?.end();
      throw explainInterruption(
        error,
        'The scratch files were removed; run the same command to start again.',
      );
    }
  },
});

const VERDICTS = {
  offloads: 'the storage copied by itself, and every byte is right',
  incapable: 'the storage refused to copy by itself',
  broken: 'the storage answered wrongly; report it to its vendor',
} as const;

// Not part of the table, because an address cannot be wrapped.
const HELP = {
  offloads: '',
  incapable: `\nhelp: ${guide('diagnose.md')}`,
  broken: `\nhelp: ${guide('array-reports.md')}`,
} as const;

/** The report for people, in lines of at most `columns` characters. */
export function describeReport(report: TrialReport, columns: number): string {
  const { verdict, steps, timing, size, source, destination, environment } = report;
  const obstacles = [source, ...(destination === undefined ? [] : [destination])]
    .filter((volume) => volume.verdict !== 'capable')
    .flatMap(({ reasons }) => reasons);
  const { package: version, node, platform, release, architecture, kernel } = environment;
  return [
    ...wrap(`${verdict}: ${VERDICTS[verdict]}`, columns),
    table(
      steps.map((step) => [step.name.replace('-', ' '), describeStep(step)]),
      columns,
    ),
    ...(verdict === 'offloads' ? [] : [...new Set(obstacles)].flatMap((reason) => bullet(reason, columns))),
    table(
      [
        ['scratch files', formatSize(size)],
        ['speed', timing && describeSpeed(timing.speedup)],
        [destination === undefined ? 'volume' : 'source', describeVolume(source)],
        ['destination', destination && describeVolume(destination)],
        ['versions', `win-odx ${version}, Node.js ${node}, ${platform} ${release} ${architecture}`],
        ['kernel', kernel],
      ],
      columns,
    ),
  ].join('\n');
}

function describeStep({ name, outcome, status, detail, bytes, elapsedMs }: TrialStep): string {
  const parts: string[] = [outcome];
  if (outcome === 'passed' && bytes > 0n) {
    parts.push(`${formatSize(bytes)} in ${formatDuration(elapsedMs)}`, formatRate(bytes, elapsedMs));
  }
  if (status !== undefined) parts.push(name.endsWith('-token') ? `refused with ${status}` : status);
  return detail === undefined ? parts.join(', ') : `${parts.join(', ')}: ${detail}`;
}

function describeSpeed(speedup: number): string {
  if (speedup > 1.05) return `offload was ${speedup} times as fast as an ordinary copy`;
  if (speedup > 0.95) return 'offload was as fast as an ordinary copy';
  const slower = Number((1 / speedup).toFixed(1));
  return `an ordinary copy was ${slower} times as fast as offload; the file cache may have served it`;
}

function describeVolume({ fileSystem, location, sectorSize, copyOffload, filters }: TrialVolume): string {
  const covers = copyOffload?.maximumTransferBytes ?? 0n;
  return [
    fileSystem ?? 'file system not known',
    location === 'unknown' ? 'location not known' : location,
    `sectors of ${formatSize(BigInt(sectorSize))}`,
    ...(covers > 0n ? [`one token covers up to ${formatSize(covers)}`] : []),
    filters === undefined
      ? 'filters not known'
      : filters.length === 0
        ? 'no filters'
        : `filters ${filters.map(({ name }) => name).join(' ')}`,
  ].join(', ');
}

function bullet(text: string, columns: number): string[] {
  return wrap(text, columns - 4).map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`);
}

/** Draws one line again and again. Draws nothing where the stream is no terminal. */
class ProgressLine {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  update({ step, percent }: TrialProgress): void {
    if (!this.#stream.isTTY) return;
    cursorTo(this.#stream, 0);
    this.#stream.write(`${String(percent).padStart(3)}% ${step.replace('-', ' ')}`);
    clearLine(this.#stream, 1);
  }

  /** Clears the line, so that the next output replaces it. */
  end(): void {
    if (!this.#stream.isTTY) return;
    cursorTo(this.#stream, 0);
    clearLine(this.#stream, 0);
  }
}
