/** Which devices the trackers are that an operator names: as written, as known on this machine, or learned once. */
import { RpcError } from '@minitorrent/rpc-core';
import { DEFAULT_TRACKER_PORT, dataFolder } from '../config.ts';
import type { Reporter } from '../output/reports.ts';
import { openKnownTrackers } from '../places/known-trackers.ts';
import { pinTrackers } from '../places/pin-trackers.ts';
import { type PinnedPlace, parsePlace, requirePin } from '../places/place.ts';
import type { WhoAnswers } from '../places/who-answers.ts';
import type { World } from '../world.ts';

/** What an operator's command needs to find them. */
export interface OperatorContext {
  readonly world: World;
  readonly reporter: Reporter;
  readonly whoAnswers: WhoAnswers;
  readonly data: string | undefined;
  /** Asks the tracker there for what only one of the operator's cluster tells. */
  askMember(place: PinnedPlace): Promise<unknown>;
}

/** The tracker that `text` names, with its pin. Of a tracker of another cluster nothing is kept: fails with `wrong_cluster`. */
export async function pinForOperator(text: string, context: OperatorContext): Promise<PinnedPlace> {
  const { world, reporter, whoAnswers, data } = context;
  const place = parsePlace(text, { defaultPort: DEFAULT_TRACKER_PORT });
  const known = await openKnownTrackers(await dataFolder('operator', { data, variables: world.variables }));
  const requireWanted = (one: PinnedPlace) => requireMember(one, context);
  const options = { known, reporter, whoAnswers, clock: world.clock, asksKnown: false, requireWanted };
  const [pinned = place] = await pinTrackers([place], options);
  return requirePin(pinned, 'tracker');
}

/** Whatever else is wrong with it is for the command to tell. */
async function requireMember(
  place: PinnedPlace,
  { askMember }: Pick<OperatorContext, 'askMember'>,
): Promise<void> {
  try {
    await askMember(place);
  } catch (error) {
    if (error instanceof RpcError && error.code === 'wrong_cluster') throw error;
  }
}
