/** The commands with a real tracker, real peers and real sockets; only the standard streams are pretended. */

import { randomBytes } from 'node:crypto';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@minitorrent/rpc-core';
import { describe, expect, it, vi } from 'vitest';
import { type PeerCommandOptions, runPeer } from '../src/commands/peer.ts';
import { runTracker } from '../src/commands/tracker.ts';
import type { JsonLine } from '../src/output/reports.ts';
import { peerTools, trackerTools } from '../src/system.ts';
import { createFakeWorld, type FakeWorld } from './support/fake-world.ts';

const PASSWORD = 'correct horse battery';

async function openScene() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-end-to-end-'));
  const programs: { readonly world: FakeWorld; readonly ended: Promise<number> }[] = [];
  const start = (run: (world: FakeWorld) => Promise<number>) => {
    const world: FakeWorld = Object.assign(createFakeWorld(), { clock: createSystemClock() });
    const program = { world, ended: run(world) };
    programs.push(program);
    return program;
  };
  const reports = (world: FakeWorld) => world.json() as JsonLine[];
  const waitFor = <L extends JsonLine>(world: FakeWorld, matches: (line: JsonLine) => line is L) =>
    vi.waitFor(
      () => {
        const found = reports(world).find(matches);
        if (found === undefined) throw new Error(`Not in ${world.out()}`);
        return found;
      },
      { timeout: 20_000 },
    );
  const tracker = start((world) =>
    runTracker(
      { listen: '127.0.0.1:0', data: folder.path, metrics: '127.0.0.1:0', json: true, log: 'json' },
      world,
      trackerTools,
    ),
  );
  const monitoring = await waitFor(
    tracker.world,
    (line) => line.type === 'event' && line.event === 'monitoring',
  );
  const listening = await waitFor(
    tracker.world,
    (line) => line.type === 'event' && line.event === 'listening',
  );
  return {
    folder: folder.path,
    tracker: tracker.world,
    get: async (path: string) => await (await fetch(`http://${monitoring.address}${path}`)).text(),
    startPeer(name: string, options: Partial<PeerCommandOptions> = {}) {
      const data = join(folder.path, name);
      const defaults = { tracker: listening.address, listen: '127.0.0.1:0', json: true, keepGoing: true };
      const given = { ...defaults, data, downloads: join(data, 'downloads'), ...options };
      const { world, ended } = start((ownWorld) => runPeer(given, ownWorld, peerTools));
      let answered = 0;
      return {
        world,
        ended,
        waitFor: <L extends JsonLine>(matches: (line: JsonLine) => line is L) => waitFor(world, matches),
        /** Types lines that make one command; answers its result or failure. */
        async run(...lines: string[]): Promise<JsonLine> {
          world.stdin.write(`${lines.join('\n')}\n`);
          const answers = () =>
            reports(world).filter((line) => line.type === 'result' || line.type === 'error');
          await vi.waitFor(() => expect(answers().length).toBeGreaterThan(answered), { timeout: 20_000 });
          answered += 1;
          const answer = answers()[answered - 1];
          if (answer === undefined) throw new Error(`No answer to ${lines[0]}`);
          return answer;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const { world, ended } of programs.toReversed()) {
        world.signals.emit('SIGTERM');
        await ended;
      }
      await folder.remove();
    },
  };
}

