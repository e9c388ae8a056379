/** The version of this program. */
import { readFileSync } from 'node:fs';

/** package.json lies beside `src` and `dist` alike. */
export function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  // Our own package.json, which npm does not publish without a version.
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
