/**
 * The processes of the demonstration: how each is started, what is shown of it, and that all of them end.
 */
import { join } from 'node:path';
import type { Clock } from '@minitorrent/rpc-core';
import { CliError } from '../cli-error.ts';
import type { DownloadRow } from '../output/file-reports.ts';
import type { ProgressBoard } from '../output/progress-board.ts';
import type { JsonLine, ProgressSample } from '../output/reports.ts';
import { makeDeviceId } from '../places/make-device-id.ts';
import { type DemoProcess, startDemoProcess } from './demo-process.ts';
import type { QuietWatch } from './quiet-watch.ts';

export interface CastOptions {
  /** Everything that the processes write goes below it. */
  readonly folder: string;
  /** What starts the program: arguments of Node.js and the program's file. */
  readonly program: readonly string[];
  readonly clock: Clock;
  readonly watch: Pick<QuietWatch, 'see'>;
  readonly board: Pick<ProgressBoard, 'watch'>;
  /** Sees every report of every process. */
  readonly onReport?: (name: string, line: JsonLine) => void;
}

export interface Cast extends AsyncDisposable {
  /** Rejects when any process ends by itself; never resolves. */
  readonly died: Promise<never>;
  /** Starts the tracker; answers its address with its pin. */
  startTracker(): Promise<string>;
  /** Starts a tracker or a witness that others know under `address` already. */
  startService(name: string, args: readonly string[]): Promise<DemoProcess>;
  /** Makes the key of a service that is to be started, and answers the device id. */
  identify(role: 'tracker' | 'witness', name: string): Promise<string>;
  /** Starts a peer that knows the trackers at `places`, with pins. */
  startPeer(name: string, places: string): Promise<DemoProcess>;
}

export function createCast(options: CastOptions): Cast {
  const { folder, program, clock, watch, board } = options;
  const services: DemoProcess[] = [];
  const peers: DemoProcess[] = [];
  let isClosed = false;
  const { promise: died, reject } = Promise.withResolvers<never>();
  died.catch(() => undefined);

  const start = async (list: DemoProcess[], name: string, args: readonly string[]) => {
    if (isClosed) throw new CliError('cancelled', `Cannot start ${name}: the demonstration is over`);
    const show = createProgressView(name, board);
    const started = startDemoProcess({
      name,
      clock,
      args: [...program, ...args, '--json', '--exit-with-stdin', '--data', join(folder, name)],
      onReport(line) {
        watch.see(name, line);
        options.onReport?.(name, line);
        show(line);
      },
    });
    list.push(started);
    started.died.catch(reject);
    const ready = await started.take((line) => line.type === 'event' && line.event === 'listening');
    return { started, place: `${ready.address}#${ready.deviceId}` };
  };

  return {
    died,
    async startTracker() {
      const { place } = await start(services, 'tracker', ['tracker', '--listen', '127.0.0.1:0']);
      return place;
    },
    startService: async (name, args) => (await start(services, name, args)).started,
    identify: (role, name) => makeDeviceId(join(folder, name, role)),
    async startPeer(name, places) {
      const downloads = join(folder, `${name}-downloads`);
      const args = ['peer', '--tracker', places, '--listen', '127.0.0.1:0', '--downloads', downloads];
      return (await start(peers, name, args)).started;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
      // What was started first ends last.
      for (const service of services.reverse()) await service[Symbol.asyncDispose]();
    },
  };
}

/** Puts on the board what a process is at: hashing until it is done, a download to the end with a full bar. */
function createProgressView(name: string, board: Pick<ProgressBoard, 'watch'>): (line: JsonLine) => void {
  let latest: ProgressSample | undefined;
  let stopShowing: (() => void) | undefined;
  const show = (sample: ProgressSample) => {
    latest = sample;
    stopShowing ??= board.watch(() => latest ?? sample);
  };
  return (line) => {
    if (line.type === 'progress') {
      show(line.activity === 'download' ? demoDownload(name, line.download) : line);
    } else if (line.type === 'result' && line.command === 'download_file') {
      show(demoDownload(name, line.download));
    } else if (line.type === 'result' || line.type === 'error') {
      stopShowing?.();
      stopShowing = undefined;
    }
  };
}

function demoDownload(userId: string, download: DownloadRow): ProgressSample {
  return { activity: 'demo-download', userId, download };
}
