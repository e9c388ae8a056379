/**
 * The processes of the demonstration: how each is started, what is shown of it, and that all of them end.
 */
import { join } from 'node:path';
import type { Clock } from '@minitorrent/rpc-core';
import { CliError } from '../cli-error.ts';
import type { ProgressBoard } from '../output/progress-board.ts';
import type { DownloadRow, JsonLine, ProgressSample } from '../output/reports.ts';
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
}

export interface Cast extends AsyncDisposable {
  /** Rejects when any process ends by itself; never resolves. */
  readonly died: Promise<never>;
  /** Starts the tracker; answers its address. */
  startTracker(): Promise<string>;
  /** Starts a peer that knows the tracker at `address`. */
  startPeer(name: string, address: string): Promise<DemoProcess>;
}

export function createCast(options: CastOptions): Cast {
  const { folder, program, clock, watch, board } = options;
  const processes: DemoProcess[] = [];
  let isClosed = false;
  const { promise: died, reject } = Promise.withResolvers<never>();
  died.catch(() => undefined);

  const start = async (name: string, args: readonly string[]) => {
    if (isClosed) throw new CliError('cancelled', `Cannot start ${name}: the demonstration is over`);
    const show = createProgressView(name, board);
    const started = startDemoProcess({
      name,
      clock,
      args: [...program, ...args, '--json', '--exit-with-stdin', '--data', join(folder, name)],
      onReport(line) {
        watch.see(name, line);
        show(line);
      },
    });
    processes.push(started);
    started.died.catch(reject);
    const ready = await started.take((line) => line.type === 'event' && line.event === 'listening');
    return { started, address: ready.address };
  };

  return {
    died,
    async startTracker() {
      const { address } = await start('tracker', ['tracker', '--listen', '127.0.0.1:0']);
      return address;
    },
    async startPeer(name, address) {
      const downloads = join(folder, `${name}-downloads`);
      const args = ['peer', '--tracker', address, '--listen', '127.0.0.1:0', '--downloads', downloads];
      return (await start(name, args)).started;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      // The tracker was started first and ends last.
      const [tracker, ...peers] = processes;
      await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
      await tracker?.[Symbol.asyncDispose]();
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
