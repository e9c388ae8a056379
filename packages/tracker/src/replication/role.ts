/**
 * What a tracker is in its cluster, and which moves there are.
 *
 * The role follows from the config, from what was promised and from who was heard; here is what may follow what. A move
 * that is not in the table is a defect and throws.
 */

export type ReplicationRole =
  /** Has not read the register since it started: answers nothing that has to be up to date, follows nobody. */
  | 'unknown'
  /** Follows the primary, and does not have everything yet. */
  | 'joining'
  /** In sync: has all that is acknowledged, and may take over. */
  | 'backup'
  /**
   * Has asked the register to be primary and does not know the outcome, or was promoted and waits until the primary before
   * it answers no reads any more; follows nobody until then.
   */
  | 'candidate'
  | 'primary'
  /** Without a register and without the other tracker: waits for a person to promote one of them. */
  | 'safe'
  /** Its disk failed: promises nothing and asks for nothing until a new start, so that others go on without it. */
  | 'failed';

/** Any of them may fail, and none comes back from that. */
const MOVES: Readonly<Record<ReplicationRole, readonly ReplicationRole[]>> = {
  unknown: ['joining', 'backup', 'candidate', 'safe', 'primary'],
  joining: ['backup', 'candidate', 'safe', 'primary'],
  backup: ['joining', 'candidate', 'safe', 'primary'],
  candidate: ['primary', 'backup', 'joining', 'safe'],
  primary: ['joining', 'backup', 'candidate', 'safe'],
  safe: ['primary', 'candidate', 'joining', 'backup'],
  failed: [],
};

/** Whether a tracker that is `from` may become `to`. */
export function isMove(from: ReplicationRole, to: ReplicationRole): boolean {
  return MOVES[from].includes(to) || (to === 'failed' && from !== 'failed');
}

/** `to`; throws a TypeError where no such move exists. */
export function moveRole(from: ReplicationRole, to: ReplicationRole): ReplicationRole {
  if (isMove(from, to)) return to;
  throw new TypeError(`Cannot become ${to} as ${from}: expected ${MOVES[from].join(' or ')}`);
}
