import { describe, expect, it, vi } from 'vitest';
import type { Actions } from '../src/actions.ts';
import { runProgram } from '../src/program.ts';
import { createFakeActions } from './support/fake-actions.ts';

async function run(...args: string[]) {
  return runOn(undefined, args);
}

/** On a terminal of so many columns; undefined for none. */
async function runOn(columns: number | undefined, args: readonly string[]) {
  let out = '';
  let err = '';
  const actions = createActions();
  const exitCode = await runProgram(args, {
    version: '1.2.3',
    actions,
    outColumns: columns,
    errColumns: columns,
    writeOut: (text) => {
      out += text;
    },
    writeErr: (text) => {
      err += text;
    },
  });
  return { exitCode, out, err, actions };
}

function createActions() {
  const actions = createFakeActions();
  actions.peer.mockResolvedValue(130);
  actions.demo.mockResolvedValue(1);
  return actions;
}

/** Every command, with the arguments that it needs. */
const COMMANDS = [
  'tracker',
  'tracker status a:1',
  'tracker promote a:1',
  'tracker identity',
  'tracker invite',
  'tracker backup f',
  'tracker restore f',
  'witness',
  'witness init',
  'witness identity',
  'cluster up',
  'connect minitorrent://a',
  'peer',
  'demo f',
];

