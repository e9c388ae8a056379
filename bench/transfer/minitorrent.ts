/**
 * Ours: a tracker and peers as users run them, from the built program, driven by the commands that anybody would type.
 * All connections are encrypted, and every piece is verified before it is written.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteWord } from '../../apps/cli/src/shell/tokenize.ts';
import { type Driven, type Report, startDriven } from './driven.ts';
import type { Place } from './lab.ts';
import type { Job, Leecher, Session, System } from './system.ts';

/** The program with the flag of its first line. */
const MAIN = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
const GROUP = 'bench';
/** Known to everybody who reads this; the users live as long as one round. */
const PASSWORD = 'a-password-for-one-round';

/** Options of the command `peer`, as people write them; none unless given. */
export interface PeerArguments {
  readonly seeders?: readonly string[];
  readonly leechers?: readonly string[];
}

export const minitorrent: System = minitorrentWith('minitorrent', {});

/** Ours with options, which its name tells of. */
export function minitorrentWith(name: string, args: PeerArguments): System {
  return { name, version: '', open: (job) => open(job, args) };
}

async function open({ source, folder, lab }: Job, args: PeerArguments): Promise<Session> {
  if (!existsSync(MAIN)) throw new Error('The program is not built: pnpm build');
  await using cleanup = new AsyncDisposableStack();
  const tracker = cleanup.use(
    startProgram('tracker', lab.hub, ['tracker', ...at(lab.hub), '--data', join(folder, 'tracker')]),
  );
  const listening = await tracker.take(({ event }) => event === 'listening');
  const trackers = `${listening.address}#${listening.deviceId}`;
  const start = (role: 'seeder' | 'leecher', places: readonly Place[], more: readonly string[] = []) =>
    Promise.all(
      places.map(async (place, index) => {
        const peer = await startPeer({ name: `${role}${index}`, place, folder, trackers, more });
        cleanup.use(peer.process);
        return peer;
      }),
    );
  const seeders = await start('seeder', lab.seeders, args.seeders);
  const leechers = await start('leecher', lab.leechers, args.leechers);
  await meet([...seeders, ...leechers].map(({ process }) => process));
  const [founder, ...others] = seeders.map(({ process }) => process);
  if (founder !== undefined) await runCommand(founder, 'upload_file', GROUP, source.path);
  // A file has one name and one who shares it: whoever else seeds has downloaded it.
  await Promise.all(others.map((seeder) => runCommand(seeder, 'download_file', GROUP, source.name)));

  const running = cleanup.move();
  return {
    seeders: seeders.map(({ process }) => process),
    leechers: leechers.map(
      ({ process, readySeconds }): Leecher => ({
        process,
        readySeconds,
        async download() {
          await runCommand(process, 'download_file', GROUP, source.name);
          return { path: join(folder, `${process.name}-downloads`, source.name) };
        },
      }),
    ),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface PeerOptions {
  readonly name: string;
  readonly place: Place;
  readonly folder: string;
  readonly trackers: string;
  readonly more: readonly string[];
}

/** A peer that has registered and logged in. Registering happens once in a life, and is no part of its start. */
async function startPeer({ name, place, folder, trackers, more }: PeerOptions) {
  const startedAt = performance.now();
  const folders = ['--data', join(folder, name), '--downloads', join(folder, `${name}-downloads`)];
  const process = startProgram(name, place, [
    'peer',
    '--tracker',
    trackers,
    ...at(place),
    ...folders,
    ...more,
  ]);
  await process.take(({ event }) => event === 'listening');
  const listensAfter = performance.now() - startedAt;
  await runCommand(process, 'create_user', name, PASSWORD);
  const loginAt = performance.now();
  await runCommand(process, 'login', name, PASSWORD);
  return { process, readySeconds: (listensAfter + performance.now() - loginAt) / 1000 };
}

/** The first makes a group and invites the others. */
async function meet([founder, ...others]: readonly Driven[]): Promise<void> {
  if (founder === undefined) return;
  await runCommand(founder, 'create_group', GROUP);
  if (others.length === 0) return;
  const { code } = await runCommand(founder, 'invite', GROUP, '--uses', String(others.length));
  await Promise.all(others.map((other) => runCommand(other, 'join_group', GROUP, String(code))));
}

/** Types a command, and resolves with its result. */
async function runCommand(peer: Driven, command: string, ...args: readonly string[]): Promise<Report> {
  peer.send([command, ...args.map(quoteWord)].join(' '));
  const end = await peer.take((line) => line.command === command && line.type !== 'event');
  if (end.type === 'result') return end;
  throw new Error(`${peer.name}: ${command}: ${end.message} (${end.code})`);
}

function startProgram(name: string, place: Place, args: readonly string[]): Driven {
  const program = ['--max-semi-space-size=1', MAIN];
  const always = ['--json', '--exit-with-stdin'];
  return startDriven({ name, place, command: process.execPath, args: [...program, ...args, ...always] });
}

function at(place: Place): readonly string[] {
  return ['--listen', `${place.host}:0`];
}
