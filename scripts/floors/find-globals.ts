/**
 * Finds the names that a module uses and does not declare, so that a parameter called `process` is no use of `process`.
 *
 * Scopes are blocks: `var` is taken for `let`, which the linter asks for anyway. Types are skipped, they do not run, and
 * so are names that are only said to exist (`declare const`).
 */
import type { ESTree } from 'vite';
import { children } from './syntax-tree.ts';

export interface GlobalUse {
  /** The global and the members taken of it, without a leading `globalThis`. */
  readonly path: readonly string[];
  readonly node: ESTree.Node;
}

interface Scope {
  readonly names: ReadonlySet<string>;
  readonly parent: Scope | undefined;
}

/** What wraps an expression in type syntax; every other TypeScript node is erased before it runs. */
const TYPED_EXPRESSIONS = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSInstantiationExpression',
]);

const GLOBAL_OBJECTS = new Set(['globalThis', 'global']);

export function findGlobals(program: ESTree.Program): GlobalUse[] {
  return visit(program, undefined);
}

function visit(node: ESTree.Node, parent: Scope | undefined): GlobalUse[] {
  if (node.type.startsWith('TS') && !TYPED_EXPRESSIONS.has(node.type)) return [];
  const names = declaredNames(node);
  const scope = names.length > 0 ? { names: new Set(names), parent } : parent;
  const path = memberPath(node);
  const [root] = path;
  if (root !== undefined) return isDeclared(root, scope) ? [] : [{ path: withoutGlobalObject(path), node }];
  return evaluated(node).flatMap((child) => visit(child, scope));
}

function isDeclared(name: string, scope: Scope | undefined): boolean {
  return scope !== undefined && (scope.names.has(name) || isDeclared(name, scope.parent));
}

function withoutGlobalObject(path: readonly string[]): readonly string[] {
  const [root, ...rest] = path;
  return root !== undefined && GLOBAL_OBJECTS.has(root) && rest.length > 0 ? withoutGlobalObject(rest) : path;
}

/** `a.b['c']` as names; empty for whatever is not a chain of known names from a variable on. */
function memberPath(node: ESTree.Node): readonly string[] {
  if (node.type === 'Identifier') return [node.name];
  if (node.type !== 'MemberExpression') return [];
  const object = memberPath(node.object);
  const property = staticKey(node.property, node.computed);
  return object.length > 0 && property !== undefined ? [...object, property] : [];
}

function staticKey(key: ESTree.Node, computed: boolean): string | undefined {
  if (!computed && key.type === 'Identifier') return key.name;
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined;
}

/** The children that are evaluated: without keys, labels and the names in import and export lists. */
function evaluated(node: ESTree.Node): ESTree.Node[] {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return [];
    case 'ExportNamedDeclaration':
      return node.source === null ? children(node) : [];
    case 'ExportSpecifier':
      return [node.local];
    case 'LabeledStatement':
      return [node.body];
    case 'MemberExpression':
      return node.computed ? [node.object, node.property] : [node.object];
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
      return children(node).filter((child) => node.computed || child !== node.key);
    default:
      return children(node);
  }
}

/** The names that `node` makes known to what lies below it. */
function declaredNames(node: ESTree.Node): string[] {
  switch (node.type) {
    case 'Program':
    case 'BlockStatement':
    case 'StaticBlock':
      return node.body.flatMap(namesOfStatement);
    case 'SwitchStatement':
      return node.cases.flatMap((switchCase) => switchCase.consequent.flatMap(namesOfStatement));
    case 'ForStatement':
      return node.init ? namesOfStatement(node.init) : [];
    case 'ForInStatement':
    case 'ForOfStatement':
      return namesOfStatement(node.left);
    case 'CatchClause':
      return node.param ? namesOfPattern(node.param) : [];
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return [...node.params.flatMap(namesOfPattern), ...(node.id ? [node.id.name] : [])];
    case 'ClassDeclaration':
    case 'ClassExpression':
      return node.id ? [node.id.name] : [];
    default:
      return [];
  }
}

function namesOfStatement(statement: ESTree.Node): string[] {
  switch (statement.type) {
    case 'VariableDeclaration':
      if (statement.declare === true) return [];
      return statement.declarations.flatMap((declarator) => namesOfPattern(declarator.id));
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return statement.id && statement.declare !== true ? [statement.id.name] : [];
    case 'ImportDeclaration':
      return statement.specifiers.map((specifier) => specifier.local.name);
    case 'ExportNamedDeclaration':
      return statement.declaration ? namesOfStatement(statement.declaration) : [];
    case 'ExportDefaultDeclaration':
      return namesOfStatement(statement.declaration);
    default:
      return [];
  }
}

function namesOfPattern(pattern: ESTree.Node): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap(namesOfPattern);
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? namesOfPattern(element) : []));
    case 'AssignmentPattern':
      return namesOfPattern(pattern.left);
    case 'Property':
      return namesOfPattern(pattern.value);
    case 'RestElement':
      return namesOfPattern(pattern.argument);
    case 'TSParameterProperty':
      return namesOfPattern(pattern.parameter);
    default:
      return [];
  }
}
