import type { UploadLine } from '../../src/shell/upload-gate.ts';

/** A connection on which everything arrives at once. */
export function instantLine(): UploadLine {
  return { arrival: async () => undefined, closed: new Promise(() => undefined) };
}
