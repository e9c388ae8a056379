/**
 * What the rules need to know of one TypeScript module: what it imports, which globals it uses, whether it has a body.
 *
 * It reads a real syntax tree (oxc's, which vite brings along), so a comment, a string or a type never counts as a use.
 * It refuses a file that does not parse.
 */
import { type ESTree, parseSync } from 'vite';
import { findGlobals } from './find-globals.ts';
import { children } from './syntax-tree.ts';

export interface ModuleFacts {
  readonly imports: readonly ImportFact[];
  readonly globals: readonly GlobalFact[];
  /** The line of the first statement that neither imports nor re-exports; undefined in a table of contents. */
  readonly bodyLine: number | undefined;
}

/** One `import`, `export ... from`, `import()` or `import('...').Type`. */
export interface ImportFact {
  readonly specifier: string;
  readonly line: number;
  /** Erased before it runs. `import { type X }` is not: what remains of it still loads the module. */
  readonly typeOnly: boolean;
  /** The names taken that exist at run time; `*` where all are, or where it cannot be known. */
  readonly values: readonly string[];
}

/** One use of a name that the module does not declare: `['Math', 'random']`, or `['Date']`. */
export interface GlobalFact {
  readonly path: readonly string[];
  readonly line: number;
}

export function parseModule(path: string, text: string): ModuleFacts {
  const { program, errors } = parseSync(path, text, { preserveParens: false });
  if (errors[0] !== undefined) throw new Error(`Cannot parse ${path}: ${errors[0].message}`);
  const lineOf = (node: ESTree.Node): number => text.slice(0, node.start).split('\n').length;
  const body = program.body.find((statement) => !isTableOfContents(statement));
  return {
    imports: findImports(program, lineOf),
    globals: findGlobals(program).map(({ path, node }) => ({ path, line: lineOf(node) })),
    bodyLine: body && lineOf(body),
  };
}

function findImports(node: ESTree.Node, lineOf: (node: ESTree.Node) => number): ImportFact[] {
  const found = readImport(node);
  const own = found ? [{ ...found, line: lineOf(node) }] : [];
  return [...own, ...children(node).flatMap((child) => findImports(child, lineOf))];
}

function readImport(node: ESTree.Node): Omit<ImportFact, 'line'> | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return fact(node.source, node.importKind, node.specifiers.flatMap(importedValue));
    case 'ExportNamedDeclaration':
      return node.source
        ? fact(node.source, node.exportKind, node.specifiers.flatMap(exportedValue))
        : undefined;
    case 'ExportAllDeclaration':
      return fact(node.source, node.exportKind, ['*']);
    case 'ImportExpression':
      return fact(node.source, 'value', ['*']);
    case 'TSImportType':
      return fact(node.source, 'type', []);
    default:
      return undefined;
  }
}

function fact(
  source: ESTree.Node,
  kind: ESTree.ImportOrExportKind | undefined,
  values: readonly string[],
): Omit<ImportFact, 'line'> | undefined {
  if (source.type !== 'Literal' || typeof source.value !== 'string') return undefined;
  const typeOnly = kind === 'type';
  return { specifier: source.value, typeOnly, values: typeOnly ? [] : values };
}

function importedValue(specifier: ESTree.ImportDeclarationSpecifier): string[] {
  if (specifier.type === 'ImportDefaultSpecifier') return ['default'];
  if (specifier.type === 'ImportNamespaceSpecifier') return ['*'];
  return specifier.importKind === 'type' ? [] : [nameOf(specifier.imported)];
}

function exportedValue(specifier: ESTree.ExportSpecifier): string[] {
  return specifier.exportKind === 'type' ? [] : [nameOf(specifier.local)];
}

function nameOf(name: ESTree.ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name;
}

function isTableOfContents(statement: ESTree.Node): boolean {
  if (statement.type === 'ExportNamedDeclaration') return statement.declaration === null;
  return statement.type === 'ImportDeclaration' || statement.type === 'ExportAllDeclaration';
}