describe('minitorrent', () => {
  it('runs a command with its options and answers its exit code', async () => {
    const peer = await run('peer', '-t', 'a:1', '--json', '--keep-going', '--strategy', 'random');
    expect(peer.exitCode).toBe(130);
    expect(peer.actions.peer).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        tracker: 'a:1',
        listen: '127.0.0.1:0',
        json: true,
        keepGoing: true,
        strategy: 'random',
      }),
    );
    const tracker = await run('tracker', '--data', 'x', '--exit-with-stdin');
    expect(tracker.exitCode).toBe(0);
    expect(tracker.actions.tracker).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ listen: '127.0.0.1:7700', data: 'x', exitWithStdin: true }),
    );
    const demo = await run('demo', 'a file');
    expect(demo.exitCode).toBe(1);
    expect(demo.actions.demo).toHaveBeenCalledExactlyOnceWith('a file', {});
  });

  it('runs what is below a command, with the options on either side of it', async () => {
    for (const args of [
      ['tracker', 'backup', 'f', '--data', 'd'],
      ['tracker', '--data', 'd', 'backup', 'f'],
    ]) {
      const { actions, exitCode } = await run(...args);
      expect(exitCode).toBe(0);
      expect(actions.trackerBackup).toHaveBeenCalledExactlyOnceWith(
        'f',
        expect.objectContaining({ data: 'd' }),
      );
      expect(actions.tracker).not.toHaveBeenCalled();
    }
    const { actions } = await run('tracker', 'restore', 'f', '--json');
    expect(actions.trackerRestore).toHaveBeenCalledExactlyOnceWith(
      'f',
      expect.objectContaining({ json: true }),
    );
  });

  it.each(COMMANDS)('takes --json and --data anywhere around %s', async (line) => {
    const words = line.split(' ');
    const given = line === 'demo f' ? ['--json'] : ['--json', '--data', 'd'];
    const wanted = line === 'demo f' ? { json: true } : { json: true, data: 'd' };
    for (let place = 0; place <= words.length; place += 1) {
      const { actions } = await run(...words.toSpliced(place, 0, ...given));
      const called = Object.values(actions).filter((action) => action.mock.calls.length > 0);
      expect(called).toHaveLength(1);
      expect(called[0]?.mock.calls[0]?.at(-1)).toMatchObject(wanted);
    }
  });

  it('prefers --data to the variable, wherever it stands', async () => {
    vi.stubEnv('MINITORRENT_DATA', 'v');
    for (const args of [
      ['--data', 'd', 'tracker', 'identity'],
      ['tracker', '--data', 'd', 'identity'],
      ['tracker', 'identity', '--data', 'd'],
    ]) {
      const { actions } = await run(...args);
      expect(actions.trackerIdentity.mock.calls[0]?.[0]).toMatchObject({ data: 'd' });
    }
    const { actions } = await run('demo');
    expect(actions.demo).toHaveBeenCalledExactlyOnceWith(undefined, {});
    vi.unstubAllEnvs();
  });

  it.each([
    [
      ['tracker', 'invit', '--address', 'x'],
      'minitorrent tracker has no command "invit"; did you mean invite?',
    ],
    [['tracker', 'foo'], 'it has status, promote, identity, invite, backup, restore'],
    [['--json', 'tracker', 'stauts', 'a:1'], 'did you mean status?'],
    [['witness', 'int'], 'minitorrent witness has no command "int"; did you mean init?'],
    [['witness', 'foo'], 'minitorrent witness has no command "foo"; it has init, identity'],
    [['cluster', 'foo'], "unknown command 'foo'"],
    [['cluster', 'u'], "unknown command 'u'"],
    [['traker', 'status'], 'Did you mean tracker?'],
    [['demo', '--data', 'd'], "unknown option '--data'"],
    [['tracker', '--lisen', 'a:1'], 'Did you mean --listen?'],
    [['witness', '--bogus', 'x'], "unknown option '--bogus'"],
  ])('says of %j what is no command or option, and starts nothing', async (args, text) => {
    const { exitCode, err, out, actions } = await run(...args);
    expect(exitCode).toBe(2);
    expect(args.includes('--json') ? JSON.parse(out).message : err).toContain(text);
    for (const action of Object.values(actions)) expect(action).not.toHaveBeenCalled();
  });

  it.each([
    [['--json'], 'bad_arguments', 'minitorrent [options] [command]'],
    [['bogus', '--json'], 'unknown_command', 'minitorrent [options] [command]'],
    [['--json', 'witness', 'foo'], 'unknown_command', 'minitorrent witness [options] [command]'],
    [['peer', '--json', '--bogus'], 'bad_arguments', 'minitorrent peer [options]'],
    [['tracker', 'backup', '--json'], 'bad_arguments', 'minitorrent tracker backup [options] <file>'],
  ])('writes the mistake in %j as one object for programs', async (args, code, usage) => {
    const { exitCode, err, out } = await run(...args);
    expect(exitCode).toBe(2);
    expect(err).toBe('');
    expect(out).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(out)).toEqual({
      ...{ type: 'error', command: null, line: null, code, usage },
      message: expect.stringMatching(/^(?!error).+/),
      advice: expect.stringContaining('--help'),
    });
  });

  it('breaks help at spaces alone, however narrow the terminal is', async () => {
    const wordsOf = (text: string) => text.split(/\s+/);
    for (const line of [...COMMANDS.map((command) => command.split(' ').slice(0, 2).join(' ')), '']) {
      const args = [...line.split(' ').filter((word) => !/[:/]|^f?$/.test(word)), '--help'];
      const wide = await runOn(200, args);
      for (const columns of [40, 47, 55, 63, 69, 70, 80, 100]) {
        const { out } = await runOn(columns, args);
        expect(wordsOf(out), `${args} in ${columns}`).toEqual(wordsOf(wide.out));
        for (const each of out.split('\n')) {
          const isOneWord = wordsOf(each.trim()).length === 1;
          if (!isOneWord) expect(each.length, each).toBeLessThanOrEqual(columns);
        }
      }
    }
  });

  it('shows version and help on standard output', async () => {
    expect(await run('--version')).toMatchObject({ exitCode: 0, out: '1.2.3\n', err: '' });
    const help = await run('--help');
    expect(help).toMatchObject({ exitCode: 0, err: '' });
    expect(help.out).toMatch(/tracker.*peer.*demo/s);
  });

  it('shows the commands of the shell with the help of peer', async () => {
    for (const args of [
      ['peer', '--help'],
      ['help', 'peer'],
    ]) {
      const { exitCode, out } = await run(...args);
      expect(exitCode).toBe(0);
      expect(out).toContain('upload_file <groupid> <filename> [filesize]');
    }
  });

  it.each([
    [[], 'Usage: minitorrent'],
    [['bogus'], 'unknown command'],
    [['peer', '--bogus'], 'Usage: minitorrent peer'],
    [['peer', 'extra'], 'Usage: minitorrent peer'],
    [['peer', '--strategy', 'fastest'], 'rarest-first, random, sequential'],
    [['tracker', '--listen'], 'Usage: minitorrent tracker'],
    [['tracker', 'bogus'], 'Usage: minitorrent tracker'],
    [['tracker', 'backup'], 'Usage: minitorrent tracker backup'],
    [['tracker', '--log', 'xml'], 'text, json'],
    [['tracker', '--log-level', 'loud'], 'debug, info, warn, error'],
    [['demo', 'a', 'b'], 'Usage: minitorrent demo'],
  ])('shows what is wrong with %j, and the usage, with exit code 2', async (args, text) => {
    const { exitCode, err, out } = await run(...args);
    expect(exitCode).toBe(2);
    expect(err).toContain(text);
    expect(err).toContain('Usage: minitorrent');
    expect(out).toBe('');
  });

  it('does not hide a defect', async () => {
    const actions: Actions = {
      ...createActions(),
      tracker: () => Promise.reject(new TypeError('defect')),
    };
    const options = { version: '1', actions, writeOut: () => undefined, writeErr: () => undefined };
    await expect(runProgram(['tracker'], options)).rejects.toThrow('defect');
  });
});
