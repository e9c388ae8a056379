/** What the handlers of a tracker work on; made once by `service.ts`. */
import type { Clock, Random } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import type { Ledger } from '../ledger.ts';
import type { TrackerLimits } from '../limits.ts';
import type { TrackerLog } from '../log.ts';
import type { LoginLimiter } from '../login-limiter.ts';
import type { Passwords } from '../password-hash.ts';
import type { Presence } from '../presence.ts';
import type { RateLimiter } from '../rate-limiter.ts';
import type { Authority } from './authority.ts';
import type { Callbacks } from './callbacks.ts';
import type { JoinDesk } from './join-desk.ts';
import type { Sessions } from './sessions.ts';

export interface ServiceParts {
  /** For reading; changes go through `authority`. */
  readonly ledger: Ledger;
  readonly authority: Authority;
  readonly presence: Presence;
  readonly sessions: Sessions;
  readonly callbacks: Callbacks;
  readonly joinDesk: JoinDesk;
  readonly passwords: Passwords;
  /** Signs stamps. */
  readonly identity: Identity;
  readonly logins: LoginLimiter;
  readonly announces: RateLimiter;
  /** By address, see `sourceOf`. */
  readonly resumes: RateLimiter;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: TrackerLimits;
  readonly log: TrackerLog;
}
