/**
 * Golden vectors: what each codec and the frame look like in hex. `PROTOCOL.md` prints them, and an implementation in
 * another language must agree with each. A vector is never changed: old bytes are read for ever.
 */
import {
  boolean,
  bytes,
  type Codec,
  type CodecErrorCode,
  enumeration,
  type FrameErrorCode,
  fixedBytes,
  list,
  map,
  mapped,
  optional,
  recursive,
  refine,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
  varint,
} from '@minitorrent/wire-codec';

/** A value and its bytes. */
export interface GoldenValue {
  /** How a reader of the specification would write the codec down. */
  readonly codecText: string;
  readonly codec: Codec<unknown>;
  readonly value: unknown;
  /** The value as shown in the specification. */
  readonly valueText: string;
  readonly hex: string;
}

/** Bytes that a reader must refuse. */
export interface GoldenRefusal {
  readonly why: string;
  readonly codecText: string;
  readonly codec: Codec<unknown>;
  readonly hex: string;
  readonly code: CodecErrorCode;
}

export interface GoldenFrame {
  readonly type: string;
  readonly payloadHex: string;
  readonly hex: string;
}

/** The start of a stream that a reader with a limit of 16 payload bytes must refuse. */
export interface GoldenFrameRefusal {
  readonly why: string;
  readonly hex: string;
  readonly code: FrameErrorCode;
}

export interface Tree {
  readonly label: number;
  readonly children: readonly Tree[];
}

const address = struct({ host: text({ maxBytes: 255 }), port: u16 });
const status = struct({ pieces: varint, note: optional(u16) });
const hello = struct({ version: u16, software: optional(text({ maxBytes: 20 })) }, { extensible: true });
const message = union('kind', {
  ask: { tag: 1, codec: struct({ piece: varint }) },
  answer: { tag: 2, codec: struct({ piece: varint, data: bytes({ maxBytes: 16 }) }) },
});
const verdict = enumeration({ accept: 1, refuse: 2 });
const evenNumber = refine(u16, { name: 'even number', check: (value) => value % 2 === 0 });
const seconds = mapped(u32, {
  name: 'milliseconds',
  fromWire: (wire) => wire * 1000,
  toWire: (value) => value / 1000,
});
const tree: Codec<Tree> = struct({
  label: u8,
  children: list(
    recursive(() => tree, { maxDepth: 3 }),
    { maxItems: 4 },
  ),
});

export const goldenValues: readonly GoldenValue[] = [
  golden('u8', u8, 200, '200', 'c8'),
  golden('u16', u16, 0x1234, '4660', '1234'),
  golden('u32', u32, 0xdeadbeef, '3735928559', 'deadbeef'),
  golden('u64', u64, 258n, '258', '0000000000000102'),
  golden('u64', u64, 2n ** 63n + 1n, '2^63 + 1', '8000000000000001'),
  golden('varint', varint, 127, '127', '7f'),
  golden('varint', varint, 300, '300', 'ac02'),
  golden('varint', varint, 2 ** 53 - 1, '2^53 - 1', 'ffffffffffffff0f'),
  golden('boolean', boolean, true, 'true', '01'),
  golden('text, max 20', text({ maxBytes: 20 }), 'Küste', '"Küste"', '064bc3bc737465'),
  golden('text, max 20', text({ maxBytes: 20 }), '\ufeffa', 'U+FEFF and "a"', '04efbbbf61'),
  golden('bytes, max 16', bytes({ maxBytes: 16 }), hexBytes('010203'), '01 02 03', '03010203'),
  golden('fixedBytes(4)', fixedBytes(4), hexBytes('00ff10ab'), '00 ff 10 ab', '00ff10ab'),
  golden('optional u16', optional(u16), undefined, 'nothing', '00'),
  golden('optional u16', optional(u16), 7, '7', '010007'),
  golden('list of u16, max 5', list(u16, { maxItems: 5 }), [1, 2], '1, 2', '0200010002'),
  golden(
    'map of text to u8, max 5',
    map(text({ maxBytes: 20 }), u8, { maxItems: 5 }),
    new Map([
      ['b', 1],
      ['a', 2],
    ]),
    '"b": 1, "a": 2',
    '02016201016102',
  ),
  golden('struct', address, { host: 'peer', port: 6881 }, 'host "peer", port 6881', '04706565721ae1'),
  golden('struct with an optional field', status, { pieces: 9, note: undefined }, 'pieces 9', '0900'),
  golden('struct with an optional field', status, { pieces: 9, note: 7 }, 'pieces 9, note 7', '09010007'),
  golden(
    'extensible struct',
    hello,
    { version: 1, software: 'mt' },
    'version 1, software "mt"',
    '00000006000101026d74',
  ),
  golden('union', message, { kind: 'ask', piece: 9 }, 'ask: piece 9', '0109'),
  golden(
    'union',
    message,
    { kind: 'answer', piece: 9, data: hexBytes('ff') },
    'answer: piece 9, data ff',
    '020901ff',
  ),
  golden('enumeration', verdict, 'refuse', 'refuse', '02'),
  golden('refined u16: an even number', evenNumber, 6, '6', '0006'),
  golden('mapped u32: seconds as milliseconds', seconds, 5000, '5000 ms', '00000005'),
  golden(
    'recursive struct',
    tree,
    {
      label: 1,
      children: [
        { label: 2, children: [] },
        { label: 3, children: [{ label: 4, children: [] }] },
      ],
    },
    '1 (2, 3 (4))',
    '0102020003010400',
  ),
];

