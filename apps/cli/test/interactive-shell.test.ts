import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Peer } from '@minitorrent/peer';
import { describe, expect, it, vi } from 'vitest';
import { runPeer } from '../src/commands/peer.ts';
import { runAtPrompt } from '../src/commands/peer-prompt.ts';
import { listenForEnding } from '../src/process-signals.ts';
import { device, deviceOneAnswers } from './support/devices.ts';
import { createFakeDownload, createFakePeer } from './support/fake-peer.ts';
import { createFakeWorld } from './support/fake-world.ts';
import { createVirtualTerminal } from './support/virtual-terminal.ts';

/** A person in front of the shell. */
async function sitDown(scripted: Partial<Peer> = {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-shell-'));
  const terminal = createVirtualTerminal(80, 24);
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const world = { ...createFakeWorld(), stdin, stdout: terminal.stream, stderr: terminal.stream };
  const peer = createFakePeer(scripted);
  const ending = listenForEnding({ process: world.process, output: world.stdout });
  const left = runAtPrompt({
    peer,
    world,
    ending,
    strategy: undefined,
    introduce: () => undefined,
    dataFolder: folder.path,
  });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  };
  /** The screen as soon as it shows `text`. */
  const shows = (text: string) =>
    vi.waitFor(
      () => {
        expect(terminal.text()).toContain(text);
        return terminal.text();
      },
      // A command may load a library first.
      { timeout: 10_000 },
    );
  await shows('\nminitorrent');
  return {
    peer,
    world,
    left,
    terminal,
    shows,
    history: () => readFile(join(folder.path, 'history'), 'utf8'),
    async type(keys: string) {
      stdin.write(keys);
      await settle();
    },
    async [Symbol.asyncDispose]() {
      world.signals.emit('SIGTERM');
      await left;
      ending[Symbol.dispose]();
      await folder.remove();
    },
  };
}

