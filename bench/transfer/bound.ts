/** The least time in which a file can reach everybody, whatever the program. */

export interface SwarmShape {
  readonly bytes: number;
  readonly leechers: number;
  /** Bytes a second that the one seeder can send. */
  readonly seederUplink: number;
  /** Bytes a second that each leecher can send. */
  readonly leecherUplink: number;
  /** Bytes a second that the slowest leecher can receive; unlimited unless told otherwise. */
  readonly slowestDownlink?: number;
}

/**
 * `max{ F/u_s, F/d_min, N F/(u_s + sum u_i) }` of Kumar and Ross, "Peer-Assisted File Distribution: The Minimum
 * Distribution Time" (2006), in seconds. It knows no headers: Ethernet, IP and TCP alone take 5 % more.
 */
export function distributionBound(shape: SwarmShape): number {
  const { bytes, leechers, seederUplink, leecherUplink, slowestDownlink = Number.POSITIVE_INFINITY } = shape;
  const everybody = seederUplink + leechers * leecherUplink;
  return Math.max(bytes / seederUplink, bytes / slowestDownlink, (leechers * bytes) / everybody);
}
