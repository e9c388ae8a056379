/** What happened without a command, and what went wrong, as plain data, as in reports.ts. */

/** What happened without a command. */
export type CliEvent =
  | {
      readonly event: 'listening';
      readonly role: 'tracker' | 'peer' | 'witness';
      readonly address: string;
      /** As which it proves itself to whoever connects. */
      readonly deviceId: string;
      readonly dataFolder: string;
      /** The PostgreSQL that a tracker shares with others, without password. */
      readonly journal: string | null;
      readonly downloadFolder: string | null;
    }
  /** Metrics and health are served there, by HTTP. */
  | { readonly event: 'monitoring'; readonly address: string }
  /** What a tracker is in its cluster now, and why. */
  | { readonly event: 'role-changed'; readonly role: string; readonly epoch: number; readonly reason: string }
  /** Something that a person has to look at. */
  | { readonly event: 'fault'; readonly message: string }
  /** Nobody had told which device the tracker is; from now on it has to be this one. */
  | { readonly event: 'tracker-learned'; readonly address: string; readonly deviceId: string }
  | { readonly event: 'tracker-connected'; readonly address: string; readonly userId: string | null }
  | {
      readonly event: 'tracker-lost';
      readonly address: string;
      readonly reason: string;
      /** Null where it closed the connection in good order. */
      readonly code: string | null;
      /** What to do, where trying again will not do. */
      readonly advice: string | null;
    }
  /** A tracker lets the user in with the password alone. */
  | {
      readonly event: 'login-needed';
      readonly userId: string;
      readonly reason: string;
      readonly code: string;
    }
  /** The user was let in without a tracker. */
  | { readonly event: 'offline'; readonly userId: string }
  /** Which devices would be let in, for people to compare. */
  | {
      readonly event: 'join-request';
      readonly groupId: string;
      readonly userId: string;
      readonly deviceIds: readonly string[];
      /** Further devices of the user who is asked. */
      readonly isOwn: boolean;
    }
  /** This device is not let into a group of its user yet, and has asked to be. */
  | {
      readonly event: 'device-waiting';
      readonly groupId: string;
      readonly userId: string;
      readonly deviceId: string;
    }
  | {
      readonly event: 'membership-changed';
      readonly groupId: string;
      readonly standing: string;
      /** What this device could prove until then. */
      readonly was: string | null;
    }
  /** A tracker says that a group has another founder than this device knows; it is not believed. */
  | {
      readonly event: 'wrong-group-key';
      readonly groupId: string;
      readonly reason: string;
      readonly code: string;
    }
  | { readonly event: 'download-started'; readonly groupId: string; readonly name: string }
  | {
      readonly event: 'download-completed';
      readonly groupId: string;
      readonly name: string;
      readonly path: string | null;
      readonly totalBytes: number;
    }
  | {
      readonly event: 'download-failed';
      readonly groupId: string;
      readonly name: string;
      readonly failure: Failure;
    }
  | {
      readonly event: 'peer-banned';
      readonly groupId: string;
      readonly name: string;
      readonly userId: string;
      readonly piece: number;
    }
  | {
      readonly event: 'share-changed';
      readonly groupId: string;
      readonly name: string;
      readonly path: string;
      readonly state: string;
    }
  | { readonly event: 'notice'; readonly message: string };

/** A failure as users and machines see it. */
export interface Failure {
  /** Stable; null where nothing better is known than the message. */
  readonly code: string | null;
  readonly message: string;
  /** What to do next, where we know it. */
  readonly advice: string | null;
  /** How the command is written, where it was written wrongly. */
  readonly usage: string | null;
}

/** Which command of which input line a failure belongs to. */
export interface FailureOrigin {
  readonly command: string | null;
  /** Line of the script, from 1; null at a prompt. */
  readonly line: number | null;
}
