import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Peer } from '@minitorrent/peer';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it, vi } from 'vitest';
import { createProgressBoard } from '../src/output/progress-board.ts';
import type { CommandContext } from '../src/shell/command.ts';
import { usageOf } from '../src/shell/command.ts';
import { findCommand, SHELL_COMMANDS } from '../src/shell/command-table.ts';
import { showNotices } from '../src/shell/notices.ts';
import { runLine } from '../src/shell/run-line.ts';
import { createShownRequests } from '../src/shell/shown-requests.ts';
import { device, idOf } from './support/devices.ts';
import { createFakeContext } from './support/fake-context.ts';
import { createFakeDownload, createFakePeer, createFakeShare } from './support/fake-peer.ts';
import { createFakeReporter } from './support/fake-reporter.ts';

/** Runs a line and answers what was reported. */
async function run(line: string, scripted: Partial<Peer> = {}, changes: Partial<CommandContext> = {}) {
  const reporter = createFakeReporter();
  const context = createFakeContext(scripted, changes);
  const outcome = await runLine(line, { context, reporter, lineNumber: 1 });
  return { outcome, report: reporter.reports[0] };
}

const withSignal = { signal: expect.any(AbortSignal) };

describe('the nine commands of the seed, in its spelling', () => {
  it.each([
    ['create_user alice secret-password q', 'createUser', ['alice', 'secret-password', withSignal]],
    ['login alice secret-password q', 'login', ['alice', 'secret-password', withSignal]],
    ['create_group films q', 'createGroup', ['films', withSignal]],
    ['join_group films q', 'joinGroup', ['films', withSignal]],
    ['list_groups q', 'listGroups', [withSignal]],
    ['list_file films q', 'listFiles', ['films', withSignal]],
    ['logout q', 'logout', [withSignal]],
    [
      'upload_file films /a.txt 100 q',
      'uploadFile',
      ['films', '/a.txt', expect.objectContaining({ expectedSize: 100 })],
    ],
    ['download_file films a.txt q', 'downloadFile', ['films', 'a.txt', withSignal]],
  ] as const)('runs %s', async (line, method, args) => {
    const download = createFakeDownload();
    download.complete();
    const answers: Record<string, unknown> = {
      joinGroup: 'member',
      listGroups: { items: [], mayBeStale: false },
      listFiles: { items: [], mayBeStale: false },
      uploadFile: createFakeShare(),
      downloadFile: download,
    };
    const called = vi.fn(async () => answers[method]);
    const { outcome } = await run(line, { [method]: called });
    expect(outcome).toEqual({ kind: 'done' });
    expect(called).toHaveBeenCalledExactlyOnceWith(...args);
    // Without the final q it means the same.
    await run(line.slice(0, -2), { [method]: called });
    expect(called).toHaveBeenLastCalledWith(...args);
  });
});

describe('a final q', () => {
  it.each([
    ['join_group q', 'q'],
    ['join_group q q', 'q'],
    ['join_group "q"', 'q'],
  ])('is a name where one is needed: %s', async (line, groupId) => {
    const joinGroup = vi.fn(async () => 'requested' as const);
    await run(line, { joinGroup });
    expect(joinGroup).toHaveBeenCalledWith(groupId, withSignal);
  });

  it('in quotes is an argument', async () => {
    const listRequests = vi.fn(async () => ({ items: [], mayBeStale: false }));
    await run('list_requests q', { listRequests });
    expect(listRequests).toHaveBeenLastCalledWith(undefined, withSignal);
    await run('list_requests "q"', { listRequests });
    expect(listRequests).toHaveBeenLastCalledWith('q', withSignal);
  });

  it('alone is nothing to run, and so is a comment', async () => {
    for (const line of ['q', '', '   ', '# login alice', '#']) {
      expect(await run(line)).toEqual({ outcome: { kind: 'empty' }, report: undefined });
    }
  });
});

