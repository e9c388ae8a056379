/**
 * The conversations of `PROTOCOL.md`, and one side of them played over a real channel: it sends that side's bytes as they
 * are printed, and compares what comes back, byte by byte, with what is printed for the other side.
 */
import type { Channel } from '@minitorrent/rpc-core';
import type { ManualClock } from '@minitorrent/rpc-core/testing';
import { createFrameDecoder, encodeFrame, Reader } from '@minitorrent/wire-codec';
import { expect } from 'vitest';
import { blocks, entriesOf } from './document.ts';
import { fromHex, toHex } from './values.ts';

export type Side = 'C' | 'S';

export interface Line {
  readonly side: Side;
  readonly type: string;
  readonly payload: Uint8Array;
}

/** The conversation of that title: lines of `C type : payload` (whoever connected) and `S type : payload`. */
export function conversation(title: string): Line[] {
  const block = blocks('conversation').find((one) => one.title === title);
  if (block === undefined) throw new Error(`PROTOCOL.md has no conversation "${title}"`);
  return entriesOf(block).map((entry) => {
    const match = /^([CS]) ([a-z_]+) :([0-9a-f ]*)$/.exec(entry);
    if (match === null) throw new Error(`Cannot read "${entry}"`);
    const [, side, type = '', hex = ''] = match;
    return { side: side === 'C' ? 'C' : 'S', type, payload: fromHex(hex) };
  });
}

/** Plays `side` over `channel`, whose other end is the code. Resolves when the other end has closed in good order. */
export async function play(
  lines: readonly Line[],
  { side, channel, clock }: { readonly side: Side; readonly channel: Channel; readonly clock: ManualClock },
): Promise<void> {
  const decoder = createFrameDecoder({ maxPayloadBytes: 1 << 20 });
  const heard: string[] = [];
  let isOver = false;
  channel.start({
    bytes: (chunk) => {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        heard.push(shown(frame));
      }
    },
    drain: () => {},
    end: () => channel.end(),
    close: (error) => {
      isOver = true;
      if (error !== undefined) heard.push(`closed: ${error.message}`);
    },
  });
  try {
    for (const line of lines) {
      if (line.side === side) {
        channel.write(encodeFrame(line.type, line.payload));
        continue;
      }
      await clock.runUntil(() => heard.length > 0 || isOver);
      expect(heard.shift()).toBe(shown(line));
    }
    await clock.runUntil(() => isOver);
    expect(heard).toEqual([]);
  } finally {
    channel.destroy();
  }
}

/** A frame as text to compare. Of an error all but its message, which may be worded otherwise at any time. */
function shown({ type, payload }: Pick<Line, 'type' | 'payload'>): string {
  const reader = new Reader(payload);
  if (OF_THE_CONNECTION.has(type) || reader.u8() !== ERROR_KIND) return `${type} : ${toHex(payload)}`;
  const call = reader.varint();
  reader.u32();
  return `${type} : error ${reader.text(32)} of call ${call}`;
}

const OF_THE_CONNECTION: ReadonlySet<string> = new Set(['hello', 'goodbye', 'ping', 'pong']);
const ERROR_KIND = 3;
