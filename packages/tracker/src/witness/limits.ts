/** The limits of a witness, each with its reason. */
export const WITNESS_LIMITS = {
  /** Request and answer: a config of sixteen trackers is 300 bytes, and a later version may add to it. */
  messageBytes: 1024,
  /** The register file: the same config with the cluster id and a checksum. What is longer is not one. */
  fileBytes: 1024,
} as const;

/** Bytes of the id that the trackers of a cluster and their witness have in common. */
export const CLUSTER_ID_BYTES = 16;

/** `clusterId` if it can be one, otherwise a RangeError. */
export function checkClusterId(clusterId: Uint8Array): Uint8Array {
  if (clusterId.length === CLUSTER_ID_BYTES) return clusterId;
  throw new RangeError(`Cannot use a cluster id of ${clusterId.length} bytes: expected ${CLUSTER_ID_BYTES}`);
}
