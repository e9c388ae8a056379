/**
 * Where devices can be reached, kept as it goes over the wire: an answer that names peers copies their bytes.
 *
 * An entry is the `PeerAddress` of a device that holds a whole file. What it holds of which file is the last byte, and is
 * put in its place in each copy.
 */
import { decode, encode } from '@minitorrent/wire-codec';
import { userIdOf } from '../device-key.ts';
import { type Holding, holdingCodec, type PeerAddress, peerAddress } from '../messages.ts';
import { ByteSlab } from './byte-slab.ts';

/** The length that an extensible struct stands behind. */
const LENGTH_BYTES = 4;
const DEVICE_BYTES = 32;
const PORT_AND_HOLDING_BYTES = 3;
const HOLDING_BYTES: Readonly<Record<Holding, number>> = {
  complete: holdingByte('complete'),
  partial: holdingByte('partial'),
  gone: holdingByte('gone'),
};

export class AddressBook {
  readonly #slab = new ByteSlab();

  /** Bytes that are kept for entries, in use or not. */
  get reservedBytes(): number {
    return this.#slab.reservedBytes;
  }

  /** A new entry; fails as the codec does. */
  add(address: Omit<PeerAddress, 'holding'>): number {
    return this.#slab.keep(encode(peerAddress, { ...address, holding: 'complete' }));
  }

  /** Whether an entry is that of a device, given by its `deviceKey`. */
  isOf(entry: number, key: string): boolean {
    const page = this.#slab.page(entry);
    const start = this.#deviceStart(page, this.#slab.start(entry));
    for (let at = 0; at < DEVICE_BYTES; at += 1) {
      if (page[start + at] !== key.charCodeAt(at)) return false;
    }
    return this.isOfUser(entry, userIdOf(key));
  }

  isOfUser(entry: number, userId: string): boolean {
    const page = this.#slab.page(entry);
    const start = this.#slab.start(entry) + LENGTH_BYTES;
    if (isAsciiAt(page, start, userId)) return true;
    return /[^ -~]/.test(userId) && this.read(entry, 'complete').userId === userId;
  }

  /** Whether an entry names this place. It may say no of host names beyond ASCII, and then the entry is made again. */
  isAt(entry: number, host: string, port: number): boolean {
    const page = this.#slab.page(entry);
    const start = this.#slab.start(entry);
    const hostStart = this.#deviceStart(page, start) + DEVICE_BYTES;
    const portStart = start + this.byteLength(entry) - PORT_AND_HOLDING_BYTES;
    if (page[portStart] !== port >> 8 || page[portStart + 1] !== (port & 0xff)) return false;
    return hostStart + 1 + host.length === portStart && isAsciiAt(page, hostStart, host);
  }

  remove(entry: number): void {
    this.#slab.give(entry, this.byteLength(entry));
  }

  /** Bytes of a `PeerAddress` with this entry. */
  byteLength(entry: number): number {
    const page = this.#slab.page(entry);
    const at = this.#slab.start(entry);
    // A struct of a few hundred bytes at most.
    return LENGTH_BYTES + ((page[at + 2] ?? 0) << 8) + (page[at + 3] ?? 0);
  }

  /** Writes a `PeerAddress` into `target` from `at` on; answers where it ends. */
  copy(entry: number, holding: Holding, target: Uint8Array, at: number): number {
    const page = this.#slab.page(entry);
    const start = this.#slab.start(entry);
    const byteLength = this.byteLength(entry);
    const end = at + byteLength;
    target.set(page.subarray(start, start + byteLength), at);
    target[end - 1] = HOLDING_BYTES[holding];
    return end;
  }

  read(entry: number, holding: Holding): PeerAddress {
    const bytes = new Uint8Array(this.byteLength(entry));
    this.copy(entry, holding, bytes, 0);
    return decode(peerAddress, bytes);
  }

  /** Behind the user id, whose length takes one byte because it is 64 at most. */
  #deviceStart(page: Uint8Array, start: number): number {
    return start + LENGTH_BYTES + 1 + (page[start + LENGTH_BYTES] ?? 0);
  }
}

/** Whether `text` stands there behind its length, which takes one byte. */
function isAsciiAt(bytes: Uint8Array, start: number, text: string): boolean {
  if (bytes[start] !== text.length) return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f || bytes[start + 1 + at] !== code) return false;
  }
  return true;
}

function holdingByte(holding: Holding): number {
  return encode(holdingCodec, holding)[0] ?? 0;
}
