/**
 * Runs before every test file: a wait that names no bound gets a generous one. Vitest's own is a second, which is little on a
 * machine that is busy with other tests; and only a test that fails waits to the end of it.
 */
import { vi } from 'vitest';

/** Shorter than a test may take, so that the failure tells what was waited for. */
const PATIENCE_MS = 30_000;

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, bounded(options));
vi.waitUntil = (callback, options) => waitUntil(callback, bounded(options));

function bounded<Options extends { readonly timeout?: number }>(options: number | Options | undefined) {
  return typeof options === 'number' ? options : { timeout: PATIENCE_MS, ...options };
}
