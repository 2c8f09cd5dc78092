import {
  type Command,
  commonOptions,
  defineCommand,
  emulatorOptions,
  type OptionSpec,
  type OptionSpecs,
} from '../command.ts';
import { RequestError } from '../errors.ts';

const SHELLS = ['powershell', 'bash', 'zsh', 'fish'] as const;

export const completion: Command = defineCommand({
  name: 'completion',
  operands: 'SHELL',
  count: [1, 1],
  summary: 'print a completion script for your shell',
  usesKernel: false,
  completion: () => SHELLS,
  notes: [
    'With the script, Tab completes commands, options and file names. Add the line for your shell to its profile:',
    'PowerShell: odx completion powershell | Out-String | Invoke-Expression',
    'bash: eval "$(odx completion bash)"',
    'zsh, after compinit: eval "$(odx completion zsh)"',
    'fish: odx completion fish | source',
  ],
  options: {},
  examples: [{ line: 'completion bash', does: 'the script for bash' }],
  async run([shell = ''], _values, { commands }) {
    const write = Object.hasOwn(WRITERS, shell) ? WRITERS[shell] : undefined;
    if (write === undefined) {
      throw new RequestError(`SHELL is '${shell}'; it must be powershell, bash, zsh or fish.`);
    }
    const script = write(await Promise.all(commands.map(describe)));
    return { data: { shell, script }, text: script };
  },
});

/** What a shell needs to know about a command. */
interface CompletionRow {
  readonly name: string;
  readonly summary: string;
  readonly paths: boolean;
  readonly words: readonly string[];
  readonly options: readonly CompletionOption[];
}

interface CompletionOption {
  readonly name: string;
  readonly help: string;
  /** Absent for an option without a value. */
  readonly value?: 'path' | 'other' | undefined;
  readonly choices: readonly string[];
}

async function describe(command: Command): Promise<CompletionRow> {
  const { name, summary, completion: source, usesKernel } = command;
  const options = {
    ...command.options,
    ...commonOptions,
    ...(usesKernel ? emulatorOptions : {}),
  } as OptionSpecs;
  return {
    name,
    summary,
    paths: source === 'paths',
    words: typeof source === 'function' ? await source() : [],
    options: Object.entries(options).map(([option, spec]) => describeOption(option, spec)),
  };
}

function describeOption(name: string, { type, value, choices = [], help }: OptionSpec): CompletionOption {
  const kind = type === 'boolean' ? undefined : value === 'FILE' ? 'path' : 'other';
  return { name, help, value: kind, choices };
}

