/** What is needed to speak to a tracker, as types: the messages that it serves, and in whose name. */
import type { Client } from '@minitorrent/rpc-core';
import type { trackerContract } from '@minitorrent/tracker/contract';

/** One function for each message of a tracker. */
export type TrackerClient = Client<typeof trackerContract>;

/** Who is to be logged in at every tracker, and on which device; compared by reference. */
export interface Credentials {
  readonly userId: string;
  readonly deviceId: Uint8Array;
  /** For the user's own list of devices. */
  readonly deviceName?: string;
}

/** What a first login takes. */
export interface Login extends Credentials {
  readonly password: string;
}

/** What a tracker says to whoever it lets in. */
export type LoginAnswer = Awaited<ReturnType<TrackerClient['login']>>;
