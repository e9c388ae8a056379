import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it('.ci/run does what pnpm check stands for', () => {
  const check: string = JSON.parse(read('package.json')).scripts.check;
  const ofCheck = check.split(' && ').map((command) => command.replace(/^pnpm (\w+).*/, '$1'));
  const ofRun = [...read('.ci/run').matchAll(/^step (\w+)/gm)].map((match) => match[1]);
  expect(ofRun).toEqual(['install', ...ofCheck, 'demo', 'failover']);
});