const WRITERS: Readonly<Record<string, (rows: readonly CompletionRow[]) => string>> = {
  powershell: powershellScript,
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

function bashScript(rows: readonly CompletionRow[]): string {
  const choices = rows
    .flatMap(({ name, options }) => options.map((option) => ({ command: name, ...option })))
    .filter((option) => option.choices.length > 0)
    .map(({ command, name, choices: words }) => `    ${command}:--${name}) words='${words.join(' ')}' ;;`);
  return [
    '_odx() {',
    '  local current="$2" previous="$3" command= words= paths= word',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of bash.
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    if [[ $word != -* ]]; then command=$word; break; fi',
    '  done',
    '  case "$command:$previous" in',
    ...choices,
    `    ${pathOptions(rows)
      .map((name) => `*:--${name}`)
      .join('|')}) paths=1 ;;`,
    `    ${valueOptions(rows)
      .map((name) => `*:--${name}`)
      .join('|')}) return ;;`,
    '    *) case "$command" in',
    `      '') words='${[...rows.map(({ name }) => name), 'help', '--help', '--version'].join(' ')}' ;;`,
    `      help) words='${rows.map(({ name }) => name).join(' ')}' ;;`,
    ...rows.map(({ name, words, options, paths }) => {
      const all = [...words, ...options.map((option) => `--${option.name}`)].join(' ');
      return `      ${name}) words='${all}'${paths ? '; [[ $current == -* ]] || paths=1' : ''} ;;`;
    }),
    '    esac ;;',
    '  esac',
    '  if [[ -n $paths ]]; then',
    '    compopt -o filenames 2>/dev/null',
    '    mapfile -t COMPREPLY < <(compgen -f -- "$current")',
    '  else',
    '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")',
    '  fi',
    '}',
    'complete -F _odx odx win-odx',
  ].join('\n');
}

function zshScript(rows: readonly CompletionRow[]): string {
  const described = rows.map(({ name, summary }) => quote(`${escapeColon(name)}:${summary}`));
  return [
    '#compdef odx win-odx',
    '_odx() {',
    '  local -a commands',
    `  commands=(${described.join(' ')} ${quote('help:explain a command')})`,
    '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
    '  local command=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $command in',
    ...rows.map((row) => `    ${row.name}) _arguments ${zshArguments(row).join(' ')} ;;`),
    '    help) _describe command commands ;;',
    '  esac',
    '}',
    'compdef _odx odx win-odx',
  ].join('\n');
}

function zshArguments({ options, paths, words }: CompletionRow): string[] {
  const specs = options.map(({ name, help, value, choices }) => {
    const text = `--${name}[${help.replace(/[[\]]/g, '\\$&')}]`;
    if (value === undefined) return quote(text);
    const action = choices.length > 0 ? `(${choices.join(' ')})` : value === 'path' ? '_files' : ' ';
    return quote(`${text}:value:${action}`);
  });
  if (paths) specs.push(quote('*:path:_files'));
  if (words.length > 0) specs.push(quote(`*:word:(${words.join(' ')})`));
  return specs;
}

function fishScript(rows: readonly CompletionRow[]): string {
  const names = rows.map(({ name }) => name).join(' ');
  const line = (parts: readonly string[]): string => `complete -c odx ${parts.join(' ')}`;
  const noCommand = quote(`not __fish_seen_subcommand_from ${names} help`);
  return [
    'complete -c win-odx -w odx',
    line(['-f']),
    ...rows.map(({ name, summary }) => line(['-n', noCommand, '-a', name, '-d', quote(summary)])),
    line(['-n', noCommand, '-a', 'help', '-d', quote('explain a command')]),
    line(['-n', quote('__fish_seen_subcommand_from help'), '-a', quote(names)]),
    ...rows.flatMap(({ name, options, paths, words }) => {
      const condition = ['-n', quote(`__fish_seen_subcommand_from ${name}`)];
      return [
        ...(paths ? [line([...condition, '-F'])] : []),
        ...(words.length > 0 ? [line([...condition, '-a', quote(words.join(' '))])] : []),
        ...options.map((option) => line([...condition, ...fishOption(option)])),
      ];
    }),
  ].join('\n');
}

function fishOption({ name, help, value, choices }: CompletionOption): string[] {
  const option = ['-l', name, '-d', quote(help)];
  if (value === undefined) return option;
  if (choices.length > 0) return [...option, '-x', '-a', quote(choices.join(' '))];
  return [...option, value === 'path' ? '-rF' : '-x'];
}

function powershellScript(rows: readonly CompletionRow[]): string {
  const quoted = (words: readonly string[]): string => words.map(quotePowerShell).join(', ');
  return [
    "Register-ArgumentCompleter -Native -CommandName 'odx', 'win-odx' -ScriptBlock {",
    '  param($word, $ast, $position)',
    '  $commands = [ordered]@{',
    ...rows.map(({ name, summary, words, options }) => {
      const help = options.map(
        (option) => `${quotePowerShell(`--${option.name}`)} = ${quotePowerShell(option.help)}`,
      );
      return `    ${quotePowerShell(name)} = @{ Summary = ${quotePowerShell(summary)}; Words = @(${quoted(words)}); Options = [ordered]@{ ${help.join('; ')} } }`;
    }),
    '  }',
    '  $before = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { "$_" })',
    "  $name = $before | Where-Object { $_ -notlike '-*' } | Select-Object -First 1",
    `  $valued = @(${quoted([...pathOptions(rows), ...valueOptions(rows)].map((option) => `--${option}`))})`,
    '  # Without a result, PowerShell completes paths.',
    '  if ($before.Count -gt 0 -and $valued -contains $before[-1]) { return }',
    "  if (-not $name -or $name -eq 'help') {",
    '    $found = @($commands.Keys | ForEach-Object { @{ Text = $_; Help = $commands[$_].Summary } })',
    "    if (-not $name) { $found += @{ Text = 'help'; Help = 'explain a command' } }",
    '  } elseif ($commands.Contains($name)) {',
    '    $found = @($commands[$name].Words | ForEach-Object { @{ Text = $_; Help = $_ } })',
    "    if ($word -like '-*') { $found += $commands[$name].Options.Keys | ForEach-Object { @{ Text = $_; Help = $commands[$name].Options[$_] } } }",
    '  }',
    '  $found | Where-Object { $_.Text -like "$word*" } | ForEach-Object {',
    "    [System.Management.Automation.CompletionResult]::new($_.Text, $_.Text, 'ParameterValue', $_.Help)",
    '  }',
    '}',
  ].join('\n');
}

function pathOptions(rows: readonly CompletionRow[]): string[] {
  return optionNames(rows, ({ value }) => value === 'path');
}

function valueOptions(rows: readonly CompletionRow[]): string[] {
  return optionNames(rows, ({ value }) => value === 'other');
}

function optionNames(
  rows: readonly CompletionRow[],
  isWanted: (option: CompletionOption) => boolean,
): string[] {
  const names = rows.flatMap(({ options }) => options.filter(isWanted).map(({ name }) => name));
  return [...new Set(names)];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quotePowerShell(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function escapeColon(text: string): string {
  return text.replaceAll(':', '\\:');
}
