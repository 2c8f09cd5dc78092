import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
// The last TypeScript with a programming interface.
import ts from 'typescript-5.9';
import { describe, expect, test } from 'vitest';
import { builtModule, ROOT } from '../built.ts';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string>;
};
const entries = Object.values(manifest.exports)
  .filter((path) => path.endsWith('.js'))
  .map((path) => join(ROOT, path.replace(/\.js$/, '.d.ts')));

const program = ts.createProgram(entries, {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
});
const checker = program.getTypeChecker();

/** What an entry point exports, and what the declarations of that mention. */
function mentionsOf(entry: string): { exported: Set<ts.Symbol>; mentioned: Map<ts.Symbol, string> } {
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  const exported = new Set(module ? checker.getExportsOfModule(module).map(resolved) : []);
  const mentioned = new Map<ts.Symbol, string>();
  for (const symbol of exported) {
    for (const declaration of symbol.declarations ?? []) {
      visit(declaration, (found) => mentioned.set(found, symbol.name));
    }
  }
  return { exported, mentioned };
}

function visit(node: ts.Node, found: (symbol: ts.Symbol) => void): void {
  const flags = ts.canHaveModifiers(node) ? ts.getCombinedModifierFlags(node as ts.Declaration) : 0;
  if (flags & ts.ModifierFlags.Private) return;
  const name = ts.isTypeReferenceNode(node)
    ? node.typeName
    : ts.isExpressionWithTypeArguments(node)
      ? node.expression
      : ts.isTypeQueryNode(node)
        ? node.exprName
        : undefined;
  const symbol = name && checker.getSymbolAtLocation(name);
  if (symbol) found(resolved(symbol));
  ts.forEachChild(node, (child) => visit(child, found));
}

function resolved(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Whether the package itself declares a type. Type parameters, and the modules behind an import of everything, have no name to export. */
function isOurs(symbol: ts.Symbol): boolean {
  if (symbol.flags & ts.SymbolFlags.Namespace) return false;
  return (symbol.declarations ?? []).some(
    (declaration) =>
      resolve(declaration.getSourceFile().fileName).startsWith(builtModule('')) &&
      !ts.isTypeParameterDeclaration(declaration),
  );
}

// What several entry points mention is exported by the main one.
const [main = ''] = entries;
const common = mentionsOf(main).exported;
const names = Object.keys(manifest.exports).filter((name) => !name.endsWith('.json'));

describe.each(names.map((name, index) => [name.replace('.', 'win-odx'), entries[index] ?? ''] as const))(
  'The declarations of %s',
  (_, entry) => {
    const { exported, mentioned } = mentionsOf(entry);

    test('mention only types that are exported', () => {
      const hidden = [...mentioned].filter(
        ([symbol]) => isOurs(symbol) && !exported.has(symbol) && !common.has(symbol),
      );
      expect(hidden.map(([{ name }, by]) => `${name}, which ${by} mentions`)).toEqual([]);
    });

    test('mention types that this check finds', () => {
      expect([...mentioned.keys()].filter(isOurs).length).toBeGreaterThan(0);
    });
  },
);

test.each([
  'Kernel',
  'ControlKernel',
  'FileKernel',
  'IoBuffers',
  'KernelFailure',
  'FileInfo',
  'VolumeInfo',
  'FilterInfo',
  'OpenRequest',
  'Disposition',
  'Sharing',
  'Signal',
])('win-odx exports %s for those who write a kernel', (name) => {
  expect([...common].map((symbol) => symbol.name)).toContain(name);
});
