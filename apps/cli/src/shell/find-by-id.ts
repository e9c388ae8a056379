/**
 * Ids as people type them: whole, or only their beginning, as lists show it.
 */
import { formatDeviceId, isSameDevice, parseDeviceId } from '@minitorrent/rpc-core/identity';
import { CliError } from '../cli-error.ts';

/** Characters of a whole id, without hyphens; a code of an invitation has as many. */
const WHOLE = 56;
/** What people write for letters that look like it; `parseDeviceId` takes it for them, too. */
const LOOKALIKES: Readonly<Record<string, string>> = { 0: 'O', 1: 'I', 8: 'B' };

/** Whether `text` is as long as a whole id or code. */
export function isWholeId(text: string): boolean {
  return plain(text).length >= WHOLE;
}

/** The one of `ids` that begins with `text`. Fails with `bad_id`. */
export function findById(text: string, ids: readonly Uint8Array[]): Uint8Array {
  const typed = plain(text);
  const found = ids.filter((id) => plain(formatDeviceId(id)).startsWith(typed));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const why = only === undefined ? 'no id begins so' : `${found.length} ids begin so`;
  // Without the text: half of a code is a secret, too.
  throw new CliError('bad_id', `Cannot find that id on the list: ${why}`);
}

/** The one of `ids` that is `text`, whole and without a mistake; undefined where it is none of them. */
export function findWhole(text: string, ids: readonly Uint8Array[]): Uint8Array | undefined {
  const typed = parseDeviceId(text);
  return ids.find((id) => isSameDevice(id, typed));
}

function plain(text: string): string {
  return text
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replace(/[018]/g, (digit) => LOOKALIKES[digit] ?? digit);
}
