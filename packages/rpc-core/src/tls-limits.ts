/**
 * Limits on handshakes, each with its reason: what somebody can make us hold who has not shown yet who they are.
 */

/** The limits of a TLS network. All can be changed through its `limits` option. */
export interface TlsLimits {
  /** From the TCP connection to a secure one; both sides give up then. A stranger holds a place for this long. */
  readonly handshakeMs: number;
  /**
   * Unfinished handshakes of one listener from one address: the peers of a household that come back to a tracker at once.
   * They count no longer once it is known who they are.
   */
  readonly handshakesPerAddress: number;
  /** Unfinished handshakes of one listener. Each can make OpenSSL hold about 200 KiB. */
  readonly handshakes: number;
}

/** The limits that hold unless told otherwise. */
export const defaultTlsLimits: TlsLimits = {
  handshakeMs: 5_000,
  handshakesPerAddress: 32,
  handshakes: 256,
};
