import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bitfield, createManifest } from '../src/index.ts';
import {
  decodeResumeRecord,
  encodeResumeRecord,
  MAX_RECORD_BYTES,
  planResume,
  type ResumeRecord,
} from '../src/resume-record.ts';
import { hex, patternBytes } from './bytes.ts';

const BYTES = patternBytes(10 * 65_536 + 1);
const MANIFEST = createManifest({ name: 'file', bytes: BYTES, pieceLength: 65_536 });
const records: fc.Arbitrary<ResumeRecord> = fc
  .record({
    state: fc.constantFrom('writing' as const, 'closed' as const, 'complete' as const),
    modifiedNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    indices: fc.array(fc.nat(10)),
  })
  .map(({ state, modifiedNs, indices }) => ({
    state,
    identity: { size: MANIFEST.size, modifiedNs },
    pieces: bitfieldOf(indices),
  }));

describe('decodeResumeRecord', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(records, (record) => {
        const bytes = encodeResumeRecord(MANIFEST, record);
        expect(decodeResumeRecord(MANIFEST, bytes)).toEqual(record);
        expect(bytes.length).toBeLessThan(MAX_RECORD_BYTES);
      }),
    );
  });

  it('takes nothing that is torn or changed in a single bit', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(7), (record, at, bit) => {
        const bytes = encodeResumeRecord(MANIFEST, record);
        const place = at % bytes.length;
        expect(decodeResumeRecord(MANIFEST, bytes.subarray(0, place))).toBeUndefined();
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        expect(decodeResumeRecord(MANIFEST, bytes)).toBeUndefined();
      }),
    );
  });

  it('takes nothing about another file, or another cut of the same', () => {
    const record: ResumeRecord = {
      state: 'closed',
      identity: { size: MANIFEST.size, modifiedNs: 1n },
      pieces: bitfieldOf([1]),
    };
    const bytes = encodeResumeRecord(MANIFEST, record);
    const cutAnew = createManifest({ name: 'file', bytes: BYTES, pieceLength: 131_072 });
    const other = createManifest({ name: 'file', bytes: BYTES.fill(1), pieceLength: 65_536 });
    expect(decodeResumeRecord(cutAnew, bytes)).toBeUndefined();
    expect(decodeResumeRecord(other, bytes)).toBeUndefined();
    const resized = { ...record, identity: { size: MANIFEST.size - 1, modifiedNs: 1n } };
    expect(decodeResumeRecord(MANIFEST, encodeResumeRecord(MANIFEST, resized))).toBeUndefined();
  });

  it('writes the golden bytes', () => {
    const manifest = createManifest({ name: 'one', bytes: Uint8Array.of(0) });
    const record: ResumeRecord = {
      state: 'writing',
      identity: { size: 1, modifiedNs: 0x0102030405060708n },
      pieces: Bitfield.full(1),
    };
    expect(hex(encodeResumeRecord(manifest, record))).toBe(
      '4d545201' +
        '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' +
        '00010000' +
        '01' +
        '01' +
        '0102030405060708' +
        '0180' +
        '92114768c71eb8d434b73995fd387bfae32b78cf3c4e683d396bdedf37bb63c3',
    );
  });
});

describe('planResume', () => {
  const identity = { size: 10, modifiedNs: 5n };
  const pieces = new Bitfield(1);

  it('trusts an orderly end whose file is untouched', () => {
    expect(planResume({ state: 'closed', identity, pieces }, identity)).toBe('trust');
    expect(planResume({ state: 'complete', identity, pieces }, identity)).toBe('trust');
  });

  it('hashes again what somebody else touched', () => {
    expect(planResume({ state: 'closed', identity, pieces }, { size: 10, modifiedNs: 6n })).toBe('rehash');
    expect(planResume({ state: 'complete', identity, pieces }, { size: 10, modifiedNs: 4n })).toBe('rehash');
    expect(planResume({ state: 'writing', identity, pieces }, { size: 11, modifiedNs: 5n })).toBe('rehash');
    expect(planResume(undefined, identity)).toBe('rehash');
  });

  it('looks only for more after a session that was cut off', () => {
    expect(planResume({ state: 'writing', identity, pieces }, { size: 10, modifiedNs: 6n })).toBe(
      'check_rest',
    );
  });
});

function bitfieldOf(indices: readonly number[]): Bitfield {
  const bitfield = new Bitfield(11);
  for (const index of indices) bitfield.set(index);
  return bitfield;
}
