/** What a device calls itself in its user's own list: a hint for a person, and never more than that. */
import { MESSAGE_LIMITS } from '@minitorrent/tracker/contract';

/** Control characters, and what turns the direction of the text around it (as Unicode TR 36 warns of). */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/** `name` as one short line: without what a terminal would obey, and cut at a character. */
export function deviceNameOf(name: string): string {
  const most = MESSAGE_LIMITS.deviceNameBytes;
  const encoder = new TextEncoder();
  let short = '';
  let bytes = 0;
  for (const character of name.normalize('NFC').replace(UNSHOWABLE, '?').trim()) {
    bytes += encoder.encode(character).length;
    if (bytes > most) break;
    short += character;
  }
  return short;
}
