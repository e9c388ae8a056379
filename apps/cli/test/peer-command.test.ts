import { mkdtempDisposable, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { Peer } from '@minitorrent/peer';
import { RpcError } from '@minitorrent/rpc-core';
import { describe, expect, it, vi } from 'vitest';
import { runConnect } from '../src/commands/connect.ts';
import type { OpenPeer } from '../src/commands/open-peer.ts';
import { type PeerCommandOptions, runPeer } from '../src/commands/peer.ts';
import { formatInvitationLink } from '../src/places/invitation-link.ts';
import type { WhoAnswers } from '../src/places/who-answers.ts';
import { device, deviceOneAnswers, idOf } from './support/devices.ts';
import { createFakeDownload, createFakePeer } from './support/fake-peer.ts';
import { createFakeWorld } from './support/fake-world.ts';

const TRACKER = `127.0.0.1:7700#${idOf(1)}`;

/** `minitorrent peer` with a script on standard input. */
async function start(
  script: string,
  options: Partial<PeerCommandOptions> = {},
  scripted: Partial<Peer> = {},
) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-peer-'));
  const world = createFakeWorld({ variables: { MINITORRENT_DATA: join(folder.path, 'variable') } });
  const peer = createFakePeer(scripted);
  const openPeer = vi.fn<OpenPeer>(async () => peer);
  const tools = { openPeer, whoAnswers: deviceOneAnswers };
  const given = { tracker: TRACKER, listen: '127.0.0.1:0', data: folder.path, ...options };
  const ended = runPeer(given, world, tools);
  world.stdin.write(script);
  return { ...world, world, peer, openPeer, ended, folder, [Symbol.asyncDispose]: () => folder.remove() };
}

const ok = async () => undefined;
const refused = () => Promise.reject(Object.assign(new Error('No'), { code: 'not_a_member' }));

