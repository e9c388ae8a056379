/** Codecs of numbers and truth values. */
import type { Codec } from './codec.ts';

/** An integer from 0 to 255, in one byte. */
export const u8: Codec<number> = {
  schema: { kind: 'u8' },
  write: (writer, value) => writer.u8(value),
  read: (reader) => reader.u8(),
};

/** An integer from 0 to 65,535, big-endian. */
export const u16: Codec<number> = {
  schema: { kind: 'u16' },
  write: (writer, value) => writer.u16(value),
  read: (reader) => reader.u16(),
};

/** An integer from 0 to 2^32-1, big-endian. */
export const u32: Codec<number> = {
  schema: { kind: 'u32' },
  write: (writer, value) => writer.u32(value),
  read: (reader) => reader.u32(),
};

/** An integer from 0 to 2^64-1 as a bigint, big-endian. */
export const u64: Codec<bigint> = {
  schema: { kind: 'u64' },
  write: (writer, value) => writer.u64(value),
  read: (reader) => reader.u64(),
};

/** An integer from 0 to 2^53-1: one byte below 128, two below 16,384. A longer form than the shortest is refused. */
export const varint: Codec<number> = {
  schema: { kind: 'varint' },
  write: (writer, value) => writer.varint(value),
  read: (reader) => reader.varint(),
};

/** One byte, 0 or 1. */
export const boolean: Codec<boolean> = {
  schema: { kind: 'boolean' },
  write: (writer, value) => writer.flag(value),
  read: (reader) => reader.flag(),
};
