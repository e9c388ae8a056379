/** What docs/operating.md and deploy/ say must be what this program does. */
import { readdirSync, readFileSync } from 'node:fs';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { Registry } from '@prometheus-io/client';
import { describe, expect, it } from 'vitest';
import { createTrackerMetrics } from '../src/monitoring/tracker-metrics.ts';
import { openWitnessMonitor } from '../src/monitoring/witness-monitor.ts';
import { runProgram } from '../src/program.ts';
import { createFakeActions } from './support/fake-actions.ts';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const guide = read('docs/operating.md');
const rules = read('deploy/prometheus-rules.yaml');

/** Reads the words as the program does; answers what it says against them. */
async function objections(words: readonly string[]): Promise<string> {
  let said = '';
  const exitCode = await runProgram(words, {
    version: '1',
    actions: createFakeActions(),
    writeOut: () => undefined,
    writeErr: (text) => {
      said += text;
    },
  });
  return exitCode === 0 ? '' : said;
}

const split = (line: string) => line.trim().split(/\s+/);

function commandsOfGuide(): string[][] {
  const blocks = Array.from(guide.matchAll(/```sh\n(.*?)```/gs), ([, block = '']) => block);
  const inBlocks = blocks.flatMap((block) => block.split('\n'));
  const inSentences = Array.from(guide.matchAll(/`(minitorrent [^`]+)`/g), ([, line = '']) => line);
  return [...inBlocks, ...inSentences]
    .filter((line) => line.startsWith('minitorrent '))
    .map((line) => split(line).slice(1));
}

function commandsOfUnits(): string[][] {
  const units = readdirSync(new URL('deploy/systemd/', ROOT)).filter((name) => name.endsWith('.service'));
  return units.map((name) => {
    const unit = read(`deploy/systemd/${name}`);
    const [, line = ''] = /^ExecStart=.*dist\/main\.js (.*?)'?$/m.exec(unit) ?? [];
    const options = /^Environment="\w+_OPTIONS=(.*)"$/m.exec(unit)?.[1] ?? '';
    return split(line.replace(/\$\w+_OPTIONS/, options).replace(/"[^"]*\$\([^)]*\)[^"]*"/, 'file'));
  });
}

function commandsOfContainers(): string[][] {
  const services = read('deploy/compose.yaml').matchAll(/^ {4}command: (?:>-)?((?:.*\n)(?: {6}.*\n)*)/gm);
  const [, image = ''] = /^CMD (\[.*\])$/m.exec(read('deploy/Dockerfile')) ?? [];
  // The one form that Docker takes as words, and not as a line for a shell.
  const words: string[] = JSON.parse(image);
  return [words, ...Array.from(services, ([, line = '']) => split(line))];
}

async function metricNames(): Promise<Set<string>> {
  const registry = new Registry();
  createTrackerMetrics({ registry, clock: createManualClock() });
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const address = { host: '127.0.0.1', port: 0 };
  await using witness = await openWitnessMonitor({ address, version: '1', onError: () => undefined });
  const { host, port } = witness.address;
  const page = await (await fetch(`http://${host}:${port}/metrics`)).text();
  return new Set([...names, ...Array.from(page.matchAll(/^# TYPE (\w+)/gm), ([, name = '']) => name)]);
}

describe('docs/operating.md and deploy/', () => {
  it.each([
    ['the guide', commandsOfGuide(), 14],
    ['the units', commandsOfUnits(), 3],
    ['the containers', commandsOfContainers(), 4],
  ])('write every command of %s as the program reads it', async (_, commands, least) => {
    expect(commands.length).toBeGreaterThanOrEqual(least);
    for (const words of commands) expect([words, await objections(words)]).toEqual([words, '']);
  });

  it('name no metric that there is not, and leave none out', async () => {
    const names = await metricNames();
    const family = (name: string) => name.replace(/_(?:bucket|sum|count)$/, '');
    const used = Array.from(rules.matchAll(/\bminitorrent_\w+/g), ([name]) => family(name));
    expect(used.length).toBeGreaterThan(5);
    for (const name of used) expect([...names]).toContain(name);
    for (const name of names) {
      const short = name.replace(/^minitorrent_tracker_/, '');
      expect(guide, name).toMatch(new RegExp(`\`${short}[{\`]`));
    }
  });
});
