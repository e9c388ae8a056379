/** The sub-path `@minitorrent/tracker/testing`: cores of a tracker, for simulations that keep its time themselves. */
export { DEFAULT_LIMITS, type TrackerLimits } from './limits.ts';
export {
  type Announcement,
  type DeviceAddress,
  type Draw,
  Presence,
  type PresenceLimits,
} from './presence.ts';
export { createRateLimiter, type RateLimiter, type RateLimits } from './rate-limiter.ts';
