import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../src/program.ts';
import { usageOf } from '../src/shell/command.ts';
import { SHELL_COMMANDS } from '../src/shell/command-table.ts';
import { createFakeActions } from './support/fake-actions.ts';
import { downloadRow, fileRow, shareRow } from './support/reports.ts';

/** Its tables with single spaces. */
const readme = (await readFile(new URL('../README.md', import.meta.url), 'utf8')).replaceAll(/ +\|/g, ' |');

const json = await readFile(new URL('../JSON.md', import.meta.url), 'utf8');

describe('README.md', () => {
  it('shows every command as it is written, with its summary', () => {
    for (const command of SHELL_COMMANDS) {
      expect(readme).toContain(`| \`${usageOf(command)}\` | ${command.summary} |`);
    }
  });

  it.each([
    'tracker',
    'tracker identity',
    'tracker invite',
    'tracker status',
    'tracker promote',
    'tracker backup',
    'tracker restore',
    'witness',
    'witness init',
    'witness identity',
    'connect',
    'cluster up',
    'peer',
    'demo',
  ])('names every option of %s', async (name) => {
    let help = '';
    await runProgram([...name.split(' '), '--help'], {
      version: '1',
      actions: createFakeActions(),
      writeOut: (text) => {
        help += text;
      },
      writeErr: () => undefined,
    });
    const options = Array.from(help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm), ([, option = '']) => option);
    expect(options.length).toBeGreaterThan(1);
    for (const option of options.filter((each) => each !== '--help')) expect(readme).toContain(option);
  });

  it('is short enough to be read', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(121);
  });
});

describe('JSON.md', () => {
  it('names every field of a download', () => {
    for (const field of [...Object.keys(downloadRow), ...Object.keys(downloadRow.peers[0] ?? {})]) {
      expect(json).toContain(`\`${field}\``);
    }
    expect(Object.keys(fileRow)).toEqual([
      'name',
      'size',
      'root',
      'sharedBy',
      'sharedByDevice',
      'isSigned',
      'sharedAtMs',
      'seeders',
      'leechers',
    ]);
    expect(Object.keys(shareRow)).toEqual([
      'groupId',
      'name',
      'size',
      'root',
      'path',
      'state',
      'isListed',
      'uploadedBytes',
    ]);
  });

  it('names every event, and each of its fields', async () => {
    const events = await readEvents();
    expect(events.size).toBeGreaterThan(10);
    for (const [event, fields] of events) {
      const row = json.split('\n').find((line) => line.startsWith(`| \`${event}\``));
      expect(row, event).toBeDefined();
      for (const field of fields) expect(row, event).toContain(`\`${field}\``);
    }
  });
});

/** The events of `CliEvent` with their fields, from its source: types are gone when a test runs. */
async function readEvents(): Promise<Map<string, string[]>> {
  const source = await readFile(new URL('../src/output/event-reports.ts', import.meta.url), 'utf8');
  const union = /export type CliEvent =(.*?);\n\n/s.exec(source)?.[1] ?? '';
  const members = union.split(/\n {2}\| /).slice(1);
  return new Map(
    members.map((member) => [
      /event: '([a-z-]+)'/.exec(member)?.[1] ?? member,
      Array.from(member.matchAll(/readonly (\w+):/g), ([, field = '']) => field).filter(
        (field) => field !== 'event',
      ),
    ]),
  );
}