describe('commands', () => {
  it.each([
    [
      'leave_group films',
      { leaveGroup: async () => undefined },
      { command: 'leave_group', groupId: 'films' },
    ],
    [
      'accept_request films bob',
      { acceptRequest: async () => ({ deviceIds: [device(3)] }) },
      { command: 'accept_request', groupId: 'films', userId: 'bob', deviceIds: [idOf(3)] },
    ],
    [
      'reject_request films bob',
      { rejectRequest: async () => undefined },
      { command: 'reject_request', groupId: 'films', userId: 'bob' },
    ],
    [
      'list_requests films',
      {
        listRequests: async () => ({
          items: [{ groupId: 'films', userId: 'bob', requestedAtMs: 5, deviceIds: [device(3)] }],
          mayBeStale: true,
        }),
      },
      {
        command: 'list_requests',
        requests: [{ groupId: 'films', userId: 'bob', requestedAtMs: 5, deviceIds: [idOf(3)] }],
        mayBeStale: true,
      },
    ],
    [
      'list_groups',
      {
        listGroups: async () => ({
          items: [{ groupId: 'films', members: 2, files: 1, standing: 'admin' as const }],
          mayBeStale: true,
        }),
      },
      { groups: [{ groupId: 'films', members: 2, files: 1, standing: 'admin' }], mayBeStale: true },
    ],
    [
      'list_file films',
      {
        listFiles: async () => ({
          items: [
            {
              ...{ file: createFakeShare().file, sharedBy: 'alice', sharedAtMs: 5, seeders: 1, leechers: 0 },
              ...{ sharedByDevice: device(3), isSigned: true },
            },
          ],
          mayBeStale: true,
        }),
      },
      {
        files: [
          {
            name: 'a.txt',
            size: 100,
            root: 'ab'.repeat(32),
            sharedBy: 'alice',
            sharedByDevice: idOf(3),
            isSigned: true,
          },
        ],
        mayBeStale: true,
      },
    ],
    [
      'stop_share films a.txt',
      { stopSharing: async () => undefined },
      { command: 'stop_share', groupId: 'films', name: 'a.txt' },
    ],
    ['show_shares', { shares: () => [createFakeShare()] }, { shares: [{ name: 'a.txt', uploadedBytes: 7 }] }],
    [
      'show_downloads',
      { downloads: () => [createFakeDownload()] },
      {
        downloads: [
          {
            name: 'a.txt',
            bytesPerSecond: 10,
            secondsLeft: null,
            waitingFor: null,
            peers: [{ userId: 'alice', address: '[::1]:9' }],
          },
        ],
      },
    ],
    ['quit', {}, { command: 'quit' }],
    ['exit', {}, { command: 'quit' }],
  ])('%s', async (line, scripted, result) => {
    const { report } = await run(line, scripted);
    expect(report).toMatchObject({ type: 'result', ...result });
  });

  it('help knows every command, and every command says how it is written', async () => {
    const { report } = await run('help');
    expect(report).toMatchObject({ commands: SHELL_COMMANDS.map(({ name }) => ({ name })) });
    for (const command of SHELL_COMMANDS) {
      const { report: one } = await run(`help ${command.name}`);
      expect(one).toMatchObject({ commands: [{ name: command.name, usage: usageOf(command) }] });
    }
  });

  it('names and aliases are unique', () => {
    const names = SHELL_COMMANDS.flatMap((command) => [command.name, ...command.aliases]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('passwords', () => {
  it('are asked for when they are left out, twice for a new one', async () => {
    const askPassword = vi.fn(async () => 'typed-in-secret');
    const createUser = vi.fn(async () => undefined);
    const login = vi.fn(async () => undefined);
    await run('create_user alice', { createUser }, { askPassword });
    expect(createUser).toHaveBeenCalledWith('alice', 'typed-in-secret', withSignal);
    expect(askPassword).toHaveBeenLastCalledWith('New password for alice', {
      repeat: true,
      minCharacters: 12,
    });
    await run('login alice q', { login }, { askPassword });
    expect(login).toHaveBeenCalledWith('alice', 'typed-in-secret', withSignal);
    expect(askPassword).toHaveBeenLastCalledWith('Password for alice');
  });

  it('may begin with a dash', async () => {
    const login = vi.fn(async () => undefined);
    await run('login alice --help-me-please', { login });
    expect(login).toHaveBeenCalledWith('alice', '--help-me-please', withSignal);
  });
});

describe('upload_file', () => {
  it('takes a path from the home folder or the working folder', async () => {
    const uploadFile = vi.fn(async () => createFakeShare());
    await run('upload_file films ~/a.txt', { uploadFile });
    expect(uploadFile).toHaveBeenLastCalledWith('films', join(homedir(), 'a.txt'), expect.anything());
    await run('upload_file films "b c.txt"', { uploadFile });
    expect(uploadFile).toHaveBeenLastCalledWith('films', resolve('b c.txt'), expect.anything());
  });

  it('shows how far hashing is until it is over', async () => {
    const samples: unknown[] = [];
    const stop = vi.fn();
    const uploadFile: Peer['uploadFile'] = async (_groupId, _path, options) => {
      options?.onProgress?.(30, 100);
      samples.push(sample());
      return createFakeShare();
    };
    let sample: () => unknown = () => undefined;
    const board: CommandContext['board'] = {
      watch(given) {
        sample = given;
        return stop;
      },
      close: () => undefined,
    };
    await run('upload_file films /a.txt', { uploadFile }, { board });
    expect(samples).toEqual([
      { activity: 'hash', groupId: 'films', path: '/a.txt', hashedBytes: 30, totalBytes: 100 },
    ]);
    expect(stop).toHaveBeenCalledOnce();
  });

  it.each(['12x', '-1', '1.5', '9007199254740993'])('refuses the size %s', async (size) => {
    const { outcome, report } = await run(`upload_file films /a.txt ${size}`);
    expect(outcome).toEqual({ kind: 'failed', exitCode: 2 });
    expect(report).toMatchObject({ code: 'bad_size', usage: 'upload_file <groupid> <filename> [filesize]' });
  });
});

describe('download_file', () => {
  it('in a script waits for the end and tells time and sources', async () => {
    const download = createFakeDownload();
    const clock = createManualClock();
    const follow = vi.fn();
    const done = run('download_file films a.txt', { downloadFile: async () => download }, { clock, follow });
    clock.advance(2_500);
    download.complete();
    expect((await done).report).toMatchObject({
      command: 'download_file',
      status: 'completed',
      seconds: 2.5,
      strategy: null,
      download: { state: 'completed', path: '/downloads/a.txt', peers: [{ userId: 'alice', pieces: 1 }] },
    });
    expect(follow).toHaveBeenCalledExactlyOnceWith('films', 'a.txt', 'all');
  });

  it('at a prompt only starts it', async () => {
    const download = createFakeDownload();
    const follow = vi.fn();
    const { report } = await run(
      'download_file films a.txt',
      { downloadFile: async () => download },
      { mode: 'interactive', follow },
    );
    expect(report).toMatchObject({ status: 'started', download: { state: 'downloading' } });
    expect(follow.mock.calls).toEqual([
      ['films', 'a.txt', 'all'],
      ['films', 'a.txt', 'start'],
    ]);
  });

  it('that cannot begin is told of once at a prompt', async () => {
    const reporter = createFakeReporter();
    const board = createProgressBoard({ clock: createManualClock(), reporter });
    const gone = Object.assign(new Error('There is no such file'), { code: 'unknown_file' });
    const peer = createFakePeer({
      // As the peer does it: the event comes first.
      downloadFile: async () => {
        peer.emit('download-failed', createFakeDownload(), gone);
        throw gone;
      },
    });
    const notices = showNotices({ peer, reporter, board, requests: createShownRequests() });
    const context = createFakeContext({}, { mode: 'interactive', peer, follow: notices.follow });
    await runLine('download_file films a.txt', { context, reporter, lineNumber: null });
    expect(reporter.reports).toMatchObject([{ type: 'error', code: 'unknown_file' }]);
    peer.emit('download-failed', createFakeDownload(), gone);
    expect(reporter.reports).toMatchObject([{ type: 'error' }, { event: 'download-failed' }]);
  });

  it('fails with what ended the download', async () => {
    const download = createFakeDownload();
    download.fail(Object.assign(new Error('Cannot write piece 3: the disk is full'), { code: 'disk_full' }));
    const { outcome, report } = await run('download_file films a.txt', {
      downloadFile: async () => download,
    });
    expect(outcome).toEqual({ kind: 'failed', exitCode: 1 });
    expect(report).toMatchObject({ code: 'disk_full', advice: expect.stringContaining('make room') });
  });

  it('stops waiting when it is cancelled, and leaves the download alone', async () => {
    const cancel = new AbortController();
    const download = createFakeDownload();
    const done = run(
      'download_file films a.txt',
      { downloadFile: async () => download },
      { signal: cancel.signal },
    );
    cancel.abort();
    const { outcome, report } = await done;
    expect(outcome).toEqual({ kind: 'failed', exitCode: 130 });
    expect(report).toMatchObject({ code: 'cancelled' });
    expect(download.progress().state).toBe('downloading');
  });

  it('takes a download that goes on since an earlier run as it is', async () => {
    const error = Object.assign(new Error('It is on its way'), { code: 'already_downloading' });
    const download = createFakeDownload();
    const scripted = { downloadFile: () => Promise.reject(error), downloads: () => [download] };
    const done = run('download_file films a.txt', scripted);
    download.complete();
    expect((await done).report).toMatchObject({ status: 'completed', download: { name: 'a.txt' } });
    const { report } = await run('download_file films a.txt', { ...scripted, downloads: () => [] });
    expect(report).toMatchObject({ code: 'already_downloading' });
    const fetchFirst = vi.spyOn(download, 'fetchFirst');
    await run('download_file films a.txt', scripted);
    expect(fetchFirst).not.toHaveBeenCalled();
    await run('download_file films a.txt --first 1K-2K', scripted);
    expect(fetchFirst).toHaveBeenCalledExactlyOnceWith({ first: 1_024, last: 2_048 });
  });

  it('passes on folder, strategy, what comes first and permission to overwrite', async () => {
    const download = createFakeDownload();
    download.complete();
    const downloadFile = vi.fn(async () => download);
    await run('download_file films a.txt --to /there --strategy random --overwrite q', { downloadFile });
    expect(downloadFile).toHaveBeenLastCalledWith('films', 'a.txt', {
      ...withSignal,
      folder: '/there',
      strategy: 'random',
      overwrite: true,
    });
    await run('download_file films a.txt --first 0-1M', { downloadFile });
    const first = { first: 0, last: 1_048_576 };
    expect(downloadFile).toHaveBeenLastCalledWith('films', 'a.txt', { ...withSignal, first });
    await run('download_file films a.txt', { downloadFile }, { strategy: 'sequential' });
    expect(downloadFile).toHaveBeenLastCalledWith('films', 'a.txt', {
      ...withSignal,
      strategy: 'sequential',
    });
  });
});

describe('cancel_download', () => {
  it('cancels the one that is meant, and says when there is none', async () => {
    const downloads = [createFakeDownload('a.txt'), createFakeDownload('b.txt')];
    const { report } = await run('cancel_download films b.txt', { downloads: () => downloads });
    expect(report).toMatchObject({ command: 'cancel_download', name: 'b.txt' });
    expect(downloads.map((download) => download.progress().state)).toEqual(['downloading', 'cancelled']);
    const { report: none } = await run('cancel_download films c.txt', { downloads: () => downloads });
    expect(none).toMatchObject({ code: 'unknown_download', advice: expect.any(String) });
  });
});

describe('a wrong argument', () => {
  const withParameters = SHELL_COMMANDS.filter(({ parameters }) =>
    parameters.some(({ optional }) => optional !== true),
  );

  it.each(withParameters.map(({ name }) => name))('of %s, missing, shows its usage', async (name) => {
    const command = findCommand(name);
    if (command === undefined) throw new Error(`No command ${name}`);
    const { outcome, report } = await run(name);
    expect(outcome).toEqual({ kind: 'failed', exitCode: 2 });
    expect(report).toMatchObject({ code: 'bad_arguments', command: name, usage: usageOf(command), line: 1 });
  });

  it.each(SHELL_COMMANDS.map(({ name }) => name))('of %s, one too many, shows its usage', async (name) => {
    const { outcome, report } = await run(`${name} a b c d e`);
    expect(outcome).toEqual({ kind: 'failed', exitCode: 2 });
    expect(report).toMatchObject({ code: 'bad_arguments', usage: expect.stringContaining(name) });
  });

  it('says how many arguments a command takes', async () => {
    const messageOf = async (line: string) => (await run(line)).report;
    expect(await messageOf('logout now')).toMatchObject({
      message: 'Cannot run logout: it takes no arguments',
    });
    expect(await messageOf('list_file a b')).toMatchObject({
      message: 'Cannot run list_file: 2 arguments are given, at most 1 expected',
    });
  });

  it.each([
    ['download_file films a.txt --bogus', 'bad_arguments'],
    ['download_file films a.txt --to', 'bad_arguments'],
    ['download_file films a.txt --strategy fastest', 'bad_arguments'],
    ['join_group ""', 'bad_arguments'],
    ['join_group "films', 'unclosed_quote'],
    ['joingroup films', 'unknown_command'],
    ['help nothing', 'unknown_command'],
  ])('in %s is %s', async (line, code) => {
    const { outcome, report } = await run(line);
    expect(outcome).toEqual({ kind: 'failed', exitCode: 2 });
    expect(report).toMatchObject({ code, message: expect.any(String) });
  });

  it.each([
    ['joingroup films', 'join_group'],
    ['list_grups', 'list_groups'],
    ['Login alice', 'login'],
    ['download films a', 'download_file'],
  ])('guesses what was meant by %s', async (line, meant) => {
    expect((await run(line)).report).toMatchObject({
      message: expect.stringMatching(`did you mean ${meant}\\?`),
    });
  });

  it('does not guess wildly', async () => {
    expect((await run('xyzzy')).report).toMatchObject({ message: 'There is no command "xyzzy"' });
    expect((await run('xy')).report).toMatchObject({ message: 'There is no command "xy"' });
  });
});

describe('a failure', () => {
  const fail = (error: unknown) => ({ logout: () => Promise.reject(error) });

  it.each([
    [Object.assign(new Error('Not logged in'), { code: 'not_logged_in' }), 'not_logged_in', 'login'],
    [Object.assign(new Error('Odd'), { code: 'brand_new_code' }), 'brand_new_code', null],
    [new Error('Odd'), null, null],
    ['a string', null, null],
    [new DOMException('aborted', 'AbortError'), 'cancelled', null],
  ])('%s has code and next step', async (error, code, advice) => {
    const { report } = await run('logout', fail(error));
    expect(report).toMatchObject({ code, advice: advice === null ? null : expect.stringContaining(advice) });
  });

  it.each(['ENOENT', 'EROFS', 'EACCES', 'io_failed'])(
    '%s names what chooses another folder',
    async (code) => {
      const { report } = await run('logout', fail(Object.assign(new Error('Odd'), { code })));
      for (const option of ['--data', '--downloads', '--to'])
        expect(report).toMatchObject({ advice: expect.stringContaining(option) });
    },
  );

  it('of several addresses tells all of them', async () => {
    const error = Object.assign(new AggregateError([new Error('a refused'), new Error('b refused')]), {
      code: 'ECONNREFUSED',
    });
    expect((await run('logout', fail(error))).report).toMatchObject({
      code: 'ECONNREFUSED',
      message: 'a refused, b refused',
    });
  });

  it('has the advice of its command where a code means two things', async () => {
    const taken = Object.assign(new Error('Taken'), { code: 'file_exists' });
    const { report: up } = await run('upload_file films /a', { uploadFile: () => Promise.reject(taken) });
    const { report: down } = await run('download_file films a', {
      downloadFile: () => Promise.reject(taken),
    });
    expect(up).toMatchObject({ advice: expect.stringContaining('rename your file') });
    expect(down).toMatchObject({ advice: expect.stringContaining('--overwrite') });
  });
});
