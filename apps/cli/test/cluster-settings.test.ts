import { describe, expect, it } from 'vitest';
import { parseClusterId, readClusterSettings } from '../src/cluster/cluster-settings.ts';
import { device, idOf } from './support/devices.ts';

const ID = 'c1'.repeat(16);
const B = `b#${idOf(2)}`;
const bytes = Uint8Array.from(Buffer.from(ID, 'hex'));
const nothing = { variables: {}, knownId: undefined };

describe('readClusterSettings', () => {
  it('is undefined for a tracker that stands alone', () => {
    expect(readClusterSettings({}, nothing)).toBeUndefined();
    expect(
      readClusterSettings({ cluster: '' }, { ...nothing, variables: { MINITORRENT_CLUSTER: '' } }),
    ).toBeUndefined();
  });

  it.each([
    [
      'the option',
      { cluster: ID },
      { variables: { MINITORRENT_CLUSTER: 'ff'.repeat(16) }, knownId: 'ee'.repeat(16) },
    ],
    ['the variable', {}, { variables: { MINITORRENT_CLUSTER: ID }, knownId: 'ee'.repeat(16) }],
    ['the data folder', {}, { variables: {}, knownId: ID }],
  ])('takes the id from %s', (_, options, known) => {
    expect(readClusterSettings({ join: B, ...options }, known)).toEqual({
      clusterId: bytes,
      peers: [{ host: 'b', port: 7700, pin: device(2) }],
      witness: undefined,
    });
  });

  it('takes a witness process, or a PostgreSQL', () => {
    const witnessOf = (witness: string) =>
      readClusterSettings({ join: B, cluster: ID, witness }, nothing)?.witness;
    expect(witnessOf(`w#${idOf(9)}`)).toEqual({
      kind: 'process',
      address: { host: 'w', port: 7709, pin: device(9) },
    });
    expect(witnessOf('postgres://db/x')).toEqual({ kind: 'postgres', url: 'postgres://db/x' });
    expect(() => witnessOf('postgres://alice:secret@db:99999/x')).toThrow(/^(?!.*secret)/);
  });

  it.each([
    [{ join: B }, 'no_cluster_id'],
    [{ join: 'b', cluster: ID }, 'no_pin'],
    [{ join: `${B},c`, cluster: ID }, 'no_pin'],
    [{ join: B, cluster: ID, witness: 'w' }, 'no_pin'],
    [{ join: 'b#x', cluster: ID }, 'bad_device_id'],
    [{ witness: 'w', cluster: ID }, 'no_other_tracker'],
    [{ join: B, cluster: 'secret' }, 'bad_cluster_id'],
    [{ join: '::1', cluster: ID }, 'bad_address'],
  ])('refuses %j with %s', (options, code) => {
    expect(() => readClusterSettings(options, nothing)).toThrow(expect.objectContaining({ code }));
  });

  it('offers an id for a new cluster, another one each time', () => {
    const offered = [1, 2].map(() => {
      try {
        readClusterSettings({ join: B }, nothing);
        return '';
      } catch (error) {
        return /--cluster ([0-9a-f]{32})/.exec(String(error))?.[1];
      }
    });
    expect(new Set(offered).size).toBe(2);
  });
});

describe('parseClusterId', () => {
  it('does not repeat what it refuses', () => {
    expect(parseClusterId(ID.toUpperCase())).toEqual(bytes);
    for (const text of ['', 'secret', `${ID}0`, 'g'.repeat(32)]) {
      expect(() => parseClusterId(text)).toThrow(
        'Cannot read the id of the cluster: expected 32 hexadecimal digits',
      );
    }
  });
});
