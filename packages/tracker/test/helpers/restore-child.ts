/**
 * Restores a backup in a process of its own, and kills that before its n-th step on the file system:
 * `restore-child.ts <from> <dataDir> <n>`.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { restoreJournal } from '../../src/backup.ts';

const [from = '', dataDir = '', killBefore = '0'] = process.argv.slice(2);
let steps = 0;

function countSteps(module: object, names: readonly string[]): void {
  for (const name of names) {
    const real: unknown = Reflect.get(module, name);
    if (typeof real !== 'function') throw new TypeError(`There is no ${name}`);
    const counted = (...parameters: unknown[]): unknown => {
      if (isStep(name, String(parameters[0]))) steps += 1;
      if (steps === Number(killBefore)) process.kill(process.pid, 'SIGKILL');
      return Reflect.apply(real, module, parameters);
    };
    Reflect.set(module, name, counted);
  }
}

/** Until the copy gets its name only its own files change; and nothing is left beside a journal that was closed. */
function isStep(name: string, path: string): boolean {
  return name === 'rename' || !/restoring|-(?:wal|shm|journal)$/.test(path);
}

countSteps(fs.promises, ['open', 'rename', 'rm']);
countSteps(fs, ['openSync', 'writeSync']);
// Also for what was imported by name already.
syncBuiltinESMExports();
await restoreJournal({ from, dataDir });
