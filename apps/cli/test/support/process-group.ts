/** A tracker and peers of several people, as processes of the program itself. */
import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@minitorrent/rpc-core';
import { vi } from 'vitest';
import { type DemoProcess, startDemoProcess } from '../../src/demo/demo-process.ts';
import type { DownloadRow } from '../../src/output/file-reports.ts';
import type { JsonLine } from '../../src/output/reports.ts';

const PROGRAM = ['--conditions=@minitorrent/source', join(import.meta.dirname, '..', '..', 'src', 'main.ts')];
export const PASSWORD = 'correct horse battery';
/** A whole machine may be busy with other tests. */
const PATIENCE_MS = 40_000;

export interface Report {
  readonly line: JsonLine;
  readonly atMs: number;
}

type ErrorLine = Extract<JsonLine, { readonly type: 'error' }>;

export interface PeerProcess extends DemoProcess {
  /** All that it told so far. */
  readonly reports: readonly Report[];
  /** Where other peers reach it, and which device it is. */
  readonly listening: Extract<JsonLine, { readonly event: 'listening' }>;
  readonly downloads: string;
  /** The newest progress of its download of that name that `matches`. */
  progress(name: string, matches: (row: DownloadRow, atMs: number) => boolean): Promise<DownloadRow>;
  /** The failure that a command ends in. */
  refused(command: string, args: readonly string[], answers?: readonly string[]): Promise<JsonLine>;
  /** Passes nothing on between it and the tracker any more: it hears of nothing. */
  deafen(): void;
}

export interface ProcessGroup extends AsyncDisposable {
  readonly folder: string;
  nowMs(): number;
  killTracker(): Promise<void>;
  /** Starts a peer on a data folder of its own, a device, with these options beside the usual ones. */
  startPeer(device: string, ...options: readonly string[]): Promise<PeerProcess>;
  /** The same, with a user of that name, registered and logged in. */
  welcome(userId: string, ...options: readonly string[]): Promise<PeerProcess>;
}

export async function createProcessGroup(): Promise<ProcessGroup> {
  const opened = new AsyncDisposableStack();
  await using starting = new AsyncDisposableStack();
  starting.use(opened);
  const folder = opened.use(await mkdtempDisposable(join(tmpdir(), 'minitorrent-group-')));
  const clock = createSystemClock();
  const launch = async (name: string, args: readonly string[]) => {
    const reports: Report[] = [];
    const started = startDemoProcess({
      ...{ name, clock },
      args: [...PROGRAM, ...args, '--data', join(folder.path, name), '--json', '--exit-with-stdin'],
      onReport: (line) => reports.push({ line, atMs: clock.now() }),
    });
    opened.defer(() => started.kill());
    const listening = await started.take((line) => line.type === 'event' && line.event === 'listening');
    return { started, reports, listening };
  };
  const tracker = await launch('tracker', ['tracker', '--listen', '127.0.0.1:0']);

  const startPeer = async (device: string, ...options: readonly string[]): Promise<PeerProcess> => {
    const relay = opened.use(await openRelay(tracker.listening.address));
    const downloads = join(folder.path, `${device}-downloads`);
    const place = `127.0.0.1:${relay.port}#${tracker.listening.deviceId}`;
    const more = ['--downloads', downloads, '--device-name', device, '--keep-going', ...options];
    const { started, reports, listening } = await launch(device, [
      ...['peer', '--tracker', place, '--listen', '127.0.0.1:0', ...more],
    ]);
    return Object.assign(started, {
      ...{ reports, listening, downloads, deafen: () => relay.deafen() },
      progress: (name: string, matches: (row: DownloadRow, atMs: number) => boolean) =>
        vi.waitFor(() => findProgress(reports, name, matches), { timeout: PATIENCE_MS, interval: 20 }),
      async refused(command: string, args: readonly string[], answers?: readonly string[]) {
        started.type(command, args, answers);
        return await started.take(
          (line): line is ErrorLine => line.type === 'error' && line.command === command,
        );
      },
    });
  };
  // Nothing failed: whoever asked for the group closes it.
  starting.move();
  return {
    folder: folder.path,
    nowMs: () => clock.now(),
    killTracker: () => tracker.started.kill(),
    startPeer,
    async welcome(userId, ...options) {
      const peer = await startPeer(userId, ...options);
      await peer.run('create_user', [userId], [PASSWORD]);
      await peer.run('login', [userId], [PASSWORD]);
      return peer;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function findProgress(
  reports: readonly Report[],
  name: string,
  matches: (row: DownloadRow, atMs: number) => boolean,
): DownloadRow {
  for (const { line, atMs } of reports.toReversed()) {
    if (line.type !== 'progress' || line.activity !== 'download' || line.download.name !== name) continue;
    if (matches(line.download, atMs)) return line.download;
  }
  throw new Error(`No such progress of ${name} among ${reports.length} reports`);
}

/** Passes bytes on to `address`, until nothing shall be heard any more; connections stay open then. */
async function openRelay(address: string) {
  const [host, port] = address.split(':');
  const sockets = new Set<Socket>();
  let isDeaf = false;
  const server = createServer((near) => {
    const far = createConnection({ host, port: Number(port) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => isDeaf || to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        if (!isDeaf) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A server that listens on TCP has such an address.
    port: (server.address() as AddressInfo).port,
    deafen() {
      isDeaf = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
