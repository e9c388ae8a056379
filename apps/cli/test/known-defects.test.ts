/**
 * Defects that others had at the command line and on the terminal, each by class and name: what was done to them is done here,
 * and must come to nothing.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { hideArguments } from '../src/hide-arguments.ts';
import { openHttpEndpoint } from '../src/monitoring/http-endpoint.ts';
import type { CliEvent } from '../src/output/event-reports.ts';
import { eventLine, failureLines, resultLines } from '../src/output/human-text.ts';
import type { CommandResult } from '../src/output/reports.ts';
import { terminalJson, terminalText } from '../src/output/terminal-text.ts';
import { runProgram } from '../src/program.ts';
import { runLine } from '../src/shell/run-line.ts';
import { createFakeActions } from './support/fake-actions.ts';
import { createFakeContext } from './support/fake-context.ts';
import { createFakeReporter } from './support/fake-reporter.ts';
import { downloadRow, fileRow, shareRow } from './support/reports.ts';

const HEADS = ['', 'a', 'film.mkv', 'invoice', '日本語', '🙂', ' ', '-rf ', '--help ', '..'];
const HARMS = [
  ...Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)),
  ...Array.from({ length: 0x21 }, (_, at) => String.fromCharCode(0x7f + at)),
  ...[
    '\u001b[2J',
    '\u001b]0;owned\u0007',
    '\u001b]52;c;cm0gLXJm\u0007',
    '\u009b31m',
    '\u001bP1;1|17/ab\u001b\\',
    '\r\n',
    '\b\b\b',
  ],
  ...[
    '\u202e',
    '\u202d',
    '\u2066',
    '\u2069',
    '\u200e',
    '\u200f',
    '\u061c',
    '\u200b',
    '\u2060',
    '\ufeff',
    '\u00ad',
    '\u034f',
  ],
  ...['\ud800', '\udfff', '\u2028', '\u2029', '\u{e0041}', '\ufe0f', '\u180e', '\u115f', '\u3164'],
];
const TAILS = ['', '.exe', 'fdp.exe', 'done\n$ rm -rf /', '\u001b[0m'];

/** Every head with every harm and every tail. */
function hostileTexts(): string[] {
  const texts = HEADS.flatMap((head) => HARMS.flatMap((harm) => TAILS.map((tail) => head + harm + tail)));
  return [...new Set(texts)];
}

/** What a terminal acts on, or that makes one text look like another; our own line ends are not in what is asked. */
const HARM = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115f\u3164]|\u034f|\ufe0f/u;

function harmIn(lines: readonly string[]): string[] {
  return lines.filter((line) => HARM.test(line));
}

describe('markup or terminal injection', () => {
  it('croc CVE-2023-43620: of more than 2,000 hostile texts no control byte reaches a terminal', () => {
    const texts = hostileTexts();
    expect(texts.length).toBeGreaterThan(2_000);
    expect(harmIn(texts.map(terminalText))).toEqual([]);
    const bytes = Buffer.from(texts.map(terminalText).join(''));
    expect(bytes.filter((byte) => byte < 0x20 || byte === 0x7f)).toHaveLength(0);
  });

  it('Syncthing CVE-2022-46165: names, paths and messages of others are harmless in every table and event', () => {
    for (const name of hostileTexts()) {
      const results: readonly CommandResult[] = [
        {
          command: 'list_file',
          groupId: name,
          files: [{ ...fileRow, name, sharedBy: name }],
          mayBeStale: false,
        },
        { command: 'show_downloads', downloads: [{ ...downloadRow, name, groupId: name, path: name }] },
        { command: 'show_shares', shares: [{ ...shareRow, name, path: name }] },
        { command: 'login', userId: name },
      ];
      const events: readonly CliEvent[] = [
        { event: 'join-request', groupId: name, userId: name, deviceIds: [], isOwn: false },
        { event: 'membership-changed', groupId: name, standing: 'member', was: null },
      ];
      const failure = failureLines(
        { code: null, message: name, advice: null, usage: null },
        { command: null, line: null },
      );
      const lines = [
        ...results.flatMap((result) => resultLines(result)),
        ...events.map(eventLine),
        ...failure,
      ];
      expect([name, harmIn(lines)]).toEqual([name, []]);
    }
  });

  it('Transmission CVE-2012-4037: as JSON they are harmless too, and a program gets them as they are', () => {
    for (const name of hostileTexts()) {
      const json = terminalJson(JSON.stringify({ name }));
      expect([name, harmIn([json])]).toEqual([name, []]);
      expect(JSON.parse(json)).toEqual({ name });
    }
  });
});

