/**
 * The error codes that the packages can give, as they stand in their sources: types are gone when tests run.
 */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PACKAGES = new URL('../../../../packages/', import.meta.url);

/** Every code of an exported union of codes, and every code that an error is made with. */
export function errorCodes(): Set<string> {
  const files = globSync('*/src/**/*.ts', { cwd: fileURLToPath(PACKAGES) });
  return new Set(files.flatMap((file) => codesIn(readFileSync(new URL(file, PACKAGES), 'utf8'))));
}

function codesIn(source: string): string[] {
  const code = source.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/\/\/.*$/gm, '');
  const unions = [...code.matchAll(/export type (?:\w*ErrorCode|NameProblem) =([^;]*);/g)];
  const made = [...code.matchAll(/new (?:Codec|Frame|Rpc|Store|Tracker|Peer)Error\(\s*'([a-z_]+)'/g)];
  return [...unions.flatMap(([, members = '']) => [...members.matchAll(/'([a-z_]+)'/g)]), ...made].flatMap(
    ([, name]) => name ?? [],
  );
}
