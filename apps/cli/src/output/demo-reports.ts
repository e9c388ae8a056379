/** What the demonstration tells, as plain data, as in reports.ts. */

/** What the demonstration ends with. */
export interface DemoResult {
  readonly command: 'demo';
  /** True when every peer has the same bytes as the source. */
  readonly ok: boolean;
  readonly file: { readonly name: string; readonly size: number; readonly sha256: string };
  readonly sharedBy: string;
  readonly downloads: readonly DemoDownload[];
  /** What came of the loss of a tracker; null where none was lost. */
  readonly failover: FailoverResult | null;
}

/** A tracker was killed while others registered and downloaded. */
export interface FailoverResult {
  readonly killed: string;
  readonly successor: string;
  /** The longest time that somebody who registered had to wait. */
  readonly longestWaitSeconds: number;
  /** The longest time in which a download that was under way got no byte; exact to half a second. */
  readonly longestTransferPauseSeconds: number;
  /** From the start of the tracker that was killed until it had everything. */
  readonly backInSyncSeconds: number;
  /** Registrations that were answered, and those of them that were gone afterwards. */
  readonly acknowledged: number;
  readonly lost: number;
}

export interface DemoDownload {
  readonly userId: string;
  readonly seconds: number;
  readonly bytesPerSecond: number;
  readonly totalPieces: number;
  /** Pieces by the user they came from. */
  readonly piecesFrom: Readonly<Record<string, number>>;
  readonly sha256: string;
}
