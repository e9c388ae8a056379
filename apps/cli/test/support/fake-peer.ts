/**
 * A peer that does what a test scripted and throws on every other call, so that a command cannot quietly do too much.
 */
import { EventEmitter } from 'node:events';
import type { Download, DownloadProgress, Peer, PeerEvents, Share } from '@minitorrent/peer';
import { device } from './devices.ts';

export interface FakePeer extends Peer {
  /** Reports an event as the peer would. */
  emit<E extends keyof PeerEvents>(event: E, ...args: PeerEvents[E]): boolean;
  listenerCount(event: keyof PeerEvents): number;
  readonly closed: boolean;
}

export function createFakePeer(scripted: Partial<Peer> = {}): FakePeer {
  const events = new EventEmitter();
  let closed = false;
  const close = async () => {
    closed = true;
  };
  const basics: Record<string | symbol, unknown> = {
    address: { host: '127.0.0.1', port: 4000 },
    deviceId: device(4),
    userId: undefined,
    on: (name: string, listener: () => void) => events.on(name, listener),
    off: (name: string, listener: () => void) => events.off(name, listener),
    emit: (name: string, ...args: unknown[]) => events.emit(name, ...args),
    listenerCount: (name: string) => events.listenerCount(name),
    close,
    [Symbol.asyncDispose]: close,
  };
  const fake = new Proxy(basics, {
    get(target, name) {
      if (name === 'closed') return closed;
      // A promise that resolves with the peer looks for this.
      if (name === 'then') return undefined;
      if (name in scripted) return scripted[name as keyof Peer];
      if (name in target) return target[name];
      throw new Error(`The test has not scripted peer.${String(name)}`);
    },
  });
  // The proxy answers every member of Peer: from the script, from the basics, or by throwing.
  return fake as unknown as FakePeer;
}

export interface FakeDownload extends Download {
  complete(): void;
  fail(error: Error): void;
  change(progress: Partial<DownloadProgress>): void;
}

/** A download of 100 bytes in 4 pieces, of which 25 bytes are here. */
export function createFakeDownload(name = 'a.txt', groupId = 'films'): FakeDownload {
  const { promise: completed, resolve, reject } = Promise.withResolvers<string>();
  completed.catch(() => undefined);
  const path = `/downloads/${name}`;
  let progress: DownloadProgress = {
    state: 'downloading',
    totalBytes: 100,
    verifiedBytes: 25,
    totalPieces: 4,
    verifiedPieces: 1,
    resumedPieces: 0,
    bytesPerSecond: 10.4,
    secondsLeft: undefined,
    waitingFor: undefined,
    peers: [
      {
        userId: 'alice',
        address: { host: '::1', port: 9 },
        state: 'connected',
        pieces: 1,
        bytesPerSecond: 10.4,
      },
    ],
  };
  const change = (changes: Partial<DownloadProgress>) => {
    progress = { ...progress, ...changes };
  };
  return {
    groupId,
    name,
    path,
    completed,
    change,
    progress: () => progress,
    cancel: async () => change({ state: 'cancelled' }),
    fetchFirst: () => undefined,
    complete() {
      change({ state: 'completed', verifiedBytes: 100, verifiedPieces: 4, bytesPerSecond: 0 });
      resolve(path);
    },
    fail(error) {
      change({ state: 'failed' });
      reject(error);
    },
  };
}

export function createFakeShare(changes: Partial<Share> = {}): Share {
  return {
    groupId: 'films',
    file: { name: 'a.txt', size: 100, pieceLength: 65_536, root: new Uint8Array(32).fill(0xab) },
    path: '/files/a.txt',
    state: 'serving',
    uploadedBytes: 7,
    ...changes,
  };
}
