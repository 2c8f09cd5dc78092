import { hex32, statusesByWin32, win32ByValue, win32Statuses } from '../../structs/index.ts';
import { escapeTags, GENERATED, table } from './markdown.ts';

// The Win32 errors that a copy meets most often.
const COMMON = [1, 50, 315, 316, 321, 4440, 4441, 4442, 4443, 1289, 87, 5];

const INTRODUCTION = `# Errors

${GENERATED}

Every error of this package extends \`OdxError\`. Its \`code\` is for programs, its \`message\` is for people, and its \`help\` is the
address of its section on this page. \`odx explain CODE\` prints the same for a number or a name.

\`\`\`ts
import { copyFile, OdxError, Win32Error } from 'win-odx';

try {
  await copyFile('big.vhdx', 'copy.vhdx', { mode: 'require' });
} catch (error) {
  if (error instanceof Win32Error && error.action === 'fallback') console.log('This storage does not offload.');
  if (error instanceof OdxError) console.log(error.code, error.message, error.help);
}
\`\`\`

A \`Win32Error\` has \`errno\` (315), \`syscall\` (the control code or function), \`path\`, \`offset\` and \`advice\`. \`ntstatus\` is present
only where the NTSTATUS is certain: after a call that blocks, Windows does not always report it. \`action\` says what a program should do:

| \`action\` | What a program should do |
| --- | --- |
| \`fallback\` | this file, volume or device cannot offload: copy by ordinary means, and do not try again |
| \`refresh-token\` | read a fresh token once, then fall back |
| \`fix-call\` | correct the request or the handle: the same call will fail again |
| \`fail\` | report the failure |

\`copyFile\` does all of this by itself.

## Errors of this package

### ERR_ODX_INVALID_ARGUMENT

\`InvalidArgumentError\`: an argument is wrong, and nothing has reached Windows. \`issues\` has one entry for each field, with its path
and a sentence that names the value and the nearest legal one. \`describe\` returns the message with your own names for the fields.

### ERR_ODX_PROTOCOL

\`ProtocolError\`: the reply of the device is impossible. It did more than was requested, nothing at all, or sent a reply that is too
short or too long. With \`verify\`, also a copy that differs from its source. Report it to the vendor of the storage, with the output of
\`odx try\`. Only if the message says that another program has put another file in the place of the copy, find that program, and copy
again.

### ERR_ODX_SOURCE_CHANGED

\`SourceChangedError\`: another program wrote to the source during the copy. The copy was stopped so that it does not mix old and new
data. Copy when no program writes to the file, or copy from a snapshot.

### ERR_ODX_UNSUPPORTED_PLATFORM

\`UnsupportedPlatformError\`: kernel32.dll could not be loaded, because this is not Windows or not a 64-bit Node.js. Use
[the emulator](testing.md).

### ERR_ODX_NATIVE_MODULE

\`NativeModuleError\`: the binary of Koffi is missing or forbidden, so importing the package fails. The message names the package to
install. \`--omit=optional\` leaves it out; \`--no-addons\` forbids it, and so does \`--permission\` without \`--allow-addons\`.

### ABORT_ERR

\`AbortError\`: your signal fired. \`cause\` is its reason. What was begun has been cancelled and has ended.

## Errors of Windows
`;

const ENDING = `## Unknown codes

A number that this package does not know keeps its value: its \`code\` is \`ERROR_\` and the number, and its \`action\` is \`fail\`. On
Windows, \`net helpmsg NUMBER\` explains it; so does
[the list of system error codes](https://learn.microsoft.com/windows/win32/debug/system-error-codes).
`;

/** docs/errors.md: a section for each code. */
export function errorsPage(): string {
  return [INTRODUCTION, commonErrors(), ...win32Statuses.map(section), ENDING].join('\n');
}

function commonErrors(): string {
  const rows = COMMON.map((errno) => {
    const { name, meaning, action } = win32ByValue(errno) ?? {};
    return [`[${errno}](#${name?.toLowerCase()})`, meaning ?? '', `\`${action}\``];
  });
  return `The most common ones:\n\n${table(['Number', 'Meaning', '`action`'], rows)}\n`;
}

function section({ name, value, action, meaning, advice }: (typeof win32Statuses)[number]): string {
  const statuses = statusesByWin32(value);
  const heading = `### ${name}\n\n${value} (0x${value.toString(16).toUpperCase()}), \`${action}\`.`;
  if (statuses.length === 0) return `${heading} ${escapeTags(`${meaning} ${advice}`)}\n`;
  const [usual, ...others] = statuses.map(
    (status) =>
      `\`${status.name}\` (${hex32(status.value)}): ${escapeTags(`${status.meaning} ${status.advice}`)}`,
  );
  const alsoFor = others.map((other) => `- ${other}\n`).join('');
  return `${heading} ${usual}\n${alsoFor === '' ? '' : `\nThe same number may also stand for:\n\n${alsoFor}`}`;
}