describe('secret in argv', () => {
  async function run(...args: string[]) {
    const written: string[] = [];
    const actions = createFakeActions();
    const write = (words: string): void => {
      written.push(words);
    };
    const exitCode = await runProgram(args, { version: '1', actions, writeOut: write, writeErr: write });
    return { exitCode, written: written.join(''), actions };
  }

  it.each([
    [['peer', '--password', 'correct horse battery']],
    [['peer', '-p', 'correct horse battery']],
    [['peer', 'ada', 'correct horse battery']],
    [['login', 'ada', 'correct horse battery']],
    [['create_user', 'ada', 'correct horse battery']],
    [['tracker', '--password', 'correct horse battery']],
  ])('croc CVE-2023-43621: %j is refused, and nothing is done', async (args) => {
    const { exitCode, actions } = await run(...args);
    expect(exitCode).toBe(2);
    for (const action of Object.values(actions)) expect(action).not.toHaveBeenCalled();
  });

  it('croc CVE-2023-43621: no command has an option for a password or a key', async () => {
    const commands = [
      ['peer'],
      ['connect'],
      ['demo'],
      ['tracker'],
      ['tracker', 'status'],
      ['tracker', 'promote'],
    ];
    const more = [
      ['tracker', 'invite'],
      ['tracker', 'identity'],
      ['witness'],
      ['witness', 'init'],
      ['cluster', 'up'],
    ];
    for (const command of [...commands, ...more]) {
      const { exitCode, written } = await run(...command, '--help');
      expect([command, exitCode]).toEqual([command, 0]);
      const options = written.split('\n').filter((line) => /^\s+-/.test(line));
      expect(options.length).toBeGreaterThan(0);
      expect([
        command,
        options.filter((line) => /^\s+(-\w, )?--\S*(pass|secret|token|key)/i.test(line)),
      ]).toEqual([command, []]);
    }
  });

  it('croc CVE-2023-43621: the password of a database, which a URL may hold, leaves the list of processes', () => {
    const own = {
      argv: ['node', 'main', 'tracker', '--journal', 'postgres://ada:hunter2@db/x'],
      title: 'node',
    };
    hideArguments(own);
    expect(own.title).not.toContain('hunter2');
  });
});

describe('command injection', () => {
  it.each([
    ['qBittorrent CVE-2019-13640', '!touch pwned'],
    ['qBittorrent CVE-2019-13640', '| touch pwned'],
    ['uTorrent CVE-2015-5474', 'exec touch pwned'],
    ['uTorrent CVE-2015-5474', '$(touch pwned)'],
  ])('%s: %j is no command of the shell', async (_cve, line) => {
    const reporter = createFakeReporter();
    const outcome = await runLine(line, { context: createFakeContext(), reporter, lineNumber: null });
    expect(outcome).toMatchObject({ kind: 'failed', exitCode: 2 });
    expect(reporter.reports).toMatchObject([{ type: 'error', code: expect.any(String) }]);
  });
});

describe('localhost HTTP control, DNS rebinding', () => {
  async function openMetrics() {
    const page = async () => ({ status: 200, type: 'text/plain', body: 'metrics' });
    const address = { host: '127.0.0.1', port: 0 };
    return await openHttpEndpoint({ address, pages: new Map([['/metrics', page]]), onError: () => {} });
  }

  async function ask(port: number, method: string, headers: Record<string, string>) {
    const asked = request({ host: '127.0.0.1', port, path: '/metrics', method, headers }).end();
    const [response] = await once(asked, 'response');
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'Transmission CVE-2018-5702: %s changes nothing, there is nothing to change',
    async (method) => {
      await using endpoint = await openMetrics();
      const { status } = await ask(endpoint.address.port, method, { origin: 'http://evil.example' });
      expect(status).toBe(405);
    },
  );

  it('Transmission CVE-2018-5702: no page of another origin is given leave to read', async () => {
    await using endpoint = await openMetrics();
    const { headers } = await ask(endpoint.address.port, 'GET', { origin: 'http://evil.example' });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  // A page whose name was rebound to 127.0.0.1 is of its own origin: only the Host tells.
  it('Transmission CVE-2018-5702: who comes under a foreign host name is refused', async () => {
    await using endpoint = await openMetrics();
    const { port } = endpoint.address;
    const statusUnder = async (host: string) => (await ask(port, 'GET', { host })).status;
    for (const foreign of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', 'a b'])
      expect(await statusUnder(foreign), foreign).toBeGreaterThanOrEqual(400);
    for (const own of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
      expect(await statusUnder(own), own).toBe(200);
  });
});
