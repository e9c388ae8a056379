/** Waits for nothing but what a thread hashes: a program that would end in the middle of that says nothing. */
import { setTimeout as pause } from 'node:timers/promises';
import { createBlockHasher } from '../src/index.ts';

const hasher = createBlockHasher({ threads: 1 });

/** Whether a thread did it. */
async function hashOne(): Promise<boolean> {
  const memory = hasher.allocate(262_144);
  const hashing = hasher.hash(memory);
  const hasMoved = memory.byteLength === 0;
  await hashing;
  return hasMoved;
}

while (!(await hashOne())) await pause(1);
for (let block = 0; block < 3; block += 1) await hashOne();
process.stdout.write('hashed by a thread\n');
