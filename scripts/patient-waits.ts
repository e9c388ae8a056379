/**
 * Runs before every test file: no wait gives up before two minutes are over. Vitest's own bound is a second, and twenty are
 * little yet on a machine that is busy with other things; only a test that fails waits to the end of it.
 */
import { vi } from 'vitest';

/** Shorter than a test may take, so that the failure tells what was waited for. */
const PATIENCE_MS = 120_000;

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));

function patient<Options extends { readonly timeout?: number }>(options: number | Options = PATIENCE_MS) {
  const given = typeof options === 'number' ? { timeout: options } : options;
  return { ...given, timeout: Math.max(PATIENCE_MS, given.timeout ?? 0) };
}
