/** @minitorrent/wire-codec: values to bytes, bytes to frames. */

// Codecs

export { bytes, fixedBytes } from './blob.ts';
export { type Codec, decode, encode, type Infer } from './codec.ts';
export { list, type MapKey, map, optional } from './collections.ts';
export { boolean, u8, u16, u32, u64, varint } from './numbers.ts';
export { recursive } from './recursive.ts';
export { mapped, refine } from './refine.ts';
export { type Fields, type Flat, type StructCodec, type StructValue, struct } from './struct.ts';
export { text } from './text.ts';
export { enumeration, type UnionValue, union, type Variants } from './union.ts';

// Frames

export { encodeFrame, type Frame } from './frame.ts';
export { createFrameDecoder, type FrameDecoder, type FrameDecoderOptions } from './frame-decoder.ts';

// For codecs made by hand

export { Reader } from './reader.ts';
export type { Schema } from './schema.ts';
export { Writer } from './writer.ts';

// Errors and limits

export { CodecError, type CodecErrorCode, FrameError, type FrameErrorCode } from './errors.ts';
export { BY_REFERENCE_BYTES, MAX_PAYLOAD_BYTES, MAX_TYPE_BYTES, MAX_VARINT } from './limits.ts';
