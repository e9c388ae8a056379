/** What those are told who run trackers, or set a peer up for them, as plain data, as in reports.ts. */

/** Where somebody is, and which device that has to be. */
export interface PlaceRow {
  readonly address: string;
  readonly deviceId: string;
}

/** A link that was stored in place of the one before. */
export interface ConnectResult {
  readonly command: 'connect';
  readonly trackers: readonly PlaceRow[];
  readonly dataFolder: string;
  /** Addresses at which another device had to answer until then. */
  readonly changed: readonly string[];
}

/** A register that was made. `epoch` is 0 for a new cluster, and where the one before was for one in place of a lost one. */
export interface WitnessInitResult {
  readonly command: 'witness_init';
  readonly clusterId: string;
  readonly place: string;
  readonly epoch: number;
}

/** A copy of a tracker's journal: a file beside a data folder. */
export interface JournalCopy {
  readonly file: string;
  readonly dataFolder: string;
  /** Those that are kept one by one; what came before them is in a snapshot. */
  readonly entries: number;
  readonly headIndex: number;
  readonly bytes: number;
}

/** What a tracker is, alone or among others. Stores are named by 32 hexadecimal digits. */
export interface TrackerStatusRow {
  readonly address: string;
  readonly role: string;
  /** Why it is that, or why the cluster changed last. */
  readonly reason: string;
  readonly sinceMs: number;
  readonly storeId: string;
  /** 0 for a tracker that stands alone. */
  readonly epoch: number;
  readonly primary: string | null;
  readonly inSync: readonly string[];
  readonly headIndex: number;
  readonly acknowledgedIndex: number;
  /** `none`, `answers` or `silent`. */
  readonly witness: string;
  readonly others: readonly {
    readonly address: string;
    readonly storeId: string | null;
    readonly isInSync: boolean;
    /** Entries that it lacks; known to a primary. */
    readonly lag: number | null;
    readonly heardMsAgo: number | null;
  }[];
  readonly lastTakeover: { readonly epoch: number; readonly msAgo: number; readonly reason: string } | null;
  readonly faults: readonly { readonly msAgo: number; readonly reason: string }[];
}
