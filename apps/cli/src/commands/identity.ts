/**
 * `minitorrent tracker identity`, `witness identity` and `tracker invite`: which device a service is, so that others can be
 * told before it runs for the first time, and the link by which peers find it.
 */
import { networkInterfaces } from 'node:os';
import { parseDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress, isLoopback } from '../address.ts';
import { DEFAULT_HOST, DEFAULT_TRACKER_PORT, dataFolder } from '../config.ts';
import type { ExitCode } from '../failure.ts';
import type { Reporter } from '../output/reports.ts';
import { type OutputStream, writeLines } from '../output/screen.ts';
import { formatInvitationLink, parseInvitationLink } from '../places/invitation-link.ts';
import { makeDeviceId } from '../places/make-device-id.ts';
import { type PinnedPlace, parsePlaces } from '../places/place.ts';
import { noAddress, readTrackerPlaces, type TrackerPlaces } from '../places/tracker-places.ts';
import type { World } from '../world.ts';
import { placeRow } from './connect.ts';
import { operate } from './operate.ts';

/** The options as the user wrote them. */
export interface IdentityOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** The options as the user wrote them. */
export interface InviteOptions extends IdentityOptions {
  readonly address?: string;
}

/** Whoever listens there listens at every address of the machine. */
const ALL_NETWORKS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
/** Lines that are left for the link and the next prompt. */
const LINES_AROUND = 4;

/** Tells which device it is; its key is made where there is none. Answers the exit code. */
export function runIdentity(
  role: 'tracker' | 'witness',
  options: IdentityOptions,
  world: World,
): Promise<ExitCode> {
  return operate(`${role} identity`, options, world, async (reporter) => {
    const folder = await dataFolder(role, { data: options.data, variables: world.variables });
    const deviceId = await makeDeviceId(folder);
    reporter.result({ command: `${role}_identity`, deviceId, dataFolder: folder });
    return undefined;
  });
}

/** Tells the link to a tracker, as a QR code too where there is a terminal. Answers the exit code. */
export function runTrackerInvite(options: InviteOptions, world: World): Promise<ExitCode> {
  return operate('tracker invite', options, world, async (reporter) => {
    const folder = await dataFolder('tracker', { data: options.data, variables: world.variables });
    const known = await readTrackerPlaces(folder);
    const own = parseDeviceId(await makeDeviceId(folder));
    const named = options.address ?? addressOf(known, folder, reporter);
    const defaultPort = known?.listen.port ?? DEFAULT_TRACKER_PORT;
    const places: PinnedPlace[] = parsePlaces(named, { defaultPort }).map((place) => ({
      ...place,
      pin: place.pin ?? own,
    }));
    if (options.address === undefined) places.push(...(known?.others ?? []));
    const link = formatInvitationLink(places);
    // What cannot be read again must not be handed out.
    parseInvitationLink(link);
    reporter.result({ command: 'tracker_invite', link, trackers: places.map(placeRow) });
    if (options.json !== true) await drawCode(link, world.stdout);
    return undefined;
  });
}

async function drawCode(link: string, output: OutputStream): Promise<void> {
  if (output.isTTY !== true) return;
  const { qrCodeLines } = await import('../output/qr-code.ts');
  const { columns = 80, rows = 24 } = output;
  writeLines(output, qrCodeLines(link, { columns, rows: rows - LINES_AROUND }));
}

/** Where the tracker listened when it started last, as others reach it. Fails with `no_address`. */
function addressOf(known: TrackerPlaces | undefined, folder: string, reporter: Reporter): string {
  if (known === undefined) throw noAddress(folder, 'it has not run yet');
  const { host, port } = known.listen;
  const reached = { host: ALL_NETWORKS.has(host) ? hostOfThisMachine() : host, port };
  const address = formatAddress(reached);
  const message = isLoopback(reached)
    ? `Only peers on this machine reach the tracker at ${address}; for others start it with --listen 0.0.0.0:${port}`
    : `Peers have to reach the tracker at ${address}; if they do not, name another address with --address`;
  reporter.event({ event: 'notice', message });
  return address;
}

/** One at which other machines may reach this one. */
function hostOfThisMachine(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outer = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const found = outer.find(({ family }) => family === 'IPv4') ?? outer[0];
  return found?.address ?? DEFAULT_HOST;
}
