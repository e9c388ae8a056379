/** `minitorrent connect <link>`: stores where an invitation link leads, for every peer with this data folder. */
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress } from '../address.ts';
import { dataFolder } from '../config.ts';
import type { ExitCode } from '../failure.ts';
import type { PlaceRow } from '../output/operator-reports.ts';
import { parseInvitationLink } from '../places/invitation-link.ts';
import { openKnownTrackers } from '../places/known-trackers.ts';
import type { PinnedPlace } from '../places/place.ts';
import type { World } from '../world.ts';
import { operate } from './operate.ts';

/** The options as the user wrote them. */
export interface ConnectOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** Stores the link in place of the one before; answers the exit code. Nobody is connected to. */
export function runConnect(link: string, options: ConnectOptions, world: World): Promise<ExitCode> {
  return operate('connect', options, world, async (reporter) => {
    const places = parseInvitationLink(link);
    const folder = await dataFolder('peer', { data: options.data, variables: world.variables });
    const known = await openKnownTrackers(folder);
    const changed = (await known.invite(places)).map(formatAddress);
    reporter.result({ command: 'connect', trackers: places.map(placeRow), dataFolder: folder, changed });
    return undefined;
  });
}

/** A place for reports. */
export function placeRow(place: PinnedPlace): PlaceRow {
  return { address: formatAddress(place), deviceId: formatDeviceId(place.pin) };
}