describe('minitorrent peer', () => {
  it('opens a peer as told, runs the script and closes the peer', async () => {
    await using there = await mkdtempDisposable(join(tmpdir(), 'minitorrent-downloads-'));
    const downloads = join(there.path, 'made');
    await using run = await start(
      'create_group films\n',
      { tracker: `a:1#${idOf(2)},[::1]#${idOf(3)}`, downloads: relative('.', downloads) },
      { createGroup: ok },
    );
    run.world.stdin.end();
    expect(await run.ended).toBe(0);
    expect(run.openPeer).toHaveBeenCalledExactlyOnceWith({
      trackers: [
        { host: 'a', port: 1, pin: device(2) },
        { host: '::1', port: 7700, pin: device(3) },
      ],
      listen: { host: '127.0.0.1', port: 0 },
      dataFolder: join(run.folder.path, 'peer'),
      downloadFolder: downloads,
      clock: run.world.clock,
      limits: {},
    });
    expect(run.peer.closed).toBe(true);
    expect(await readdir(there.path)).toEqual(['made']);
    expect((await stat(join(run.folder.path, 'peer'))).mode & 0o777).toBe(0o700);
    expect(run.lines()).toEqual([
      `The peer listens on 127.0.0.1:4000; downloads go to ${downloads}`,
      'Peers on other machines cannot reach 127.0.0.1:4000: start with --listen 0.0.0.0 to serve them',
      'Created group films; you are its admin',
    ]);
  });

  it('logs what the peer reports while it stays, where it is asked to', async () => {
    await using run = await start('show_downloads\n', { log: 'text', stay: true }, { downloads: () => [] });
    run.world.stdin.end();
    await vi.waitFor(() => expect(run.out()).toContain('No downloads'));
    run.peer.emit('tracker-lost', { address: { host: 'a', port: 1 }, reason: 'it was closed' });
    run.signals.emit('SIGTERM');
    expect(await run.ended).toBe(0);
    const folders = `dataFolder=${join(run.folder.path, 'peer')} downloadFolder=${resolve('.')}`;
    expect(run.err()).toBe(
      `2023-11-14T22:13:20.000Z info  listening role=peer address=127.0.0.1:4000 deviceId=${idOf(4)} ${folders}\n` +
        '2023-11-14T22:13:20.000Z warn  tracker_lost address=a:1 reason="it was closed"\n',
    );
  });

  it('uses the trackers of the link that was stored, else the one on this machine', async () => {
    for (const [isStored, host] of [
      [true, 'a'],
      [false, '127.0.0.1'],
    ] as const) {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-peer-'));
      const data = folder.path;
      const world = createFakeWorld();
      world.stdin.end('quit\n');
      const link = formatInvitationLink([{ host: 'a', port: 7700, pin: device(1) }]);
      if (isStored) expect(await runConnect(link, { data }, createFakeWorld())).toBe(0);
      const openPeer = vi.fn<OpenPeer>(async () => createFakePeer());
      const tools = { openPeer, whoAnswers: deviceOneAnswers };
      expect(await runPeer({ listen: '127.0.0.1:0', data }, world, tools)).toBe(0);
      expect(openPeer.mock.calls[0]?.[0].trackers).toEqual([{ host, port: 7700, pin: device(1) }]);
      expect(world.out().includes('From now on it has to be')).toBe(!isStored);
    }
  });

  it('does not run with a tracker that is another device than before, and says what to do', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-peer-'));
    const data = folder.path;
    const link = formatInvitationLink([{ host: 'a', port: 7700, pin: device(1) }]);
    expect(await runConnect(link, { data }, createFakeWorld())).toBe(0);
    const openPeer = vi.fn<OpenPeer>(async () => createFakePeer());
    const whoAnswers: WhoAnswers = ({ pin }) => {
      expect(pin).toEqual(device(1));
      return Promise.reject(new RpcError('wrong_identity', 'It is another device'));
    };
    for (const tracker of [undefined, 'a', 'A:7700']) {
      const world = createFakeWorld();
      const options = { listen: '127.0.0.1:0', data, ...(tracker === undefined ? {} : { tracker }) };
      expect(await runPeer(options, world, { openPeer, whoAnswers })).toBe(1);
      expect(world.err()).toMatch(/\(wrong_identity\)\n {2}next: .*minitorrent connect/);
    }
    expect(openPeer).not.toHaveBeenCalled();
  });

  it('ends at Ctrl-C while it waits for a tracker that does not answer', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-peer-'));
    const world = createFakeWorld();
    const openPeer = vi.fn<OpenPeer>(async () => createFakePeer());
    const whoAnswers = vi.fn<WhoAnswers>(() => new Promise(() => undefined));
    const options = { tracker: 'a', listen: '127.0.0.1:0', data: folder.path };
    const ended = runPeer(options, world, { openPeer, whoAnswers });
    await vi.waitFor(() => expect(whoAnswers).toHaveBeenCalled());
    world.signals.emit('SIGINT');
    expect(await ended).toBe(130);
    expect(whoAnswers.mock.calls[0]?.[2]?.signal?.aborted).toBe(true);
    expect(openPeer).not.toHaveBeenCalled();
  });

  it('writes no log between the lines of a prompt', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-peer-'));
    const world = createFakeWorld({ tty: true });
    const openPeer = () => Promise.reject(new Error('Not asked for'));
    const given = { tracker: 'a', listen: '127.0.0.1:0', data: folder.path, log: 'text' as const };
    expect(await runPeer(given, world, { openPeer, whoAnswers: deviceOneAnswers })).toBe(2);
    expect(world.out()).toContain('Cannot write a log at the prompt');
  });

  it('passes on how long members are known without a tracker, and the name of the device', async () => {
    await using run = await start('quit\n', { membershipGrace: '2d', deviceName: 'my desk' });
    await run.ended;
    const told = { membershipGraceMs: 172_800_000, deviceName: 'my desk' };
    expect(run.openPeer).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(told));
    await using none = await start('quit\n', { membershipGrace: '0', deviceName: '' });
    await none.ended;
    const nothing = { membershipGraceMs: 0, deviceName: undefined };
    expect(none.openPeer).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(nothing));
    await using wrong = await start('quit\n', { membershipGrace: 'for ever' });
    expect(await wrong.ended).toBe(2);
    expect(wrong.openPeer).not.toHaveBeenCalled();
  });

  it('passes on limits of the rate, and refuses those that cannot be meant', async () => {
    await using run = await start('quit\n', { limitUp: '1M', schedule: '08:00-09:00=none/64K' });
    await run.ended;
    const limits = {
      ...{ upBytesPerSecond: 1_048_576, downBytesPerSecond: undefined },
      schedule: [{ fromMinute: 480, toMinute: 540, upBytesPerSecond: undefined, downBytesPerSecond: 65_536 }],
    };
    expect(run.openPeer).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ limits }));
    await using wrong = await start('quit\n', { limitDown: 'fast' });
    expect(await wrong.ended).toBe(2);
    expect(wrong.openPeer).not.toHaveBeenCalled();
    // Neither was a tracker asked, nor a folder made.
    expect(await readdir(wrong.folder.path)).toEqual([]);
  });

  it('leaves nothing behind: no timer, no listener', async () => {
    await using run = await start('quit\n');
    await run.ended;
    expect(run.world.clock.scheduledTasks).toBe(0);
    expect(run.signals.eventNames()).toEqual([]);
    expect(run.peer.listenerCount('join-request')).toBe(0);
  });

  it.each([
    ['leave_group a\nlogout\n', {}, 1, 0],
    ['leave_group a\nlogout\n', { keepGoing: true }, 1, 1],
    ['leave_group\nlogout\n', {}, 2, 0],
    ['logout\nquit\n', {}, 0, 1],
  ])('answers %j with %j', async (script, options, exitCode, logouts) => {
    const logout = vi.fn(ok);
    await using run = await start(script, options, { leaveGroup: refused, logout });
    run.world.stdin.end();
    expect(await run.ended).toBe(exitCode);
    expect(logout).toHaveBeenCalledTimes(logouts);
    expect(run.peer.closed).toBe(true);
  });

  it.each([
    [{ tracker: '::1' }, 'bad_address', 2],
    [{ tracker: 'a#b' }, 'bad_device_id', 2],
    [{ tracker: 'minitorrent://a' }, 'bad_link', 2],
    [{ listen: 'here:there' }, 'bad_address', 2],
    [{ strategy: 'fastest' }, 'bad_arguments', 2],
  ])('refuses %j', async (options, code, exitCode) => {
    await using run = await start('', { json: true, ...options });
    expect(await run.ended).toBe(exitCode);
    expect(run.json()).toMatchObject([{ type: 'error', command: 'peer', code }]);
    expect(run.openPeer).not.toHaveBeenCalled();
  });

  it('says why a peer cannot be opened, and what to do', async () => {
    const world = createFakeWorld();
    const openPeer = () => Promise.reject(Object.assign(new Error('Port taken'), { code: 'listen_failed' }));
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-peer-'));
    const options = { tracker: TRACKER, listen: 'b', data: folder.path };
    expect(await runPeer(options, world, { openPeer, whoAnswers: deviceOneAnswers })).toBe(1);
    expect(world.err()).toMatch(/^error: peer: Port taken \(listen_failed\)\n {2}next: .*--listen/);
  });

  it('writes JSON, progress of a download included', async () => {
    const download = createFakeDownload();
    const peer: Partial<Peer> = { downloadFile: vi.fn(async () => download) };
    await using run = await start('download_file films a.txt\n', { json: true }, peer);
    await vi.waitFor(() => expect(peer.downloadFile).toHaveBeenCalled());
    run.peer.emit('download-started', download);
    run.world.clock.advance(500);
    download.complete();
    run.peer.emit('download-completed', download);
    run.world.stdin.end();
    expect(await run.ended).toBe(0);
    expect(run.json()).toMatchObject([
      { type: 'event', event: 'listening', role: 'peer', address: '127.0.0.1:4000' },
      { type: 'progress', activity: 'download', download: { verifiedBytes: 25 } },
      { type: 'result', command: 'download_file', status: 'completed', seconds: 0.5 },
    ]);
  });

  it('goes on serving with --stay until SIGTERM, which is a good end', async () => {
    await using run = await start('logout\n', { stay: true }, { logout: ok });
    run.world.stdin.end();
    await vi.waitFor(() => expect(run.out()).toContain('Logged out'));
    expect(await Promise.race([run.ended, Promise.resolve('serving')])).toBe('serving');
    run.signals.emit('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(run.peer.closed).toBe(true);
  });

  it('does not stay after quit or a failure', async () => {
    await using left = await start('quit\n', { stay: true });
    expect(await left.ended).toBe(0);
    await using failed = await start('bogus\n', { stay: true });
    expect(await failed.ended).toBe(2);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ])('cancels what runs at %s, closes the peer and answers %d', async (signal, exitCode) => {
    const download = createFakeDownload();
    const downloadFile = vi.fn(async () => download);
    await using run = await start('download_file films a.txt\nlogout\n', {}, { downloadFile });
    await vi.waitFor(() => expect(downloadFile).toHaveBeenCalled());
    run.signals.emit(signal);
    expect(await run.ended).toBe(exitCode);
    expect(run.peer.closed).toBe(true);
    expect(run.err()).toContain('Cancelled');
  });

  it('ends at a signal while it waits for the next command', async () => {
    await using run = await start('logout\n', {}, { logout: ok });
    await vi.waitFor(() => expect(run.out()).toContain('Logged out'));
    run.signals.emit('SIGINT');
    expect(await run.ended).toBe(130);
  });

  it('exits at once at the second signal', async () => {
    await using run = await start('logout\n', {}, { logout: ok });
    await vi.waitFor(() => expect(run.out()).toContain('Logged out'));
    run.signals.emit('SIGINT');
    run.signals.emit('SIGINT');
    expect(run.exits).toEqual([130]);
    await run.ended;
  });

  it('waits for a command that runs when the input ends, but not with --exit-with-stdin', async () => {
    for (const exitWithStdin of [false, true]) {
      const download = createFakeDownload();
      const downloadFile = vi.fn(async () => download);
      await using run = await start('download_file films a.txt\n', { exitWithStdin }, { downloadFile });
      await vi.waitFor(() => expect(downloadFile).toHaveBeenCalled());
      run.world.stdin.end();
      if (!exitWithStdin) {
        await vi.waitFor(() => expect(run.world.stdin.readableEnded).toBe(true));
        download.complete();
      }
      expect(await run.ended).toBe(exitWithStdin ? 143 : 0);
    }
  });

  it('ends when nobody reads its output any more', async () => {
    await using run = await start('logout\n', {}, { logout: ok });
    await vi.waitFor(() => expect(run.out()).toContain('Logged out'));
    run.world.stdout.emit('error', Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    expect(await run.ended).toBe(143);
    expect(run.peer.closed).toBe(true);
  });

  it('passes the strategy on', async () => {
    const download = createFakeDownload();
    download.complete();
    const downloadFile = vi.fn(async () => download);
    await using run = await start('download_file films a.txt\n', { strategy: 'random' }, { downloadFile });
    run.world.stdin.end();
    await run.ended;
    expect(downloadFile).toHaveBeenCalledWith(
      'films',
      'a.txt',
      expect.objectContaining({ strategy: 'random' }),
    );
  });
});
