/** What is needed to speak to a tracker, as types: the messages that it serves, and in whose name. */
import type { Client } from '@minitorrent/rpc-core';
import type { trackerContract } from '@minitorrent/tracker/contract';

/** One function for each message of a tracker. */
export type TrackerClient = Client<typeof trackerContract>;

/** Who is to be logged in at every tracker, and by which password; compared by reference. */
export interface Credentials {
  readonly userId: string;
  readonly password: string;
  readonly deviceId: Uint8Array;
}
