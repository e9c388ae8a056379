/**
 * What prompt and script have in common in front of a peer: notices of what it reports, and the board of its progress.
 */
import type { Peer, PickStrategyName } from '@minitorrent/peer';
import { createProgressBoard } from '../output/progress-board.ts';
import type { Reporter } from '../output/reports.ts';
import type { Ending } from '../process-signals.ts';
import type { CommandContext } from '../shell/command.ts';
import { showNotices } from '../shell/notices.ts';
import { createShownRequests } from '../shell/shown-requests.ts';
import type { World } from '../world.ts';

/** What a front needs to work. */
export interface FrontOptions {
  readonly peer: Peer;
  readonly world: World;
  readonly ending: Ending;
  readonly strategy: PickStrategyName | undefined;
  /** Says where the peer listens. */
  introduce(reporter: Reporter): void;
}

export interface PeerSession extends Disposable {
  readonly context: Omit<CommandContext, 'mode' | 'askPassword' | 'signal'>;
}

export function openSession(options: FrontOptions & { readonly reporter: Reporter }): PeerSession {
  const { peer, world, reporter, strategy } = options;
  const board = createProgressBoard({ clock: world.clock, reporter });
  const requests = createShownRequests();
  const notices = showNotices({ peer, reporter, board, requests });
  options.introduce(reporter);
  return {
    context: { peer, clock: world.clock, board, requests, strategy, follow: notices.follow },
    [Symbol.dispose]() {
      notices.close();
      board.close();
    },
  };
}
