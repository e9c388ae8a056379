/**
 * Between whom files of a group pass: asked on every connection between peers, in both directions, before anything else of
 * that group. Both ends of a connection ask and serve, so each of them shows itself and looks at the other.
 */
import type { Connection } from '@minitorrent/rpc-core';

/** Decides for each connection and group; the one place where a connection becomes admitted. */
export interface Admission {
  /**
   * Before this peer asks something of the group over a connection that it opened: resolves when both ends admit each other.
   * Fails with a coded error where one does not. Called for each use, so what is known of a connection is kept.
   */
  enter(connection: Connection, groupId: string, signal: AbortSignal): Promise<void>;
  /** Before this peer serves something of the group over `connection`, whoever opened it: throws unless it is admitted. */
  require(connection: Connection, groupId: string): void;
}

/** Asks nobody for anything: whoever knows the root of a file is served. */
export const admitAnybody: Admission = {
  enter: async () => undefined,
  require: () => undefined,
};
