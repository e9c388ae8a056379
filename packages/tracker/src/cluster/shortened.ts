/** Sentences that have to fit into a message: a cause may quote whatever a disk or a database said. */
import { MESSAGE_LIMITS } from '../message-limits.ts';

const MARK = '…';
const encoder = new TextEncoder();

/** `reason`, or so much of its beginning as `reasonBytes` of UTF-8 have room for. */
export function shortened(reason: string, mostBytes: number = MESSAGE_LIMITS.reasonBytes): string {
  if (encoder.encode(reason).length <= mostBytes) return reason;
  const room = new Uint8Array(mostBytes - encoder.encode(MARK).length);
  const { read } = encoder.encodeInto(reason, room);
  return `${reason.slice(0, read)}${MARK}`;
}
