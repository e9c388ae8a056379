import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../src/program.ts';
import { usageOf } from '../src/shell/command.ts';
import { SHELL_COMMANDS } from '../src/shell/command-table.ts';
import { downloadRow, fileRow, shareRow } from './support/reports.ts';

/** Its tables with single spaces. */
const readme = (await readFile(new URL('../README.md', import.meta.url), 'utf8')).replaceAll(/ +\|/g, ' |');

describe('README.md', () => {
  it('shows every command as it is written, with its summary', () => {
    for (const command of SHELL_COMMANDS) {
      expect(readme).toContain(`| \`${usageOf(command)}\` | ${command.summary} |`);
    }
  });

  it.each(['tracker', 'peer', 'demo'])('names every option of %s', async (name) => {
    let help = '';
    const fail = () => Promise.reject(new Error('Only help was asked for'));
    await runProgram([name, '--help'], {
      version: '1',
      actions: { tracker: fail, peer: fail, demo: fail },
      writeOut: (text) => {
        help += text;
      },
      writeErr: () => undefined,
    });
    const options = Array.from(help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm), ([, option = '']) => option);
    expect(options.length).toBeGreaterThan(1);
    for (const option of options.filter((each) => each !== '--help')) expect(readme).toContain(option);
  });

  it('names every field of a download', () => {
    for (const field of [...Object.keys(downloadRow), ...Object.keys(downloadRow.peers[0] ?? {})]) {
      expect(readme).toContain(`\`${field}\``);
    }
    expect(Object.keys(fileRow)).toEqual([
      'name',
      'size',
      'root',
      'sharedBy',
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
      'uploadedBytes',
    ]);
  });

  it('is short enough to be read', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(121);
  });
});