/** Bytes of older and newer writers that an extensible struct reads. */
export const goldenReadings: readonly GoldenValue[] = [
  golden('extensible struct', hello, { version: 1, software: undefined }, 'without software', '000000020001'),
  golden(
    'extensible struct',
    hello,
    { version: 1, software: undefined },
    'with a field unknown here',
    '00000006000100ffffff',
  ),
];

export const goldenRefusals: readonly GoldenRefusal[] = [
  refusal('cut short', 'u32', u32, 'deadbe', 'unexpected_end'),
  refusal('bytes left over', 'u16', u16, '123400', 'trailing_bytes'),
  refusal('a needless byte', 'varint', varint, '8000', 'not_minimal'),
  refusal('2^53', 'varint', varint, '8080808080808010', 'out_of_range'),
  refusal('nine bytes', 'varint', varint, 'ffffffffffffff8f00', 'out_of_range'),
  refusal('neither 0 nor 1', 'boolean', boolean, '02', 'invalid_flag'),
  refusal('neither 0 nor 1', 'optional u16', optional(u16), '020007', 'invalid_flag'),
  refusal('overlong UTF-8', 'text, max 20', text({ maxBytes: 20 }), '02c080', 'invalid_text'),
  refusal('a surrogate in UTF-8', 'text, max 20', text({ maxBytes: 20 }), '03eda080', 'invalid_text'),
  refusal('cut UTF-8', 'text, max 20', text({ maxBytes: 20 }), '01c3', 'invalid_text'),
  refusal('above U+10FFFF', 'text, max 20', text({ maxBytes: 20 }), '04f4908080', 'invalid_text'),
  refusal(
    'states 21 bytes',
    'text, max 20',
    text({ maxBytes: 20 }),
    '15616161616161616161616161616161616161616161',
    'too_long',
  ),
  refusal('states 2^53-1 bytes', 'bytes, max 16', bytes({ maxBytes: 16 }), 'ffffffffffffff0f', 'too_long'),
  refusal(
    'more items than bytes',
    'list of u16, max 1000',
    list(u16, { maxItems: 1000 }),
    'e80700010002',
    'unexpected_end',
  ),
  refusal('too many items', 'list of u16, max 1', list(u16, { maxItems: 1 }), '0200010002', 'too_many_items'),
  refusal(
    'a key twice',
    'map of u8 to u8, max 5',
    map(u8, u8, { maxItems: 5 }),
    '0201020103',
    'duplicate_key',
  ),
  refusal('a tag without variant', 'union', message, '0309', 'unknown_tag'),
  refusal('a number without name', 'enumeration', verdict, '03', 'unknown_value'),
  refusal('not even', 'refined u16: an even number', evenNumber, '0007', 'refused'),
  refusal('four levels', 'recursive struct', tree, '01010201030104010500', 'too_deep'),
  refusal('unknown fields', 'struct', address, '04706565721ae100', 'trailing_bytes'),
  refusal('a field across the end', 'extensible struct', hello, '000000010001', 'unexpected_end'),
];

export const goldenFrames: readonly GoldenFrame[] = [
  { type: 'ping', payloadHex: '', hex: '4d540470696e6700000000' },
  { type: 'list_groups', payloadHex: 'c0ffee', hex: '4d540b6c6973745f67726f75707300000003c0ffee' },
];

export const goldenFrameRefusals: readonly GoldenFrameRefusal[] = [
  { why: 'does not open with "MT"', hex: '4d5504', code: 'bad_magic' },
  { why: 'HTTP', hex: '474554202f', code: 'bad_magic' },
  { why: 'no type', hex: '4d540000000000', code: 'bad_type' },
  { why: 'a type of 33 bytes', hex: '4d5421', code: 'bad_type' },
  { why: 'a type with a capital', hex: '4d540450696e6700000000', code: 'bad_type' },
  { why: 'a payload of 17 bytes', hex: '4d540470696e6700000011', code: 'payload_too_large' },
  { why: 'a payload of 2^32-1 bytes', hex: '4d540470696e67ffffffff', code: 'payload_too_large' },
];

/** Bytes written as hex. */
export function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** The hex of bytes. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function golden<T>(
  codecText: string,
  codec: Codec<T>,
  value: T,
  valueText: string,
  hex: string,
): GoldenValue {
  return { codecText, codec, value, valueText, hex };
}

function refusal(
  why: string,
  codecText: string,
  codec: Codec<unknown>,
  hex: string,
  code: CodecErrorCode,
): GoldenRefusal {
  return { why, codecText, codec, hex, code };
}
