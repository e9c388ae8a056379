/** What the commands about files have to say, as plain data, as in reports.ts: files, shares and downloads. */
import type { PickStrategyName } from '@minitorrent/peer';

export interface FileRow {
  readonly name: string;
  readonly size: number;
  /** The BEP 52 pieces root, 64 hexadecimal digits. */
  readonly root: string;
  readonly sharedBy: string;
  /** Which device of theirs signed it; null where that is not proved. */
  readonly sharedByDevice: string | null;
  /** Whether it did. What is not signed cannot be downloaded. */
  readonly isSigned: boolean;
  readonly sharedAtMs: number;
  readonly seeders: number;
  readonly leechers: number;
}

export interface ShareRow {
  readonly groupId: string;
  readonly name: string;
  readonly size: number;
  readonly root: string;
  readonly path: string;
  readonly state: string;
  /** Whether a tracker lists it, without which nobody finds it; null where none tells. */
  readonly isListed: boolean | null;
  readonly uploadedBytes: number;
}

/** Where pieces of a download came from. */
export interface SourceRow {
  readonly userId: string;
  readonly address: string;
  readonly state: string;
  readonly pieces: number;
  readonly bytesPerSecond: number;
}

export interface DownloadRow {
  readonly groupId: string;
  readonly name: string;
  readonly path: string | null;
  readonly state: string;
  readonly totalBytes: number;
  readonly verifiedBytes: number;
  readonly totalPieces: number;
  readonly verifiedPieces: number;
  readonly resumedPieces: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  readonly waitingFor: string | null;
  readonly peers: readonly SourceRow[];
}

/** `started`: it goes on in the background. `completed`: the file is at `path`; `seconds` is the time of this run. */
export interface DownloadResult {
  readonly command: 'download_file';
  readonly status: 'started' | 'completed';
  readonly strategy: PickStrategyName | null;
  readonly seconds: number;
  readonly download: DownloadRow;
  /** Who shared it, as a device of theirs signed; null where no tracker tells now. */
  readonly sharedBy: string | null;
  readonly sharedByDevice: string | null;
}
