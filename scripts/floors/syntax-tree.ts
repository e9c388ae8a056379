/** Walking a syntax tree without knowing its node types one by one. */
import type { ESTree } from 'vite';

/** The nodes directly below `node`, in the order of the source. */
export function children(node: ESTree.Node): ESTree.Node[] {
  return Object.values(node)
    .flat()
    .filter((value): value is ESTree.Node => isNode(value));
}

function isNode(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}