describe('the shell at a prompt', () => {
  it('runs what is typed and leaves at quit', async () => {
    await using person = await sitDown({ createGroup: async () => undefined });
    await person.type('create_group "my films" q\r');
    await person.shows('Created group my films; you are its admin\nminitorrent>');
    await person.type('quit\r');
    expect(await person.left).toBe(0);
    expect(await person.history()).toBe('create_group "my films" q\nquit\n');
  });

  it('shows who is logged in', async () => {
    await using person = await sitDown({ userId: 'al\u001bice', logout: async () => undefined });
    await person.shows('minitorrent (al\\x1bice)>');
  });

  it('tells mistakes and goes on', async () => {
    await using person = await sitDown({ logout: async () => undefined });
    await person.type('join_group\r');
    await person.shows('error: join_group: Cannot run join_group: groupid is missing (bad_arguments)');
    await person.shows('usage: join_group <groupid>');
    await person.type('logout\r');
    await person.shows('Logged out');
  });

  it('leaves at Ctrl-D', async () => {
    await using person = await sitDown();
    await person.type('\u0004');
    expect(await person.left).toBe(0);
  });

  it('drops the line at Ctrl-C, and leaves at two of them on an empty line', async () => {
    await using person = await sitDown();
    await person.type('leave_group films\u0003');
    await person.shows('leave_group films^C\nminitorrent>');
    await person.type('\u0003');
    await person.shows('Press Ctrl-C again to leave');
    await person.type('\u0003');
    expect(await person.left).toBe(130);
  });

  it('does not leave at two Ctrl-C with something between them', async () => {
    await using person = await sitDown({ logout: async () => undefined });
    await person.type('\u0003');
    await person.type('logout\r');
    await person.shows('Logged out');
    await person.type('\u0003');
    expect(await Promise.race([person.left, Promise.resolve('still here')])).toBe('still here');
  });

  it('cancels the command that runs at Ctrl-C, and nothing else', async () => {
    const logout = vi.fn<Peer['logout']>(
      (options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
        }),
    );
    await using person = await sitDown({ logout });
    await person.type('logout\r');
    await vi.waitFor(() => expect(logout).toHaveBeenCalled());
    person.world.signals.emit('SIGINT');
    await person.shows('error: logout: Cancelled (cancelled)\nminitorrent>');
  });

  it('shows notices and live progress around the line that is being typed', async () => {
    await using person = await sitDown();
    await person.type('list_gr');
    const download = createFakeDownload('movie.mkv');
    person.peer.emit('join-request', { groupId: 'films', userId: 'bob', deviceIds: [device(2)] });
    person.peer.emit('download-started', download);
    person.world.clock.advance(200);
    expect(await person.shows('25 %')).toMatch(
      /bob asks to join films with the device .*\n {4}bob, or reject_request\nDownloading movie\.mkv from films\nmovie\.mkv +▕██▌ +▏ {3}25 % .*1 peer\nminitorrent> list_gr$/,
    );
    download.complete();
    person.peer.emit('download-completed', download);
    const screen = await person.shows('Downloaded movie.mkv (100 B) to /downloads/movie.mkv');
    await vi.waitFor(() => expect(person.terminal.text()).not.toContain('▕'));
    expect(screen).toContain('minitorrent> list_gr');
  });

  it('completes with what the peer knows', async () => {
    const items = [{ groupId: 'my films', members: 1, files: 0, standing: 'member' as const }];
    const listGroups = async () => ({ items, mayBeStale: false });
    await using person = await sitDown({ listGroups, leaveGroup: async () => undefined });
    await person.type('leave_group m');
    await person.type('\t');
    await person.shows('leave_group my\\ films');
    await person.type('\r');
    await person.shows('Left group my films');
  });

  it('asks for a password without showing or keeping it, in silence', async () => {
    const createUser = vi.fn(async () => undefined);
    await using person = await sitDown({ createUser });
    await person.type('create_user alice\r');
    await person.shows('New password for alice');
    await person.type('too short\r');
    await person.shows('at least 12 characters');
    expect(person.terminal.text()).not.toContain('once more');
    await person.type('\u007f'.repeat('too short'.length));
    person.peer.emit('join-request', { groupId: 'films', userId: 'bob', deviceIds: [device(2)] });
    await person.type('correct horse\r');
    await person.shows('The same once more');
    expect(person.terminal.text()).not.toContain('bob asks');
    await person.type('correct horse\r');
    await person.shows('Created user alice');
    await person.shows('bob asks');
    expect(createUser).toHaveBeenCalledWith('alice', 'correct horse', expect.anything());
    expect(person.terminal.text()).not.toContain('horse');
    expect(await person.history()).not.toContain('horse');
  });

  it('refuses two passwords that differ, and none at all', async () => {
    await using person = await sitDown();
    await person.type('create_user alice\r');
    await person.shows('New password for alice');
    await person.type('correct horse\r');
    await person.shows('The same once more');
    await person.type('battery staple\r');
    await person.shows('The two passwords differ (passwords_differ)');
    await person.type('login alice\r');
    await person.shows('Password for alice');
    await person.type('\u0003');
    await person.shows('error: login: Cancelled (cancelled)');
  });

  it('is what minitorrent peer shows on a terminal', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-shell-'));
    const terminal = createVirtualTerminal(80, 24);
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    const world = { ...createFakeWorld(), stdin, stdout: terminal.stream, stderr: terminal.stream };
    const peer = createFakePeer();
    const options = { tracker: 'a', listen: '127.0.0.1', data: folder.path, downloads: folder.path };
    const left = runPeer(options, world, { openPeer: async () => peer, whoAnswers: deviceOneAnswers });
    await vi.waitFor(() =>
      expect(terminal.text()).toMatch(/The peer listens on 127.0.0.1:4000.*\nminitorrent>$/s),
    );
    stdin.write('quit\r');
    expect(await left).toBe(0);
    expect(peer.closed).toBe(true);
  });

  it('ends in good order at SIGTERM, with 0', async () => {
    const person = await sitDown();
    person.world.signals.emit('SIGTERM');
    expect(await person.left).toBe(0);
    expect(person.world.clock.scheduledTasks).toBe(0);
    await person[Symbol.asyncDispose]();
  });
});