describe('minitorrent, all of it', () => {
  it('shares a file with a space in its name inside a group, and tells every mistake', async () => {
    await using scene = await openScene();
    const path = join(scene.folder, "alice's film.mkv");
    const content = randomBytes(3_000_000);
    await writeFile(path, content);
    const [alice, bob] = [scene.startPeer('alice'), scene.startPeer('bob')];

    expect(await bob.run('list_groups')).toMatchObject({
      type: 'error',
      code: 'not_logged_in',
      advice: expect.stringMatching(/login/),
    });
    expect(await alice.run('create_user alice short q')).toMatchObject({
      code: 'weak_password',
      advice: expect.stringMatching(/12/),
    });
    expect(await alice.run('create_user alice', PASSWORD)).toMatchObject({
      command: 'create_user',
      userId: 'alice',
    });
    expect(await bob.run(`create_user alice "${PASSWORD}"`)).toMatchObject({ code: 'user_exists' });
    expect(await alice.run('login alice', 'wrong horse battery')).toMatchObject({ code: 'wrong_password' });
    expect(await alice.run(`login alice '${PASSWORD}' q`)).toMatchObject({ type: 'result', userId: 'alice' });
    await bob.run('create_user bob', PASSWORD);
    await bob.run('login bob', PASSWORD);

    expect(await alice.run('create_group films q')).toMatchObject({ type: 'result', groupId: 'films' });
    expect(await bob.run('create_group films')).toMatchObject({ code: 'group_exists' });
    expect(await bob.run('list_file films')).toMatchObject({
      code: 'not_a_member',
      advice: expect.stringMatching(/join_group/),
    });
    expect(await bob.run('join_group nowhere')).toMatchObject({ code: 'unknown_group' });
    expect(await bob.run('join_group films')).toMatchObject({ type: 'result', status: 'requested' });
    await alice.waitFor((line) => line.type === 'event' && line.event === 'join-request');
    expect(await alice.run('list_requests')).toMatchObject({
      requests: [{ groupId: 'films', userId: 'bob' }],
    });
    expect(await bob.run('accept_request films bob')).toMatchObject({ type: 'error' });
    expect(await alice.run('accept_request films bob')).toMatchObject({ type: 'result', userId: 'bob' });
    await bob.waitFor((line) => line.type === 'event' && line.event === 'membership-changed');
    expect(await bob.run('join_group films')).toMatchObject({ code: 'already_member' });

    expect(await alice.run(`upload_file films "${path}" 3000001`)).toMatchObject({ code: 'wrong_size' });
    expect(await alice.run(`upload_file films "${scene.folder}"`)).toMatchObject({ code: 'not_a_file' });
    expect(await alice.run(`upload_file films "${path}.none"`)).toMatchObject({
      type: 'error',
      advice: expect.stringMatching(/path/),
    });
    expect(await alice.run(`upload_file films "${path}" 3000000 q`)).toMatchObject({
      share: { size: 3_000_000 },
    });
    expect(await bob.run('list_file films')).toMatchObject({
      files: [{ name: "alice's film.mkv", seeders: 1 }],
    });
    expect(await bob.run('download_file films nothing')).toMatchObject({
      code: 'unknown_file',
      advice: expect.stringMatching(/list_file/),
    });
    const got = await bob.run("download_file films alice\\'s\\ film.mkv q");
    expect(got).toMatchObject({
      command: 'download_file',
      status: 'completed',
      download: { state: 'completed', verifiedBytes: 3_000_000, peers: [{ userId: 'alice' }] },
    });
    const arrived = join(scene.folder, 'bob', 'downloads', "alice's film.mkv");
    expect((await readFile(arrived)).equals(content)).toBe(true);
    expect(await bob.run(`download_file films "alice's film.mkv"`)).toMatchObject({
      type: 'error',
      advice: expect.stringMatching(/./),
    });

    expect(await alice.run('show_shares')).toMatchObject({
      shares: [{ state: 'serving', uploadedBytes: 3_000_000 }],
    });
    expect(await alice.run(`stop_share films "alice's film.mkv"`)).toMatchObject({ type: 'result' });
    expect(await bob.run('leave_group films')).toMatchObject({ type: 'result' });
    expect(await bob.run('logout q')).toMatchObject({ type: 'result' });
    bob.world.stdin.end();
    // Mistakes were made; the first of them was no matter of spelling.
    expect(await bob.ended).toBe(1);
  });

  it('shows what a tracker does in its metrics and its log, and no password', async () => {
    await using scene = await openScene();
    const alice = scene.startPeer('alice');
    await alice.run('create_user alice', PASSWORD);
    await alice.run('login alice', 'wrong horse battery');
    await alice.run('login alice', PASSWORD);
    await alice.run('create_group films');
    expect(JSON.parse(await scene.get('/readyz'))).toMatchObject({ ready: true });
    const metrics = await scene.get('/metrics');
    for (const line of [
      'minitorrent_tracker_users 1',
      'minitorrent_tracker_groups 1',
      'minitorrent_tracker_sessions 1',
      // The user, her device, and the group.
      'minitorrent_tracker_durable_index 3',
      'minitorrent_tracker_logins_total{outcome="failed"} 1',
      'minitorrent_tracker_logins_total{outcome="succeeded"} 1',
      'minitorrent_tracker_calls_total{method="create_group",outcome="ok"} 1',
      'minitorrent_tracker_calls_total{method="login",outcome="wrong_password"} 1',
      'minitorrent_tracker_call_duration_seconds_count{method="create_user"} 1',
    ]) {
      expect(metrics).toContain(`\n${line}\n`);
    }
    expect(metrics).toMatch(/\nprocess_resident_memory_bytes \d+\n/);
    expect(metrics).toMatch(/\nnodejs_eventloop_lag_p99_seconds [\d.e-]+\n/);
    expect(metrics).not.toMatch(/nodejs_active|utilization/);
    const log = scene.tracker.err();
    expect(log).toMatch(/"warn","event":"login_failed","userId":"alice","host":"127.0.0.1"/);
    expect(log).toMatch(/"info","event":"logged_in"/);
    expect(log + metrics).not.toMatch(/horse/);
  });

  it('refuses a data folder that is in use', async () => {
    await using scene = await openScene();
    const alice = scene.startPeer('alice');
    await alice.waitFor((line) => line.type === 'event' && line.event === 'listening');
    const twin = scene.startPeer('alice');
    expect(await twin.ended).toBe(1);
    expect(twin.world.json()).toMatchObject([
      { type: 'error', command: 'peer', advice: expect.stringMatching(/--data/) },
    ]);
    const world = createFakeWorld();
    const again = { listen: '127.0.0.1:0', data: scene.folder, json: true };
    expect(await runTracker(again, world, trackerTools)).toBe(1);
    expect(world.json()).toMatchObject([
      { type: 'error', command: 'tracker', code: 'locked', advice: expect.stringMatching(/--data/) },
    ]);
  });
});
