import { describe, expect, it } from 'vitest';
import type { Actions } from '../src/actions.ts';
import { runProgram } from '../src/program.ts';
import { createFakeActions } from './support/fake-actions.ts';

async function run(...args: string[]) {
  let out = '';
  let err = '';
  const actions = createActions();
  const exitCode = await runProgram(args, {
    version: '1.2.3',
    actions,
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
