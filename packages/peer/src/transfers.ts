/** What a user of a peer sees of files on their way: shares, downloads and how fast they may be. Types only. */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import type { Address } from '@minitorrent/rpc-core';
import type { CallOptions } from './groups.ts';

/** How a downloader chooses its next piece and the peer to ask: `random` is the seed's algorithm. */
export type PickStrategyName = 'rarest-first' | 'random' | 'sequential';

/** A file that this peer serves from where it lies. */
export interface Share {
  readonly groupId: string;
  readonly file: FileDescriptor;
  readonly path: string;
  /**
   * `changed`: the file on disk is no longer the one that was shared, so it is not served. `unreadable`: the operating
   * system does not let this program read it, or cannot.
   */
  readonly state: 'serving' | 'changed' | 'missing' | 'unreadable';
  readonly uploadedBytes: number;
}

export interface ShareOptions extends CallOptions {
  /** The size that the user believes the file has, bytes; another size on disk is refused with `wrong_size`. */
  readonly expectedSize?: number;
  /** Bytes hashed so far, of how many. */
  readonly onProgress?: (hashedBytes: number, totalBytes: number) => void;
}

export interface DownloadOptions extends CallOptions {
  /** Where the finished file goes; the peer's download folder by default. */
  readonly folder?: string;
  readonly strategy?: PickStrategyName;
  /** What is fetched first and in order, for a preview or a player; not kept over a restart. */
  readonly first?: ByteRange | undefined;
  /** Replaces an existing file of that name; without it the download is refused with `file_exists`. */
  readonly overwrite?: boolean;
}

/** Bytes per second of all transfers together, 16 KiB or more; undefined is no limit. */
export interface TransferLimits {
  readonly upBytesPerSecond?: number | undefined;
  readonly downBytesPerSecond?: number | undefined;
}

/** Limits for a span of each day, in local time: from one minute of the day (0 to 1439) to before another, past midnight too. */
export interface ScheduledLimits extends TransferLimits {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** The general limits, and those that hold in their place at times; of several spans the first counts. */
export interface TransferPlan extends TransferLimits {
  readonly schedule?: readonly ScheduledLimits[] | undefined;
}

/** Bytes of a file, `last` included; the end of the file where it lies beyond. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Why a download is not getting faster, in the words of a user interface. */
export type WaitingReason =
  | 'tracker'
  | 'no_peers'
  | 'connecting'
  | 'no_source_for_pieces'
  | 'slow_peers'
  | 'disk_full'
  | 'paused';

export interface DownloadPeer {
  readonly userId: string;
  readonly address: Address;
  readonly state: 'connecting' | 'connected' | 'waiting' | 'banned';
  /** Why it is not connected, in a sentence for people: it cannot be reached, or one of the two is not let into the group. */
  readonly problem?: string | undefined;
  /** Pieces that came from this peer and were verified. */
  readonly pieces: number;
  readonly bytesPerSecond: number;
}

export interface DownloadProgress {
  readonly state: 'starting' | 'downloading' | 'completing' | 'completed' | 'failed' | 'cancelled';
  readonly totalBytes: number;
  readonly verifiedBytes: number;
  readonly totalPieces: number;
  readonly verifiedPieces: number;
  /** Pieces that were on disk and verified before this run: nothing of them was fetched again. */
  readonly resumedPieces: number;
  readonly bytesPerSecond: number;
  /** Undefined while nothing comes in. */
  readonly secondsLeft: number | undefined;
  /** Undefined while it runs as it should. */
  readonly waitingFor: WaitingReason | undefined;
  readonly peers: readonly DownloadPeer[];
}

/** One file on its way. It goes on after a restart of the peer until it is complete or cancelled. */
export interface Download {
  readonly groupId: string;
  readonly name: string;
  /** Where the bytes are now, a `.part` file until it is complete; undefined until that is open. */
  readonly path: string | undefined;
  progress(): DownloadProgress;
  /** From now on this comes first, in order; undefined ends that. */
  fetchFirst(range: ByteRange | undefined): void;
  /** Resolves with the path of the complete file; rejects with the coded error that ended the download. */
  readonly completed: Promise<string>;
  /** Stops it and removes what was fetched. */
  cancel(): Promise<void>;
}
