/**
 * Invitation links: where the trackers of a system are and which devices they are, in a form that can be sent, or shown as
 * a QR code: `minitorrent://host:port,host:port#pin,pin`, one pin for each address, in the same order.
 *
 * A link is no secret. Whoever has it can find the trackers and know that they are the right ones, and nothing else.
 */
import { formatDeviceId, parseDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress, parseAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';
import { DEFAULT_TRACKER_PORT } from '../config.ts';
import { isSameAddress, type PinnedPlace } from './place.ts';

const SCHEME = /^minitorrent:\/\//i;
/** Above any number of trackers that serve one system. */
const MAX_PLACES = 16;
/** What that many with host names of a full length could need. */
const MAX_CHARACTERS = 8_192;

/** Whether somebody meant `text` as a link. */
export function isInvitationLink(text: string): boolean {
  return SCHEME.test(text.trim());
}

/** The link to trackers; at least one. */
export function formatInvitationLink(places: readonly PinnedPlace[]): string {
  const pins = places.map(({ pin }) => formatDeviceId(pin));
  return `minitorrent://${places.map(formatAddress).join(',')}#${pins.join(',')}`;
}

/** The trackers that a link leads to. Fails with `bad_link`, which says what is wrong with it. */
export function parseInvitationLink(text: string): PinnedPlace[] {
  const link = text.trim();
  if (link.length > MAX_CHARACTERS) throw badLink(`it has ${link.length} characters`);
  if (!SCHEME.test(link)) throw badLink('it does not begin with minitorrent://');
  const [addresses = '', pins, ...more] = link.replace(SCHEME, '').split('#');
  if (pins === undefined) throw badLink('the device ids are missing, behind the sign #');
  if (more.length > 0) throw badLink('it has more than one sign #');
  return join(addresses.split(','), pins.split(','));
}

function join(addresses: readonly string[], pins: readonly string[]): PinnedPlace[] {
  if (addresses.length > MAX_PLACES) throw badLink(`it leads to more than ${MAX_PLACES} trackers`);
  if (pins.length !== addresses.length) {
    throw badLink(`it has ${addresses.length} addresses and ${pins.length} device ids`);
  }
  const places = addresses.map((address, at) => readPlace(address, pins[at] ?? ''));
  const isTwice = places.some((place, at) => places.slice(0, at).some((one) => isSameAddress(one, place)));
  if (isTwice) throw badLink('it has an address twice');
  return places;
}

function readPlace(address: string, pin: string): PinnedPlace {
  try {
    return { ...parseAddress(address, { defaultPort: DEFAULT_TRACKER_PORT }), pin: parseDeviceId(pin) };
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw badLink(`${cause.message.charAt(0).toLowerCase()}${cause.message.slice(1)}`, cause);
  }
}

function badLink(reason: string, cause?: Error): CliError {
  return new CliError('bad_link', `Cannot read the invitation link: ${reason}`, { cause });
}
