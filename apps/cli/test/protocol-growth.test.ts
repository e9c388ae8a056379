/**
 * That version 1 can grow: peers and trackers of different ages understand each other when a later one has a field more
 * in every struct that may have one.
 */
import { peerContract } from '@minitorrent/peer';
import { trackerCallbacks, trackerContract } from '@minitorrent/tracker/contract';
import { witnessContract } from '@minitorrent/tracker/witness';
import { type Codec, decode, encode } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { blocks, entries, partsOf } from './protocol/document.ts';
import { closedStructs, grown, withGrowth } from './protocol/grown.ts';
import { readLayouts } from './protocol/layout.ts';
import { messagesOf } from './protocol/messages.ts';
import { fromJson } from './protocol/values.ts';

const messages = messagesOf([trackerContract, witnessContract, trackerCallbacks, peerContract]);
const layouts = readLayouts(
  blocks('layout')
    .map(({ text }) => text)
    .join('\n'),
);
/** The values that `PROTOCOL.md` prints of messages, and of what stands in frames besides them. */
const samples = entries('vector')
  .map(partsOf)
  .filter(({ left }) => messages.has(left) || ['Hello', 'Goodbye', 'Error'].includes(left))
  .map(({ left, middle }) => {
    const codec = codecOf(left);
    return { left, codec, value: fromJson(codec.schema, JSON.parse(middle)), middle };
  });

function codecOf(name: string): Codec<unknown> {
  const codec = messages.get(name) ?? layouts.get(name);
  if (codec === undefined) throw new Error(`There is no layout ${name}`);
  return codec;
}

describe('messages of a later version', () => {
  it.each(samples)('$left is read by the present one: $middle', ({ codec, value }) => {
    const bytes = encode(grown(codec.schema), withGrowth(codec.schema, value));
    expect(bytes.length).toBeGreaterThan(encode(codec, value).length);
    expect(decode(codec, bytes)).toEqual(value);
  });

  it.each(samples)('$left of the present one is read by the later: $middle', ({ codec, value }) => {
    expect(decode(grown(codec.schema), encode(codec, value))).toEqual(value);
  });

  it('can have new fields in whatever messages are made of, but where trackers decide by all of it, or it was signed', () => {
    const closed = [...messages].flatMap(([name, { schema }]) => closedStructs(schema, name));
    const whole = [
      /^sync\./,
      /^forward\.request\.change\./,
      /^forward\.response\.result\./,
      /^tracker_status\.response\.config$/,
      /^(?:read|swap)_config\.\w+\.config$/,
      /\.signature$/,
    ];
    expect(closed.filter((path) => !whole.some((pattern) => pattern.test(path)))).toEqual([]);
  });
});
