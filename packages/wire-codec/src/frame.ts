/**
 * The frame that carries every message, and its encoder:
 *
 *     | start "MT" | type size u8 | type, ASCII [a-z_] | payload size u32 big-endian | payload |
 */
import { FrameError } from './errors.ts';
import { MAX_PAYLOAD_BYTES, MAX_TYPE_BYTES } from './limits.ts';
import { Writer } from './writer.ts';

/** One message as it travels. */
export interface Frame {
  /** The message's name: 1 to 32 characters of a-z and the underscore. */
  readonly type: string;
  readonly payload: Uint8Array;
}

/** The two bytes "MT" that open every frame, as a u16. */
export const FRAME_START = 0x4d54;

/** Bytes of a header besides the type itself: start, type size, payload size. */
export const HEADER_BYTES = 7;

/**
 * A frame as parts for one vectored write: small fields share one buffer, byte fields of 4 KiB or more are there by
 * reference and must not change until they are sent. Fails with `bad_type` and `payload_too_large`.
 */
export function encodeFrame(
  type: string,
  payload: Uint8Array | ((writer: Writer) => void),
  options?: { readonly maxPayloadBytes?: number },
): Uint8Array[] {
  checkType(type);
  const writer = spare ?? new Writer({ byReference: true });
  spare = undefined;
  try {
    writer.u16(FRAME_START);
    // A varint below 128 is the size as u8.
    writer.text(type, MAX_TYPE_BYTES);
    const place = writer.openLength();
    if (payload instanceof Uint8Array) writer.bytes(payload);
    else payload(writer);
    checkPayloadBytes(type, writer.closeLength(place), options?.maxPayloadBytes ?? MAX_PAYLOAD_BYTES);
    return writer.finishParts();
  } finally {
    writer.discard();
    spare = writer;
  }
}

/** Whether an ASCII code may stand in a message type. */
export function isTypeCharacter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || code === 0x5f;
}

/** A writer not in use; taken while in use, because a payload's function may itself make a frame. */
let spare: Writer | undefined;

function checkType(type: string): void {
  let good = 0;
  while (good < type.length && isTypeCharacter(type.charCodeAt(good))) good++;
  if (good === type.length && good > 0 && good <= MAX_TYPE_BYTES) return;
  const shown = JSON.stringify(type.slice(0, MAX_TYPE_BYTES));
  throw new FrameError('bad_type', `Cannot send a message of type ${shown}: expected 1 to 32 of a-z and _`);
}

function checkPayloadBytes(type: string, length: number, max: number): void {
  if (length <= max) return;
  throw new FrameError(
    'payload_too_large',
    `Cannot send ${type}: its payload has ${length} bytes, at most ${max} are allowed`,
  );
}
